"""Whose the recording is: parties, contributions, shares of rights, and consents to a voice."""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from core.errors import RecordError
from provenance.records import identifiers, shape_checks
from provenance.records.involvement import LEVELS

RIGHTS = ("master", "publishing", "performance", "neighbouring")
WHOLE_PPM = 1_000_000
WORLD = "WORLD"


@dataclass(frozen=True)
class Party:
    """A person or organisation; `ref` is its name inside this record."""

    ref: str
    name: str
    kind: str
    isni: str | None = None
    ipi: str | None = None
    dpid: str | None = None

    def __post_init__(self) -> None:
        shape_checks.text(self.ref, "party ref", limit=100)
        shape_checks.text(self.name, "party name")
        shape_checks.one_of(self.kind, "party kind", ("person", "org"))
        if self.isni is not None:
            shape_checks.identifier(self.isni, "isni", identifiers.isni)
        if self.ipi is not None:
            shape_checks.identifier(self.ipi, "ipi", identifiers.ipi)
        if self.dpid is not None:
            shape_checks.identifier(self.dpid, "dpid", identifiers.dpid)


@dataclass(frozen=True)
class Contribution:
    """What a party did (`role`: a DDEX contributor role such as MainArtist) and how much of it AI did."""

    party: str
    role: str
    ai_contribution: str | None = None

    def __post_init__(self) -> None:
        shape_checks.text(self.party, "contribution party", limit=100)
        if not isinstance(self.role, str) or not re.fullmatch(r"[A-Z][A-Za-z]{1,59}", self.role):
            raise RecordError("contribution role must be a DDEX role such as MainArtist")
        if self.ai_contribution is not None:
            shape_checks.one_of(self.ai_contribution, "ai_contribution", LEVELS)


@dataclass(frozen=True)
class RightShare:
    """A party's share of one right in some territories for some time.

    `share_ppm` counts millionths. `territories` holds ISO 3166-1 alpha-2 codes, or `WORLD` alone, which
    covers every territory that no other row of the same right names.
    """

    right: str
    party: str
    share_ppm: int
    territories: tuple[str, ...] = (WORLD,)
    valid_from: str | None = None
    valid_to: str | None = None
    source_doc_sha256: str | None = None

    def __post_init__(self) -> None:
        shape_checks.one_of(self.right, "right", RIGHTS)
        shape_checks.text(self.party, "right party", limit=100)
        shape_checks.whole(self.share_ppm, "share_ppm", 1, WHOLE_PPM)
        shape_checks.count(self.territories, "territories", limit=300)
        shape_checks.distinct(self.territories, "territories")
        if not self.territories:
            raise RecordError("territories is empty; write WORLD for everywhere")
        for territory in self.territories:
            if territory != WORLD and not re.fullmatch(r"[A-Z]{2}", territory):
                raise RecordError(f"territory {territory!r} is neither WORLD nor an ISO 3166 code")
        if WORLD in self.territories and len(self.territories) > 1:
            raise RecordError("territories names WORLD and others; use one row for each")
        shape_checks.period(self.valid_from, self.valid_to, "right")
        if self.source_doc_sha256 is not None:
            shape_checks.hex_digits(self.source_doc_sha256, "source_doc_sha256", 64)


@dataclass(frozen=True)
class VoiceConsent:
    """An artist's licence to use the voice. An authorised and an unauthorised clone sound alike:
    only this tells them apart."""

    artist: str
    scope: str
    licence_id: str
    evidence_sha256: str
    valid_from: str
    valid_to: str | None = None
    revoked_at: str | None = None

    def __post_init__(self) -> None:
        shape_checks.text(self.artist, "consent artist", limit=100)
        shape_checks.text(self.scope, "consent scope")
        shape_checks.text(self.licence_id, "consent licence_id", limit=200)
        shape_checks.hex_digits(self.evidence_sha256, "consent evidence_sha256", 64)
        shape_checks.time(self.valid_from, "consent valid_from")
        shape_checks.period(self.valid_from, self.valid_to, "consent")
        if self.revoked_at is not None:
            shape_checks.time(self.revoked_at, "consent revoked_at")


def check_shares(shares: Iterable[RightShare]) -> None:
    """Check that the shares of every right in every territory make a whole at every time.

    Time is cut at every start and end; in each piece the shares in force must sum to 1,000,000 or to
    nothing at all (nobody claims that time).

    Raises:
        RecordError: too much or too little is claimed; the message names right, territory and time.
    """
    groups: dict[tuple[str, str], list[RightShare]] = defaultdict(list)
    for share in shares:
        for territory in share.territories:
            groups[share.right, territory].append(share)
    for (right, territory), rows in sorted(groups.items()):
        # Times compare as instants, not as text: "00:00:00Z" and "00:00:00.0Z" are one.
        cuts = {_start(row) for row in rows} | {_end(row) for row in rows}
        for cut in sorted(cuts):
            total = sum(row.share_ppm for row in rows if _start(row) <= cut < _end(row))
            if total not in (0, WHOLE_PPM):
                raise RecordError(
                    f"the {right} shares in {territory} sum to {total} millionths instead of {WHOLE_PPM}"
                )


def _start(row: RightShare) -> float:
    if row.valid_from is None:
        return float("-inf")
    return shape_checks.parse_time(row.valid_from, "valid_from").timestamp()


def _end(row: RightShare) -> float:
    if row.valid_to is None:
        return float("inf")
    return shape_checks.parse_time(row.valid_to, "valid_to").timestamp()
