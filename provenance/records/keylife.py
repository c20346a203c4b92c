"""The life of a key, and whether a signature falls into it.

A thief can write any date into what he signs. So a signature by a key that was compromised is judged by the
earliest time at which somebody other than its signer saw it: a witness's clock, or the order of the log.
What was seen before the theft stays valid; everything else by that key does not.
"""

from dataclasses import dataclass

from core.errors import KeyFileError, RecordError, SignatureError
from provenance.records import shape_checks

VALID = "valid"
BEFORE_COMPROMISE = "valid_before_compromise"
UNDATED = "valid_undated"
CLOCK_SKEW_S = 300


@dataclass(frozen=True)
class Seen:
    """When and where something was first seen by somebody other than its signer.

    Attributes:
        time_s: earliest POSIX time in seconds at which a witness or a time-stamp authority saw it; None
            without one.
        index: its place in the log; None where no log proof was given.
    """

    time_s: int | None = None
    index: int | None = None


@dataclass(frozen=True)
class KeyLife:
    """From when to when a key may be believed; a key without one is valid without limit.

    Attributes:
        keyid: SHA-256 of the key's DER SubjectPublicKeyInfo, 64 hex digits; of log keys too.
        not_before: when it was made.
        not_after: when it was retired in good order (rotation).
        revoked_at: when its owner declared it void.
        compromised_since: the earliest moment at which somebody else may have had it.
        log_size: how many entries the log had when the key ended, or when it was compromised, if earlier.
        reason: in words.
    """

    keyid: str
    not_before: str | None = None
    not_after: str | None = None
    revoked_at: str | None = None
    compromised_since: str | None = None
    log_size: int | None = None
    reason: str | None = None

    def __post_init__(self) -> None:
        try:
            shape_checks.hex_digits(self.keyid, "keyid of a key life", 64)
            for name in ("not_before", "not_after", "revoked_at", "compromised_since"):
                value = getattr(self, name)
                if value is not None:
                    shape_checks.time(value, f"{name} of key {self.keyid[:16]}")
            if self.log_size is not None:
                shape_checks.whole(self.log_size, "log_size of a key life", 0, 1 << 62)
            if self.reason is not None:
                shape_checks.text(self.reason, "reason of a key life")
        except RecordError as error:
            raise KeyFileError(str(error)) from error

    @property
    def ended(self) -> bool:
        """Whether the key signs no more."""
        return any((self.not_after, self.revoked_at, self.compromised_since))


def judge(life: KeyLife, seen: Seen) -> str:
    """Whether a good signature by a key counts.

    A compromised or revoked key needs proof that the signature is older. A key that was only retired was
    never in other hands, so where nothing contradicts, its owner's own date is believed.

    Returns:
        `valid`; `valid_before_compromise`; or `valid_undated`: by a retired key, and nothing tells when.

    Raises:
        SignatureError: first seen outside the key's life, or, for a compromised or revoked key, never shown
            to have been seen inside it.
    """
    name = f"key {life.keyid[:16]}"
    if life.not_before is not None and seen.time_s is not None:
        start = _seconds(life.not_before)
        if seen.time_s < start - CLOCK_SKEW_S:
            raise SignatureError(f"{name} did not exist before {life.not_before}")
    before = _before_its_end(life, seen)
    if life.compromised_since is not None:
        if before:
            return BEFORE_COMPROMISE
        raise SignatureError(
            f"{name} was compromised since {life.compromised_since}, and nobody independent saw the "
            "signature before that; ask the signer for one by another key"
        )
    if life.revoked_at is not None and not before:
        raise SignatureError(
            f"{name} was revoked at {life.revoked_at}, and nobody saw the signature before that"
        )
    if life.revoked_at is None and life.not_after is not None and not before:
        if seen.time_s is None and (seen.index is None or life.log_size is None):
            return UNDATED
        raise SignatureError(f"{name} was retired at {life.not_after}, before the signature was first seen")
    return VALID


def _before_its_end(life: KeyLife, seen: Seen) -> bool:
    """Whether it was seen before the key ended: by the clock of a third party, or by its place in the log.

    A key that ended twice, retired and later revoked, ended the first time.
    """
    if seen.index is not None and life.log_size is not None and seen.index < life.log_size:
        return True
    ends = [_seconds(end) for end in (life.not_after, life.revoked_at, life.compromised_since) if end]
    return seen.time_s is not None and bool(ends) and seen.time_s < min(ends)


def _seconds(moment: str) -> float:
    return shape_checks.parse_time(moment, "time of a key life").timestamp()
