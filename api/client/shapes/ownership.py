"""What an audit found: ownership.

Made by `python -m lab.client` from the server's OpenAPI document: not to be edited.
"""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

from .shared import Stretch


class Claim(TypedDict):
    """A record that claims the audio, and how old the claim is.

    Attributes:
        record_id: of the record
        owners: names of those who claim it
        log_index: place of the registration in the log, which is proven
        logged_at: when the log wrote it down, by its own clock
        witnessed_at: by when somebody independent had seen it, in POSIX seconds
    """

    record_id: str
    owners: list[str]
    log_index: int
    logged_at: str | None
    witnessed_at: int | None


class MarkBeside(TypedDict):
    """A mark that names another record than the statement, and whose audio is not recognised as that one's.

    Attributes:
        message: 16 hex digits, the record that it names
        record_known: whether the registry has that record
        where: in the audio, in words
    """

    message: str
    record_known: bool
    where: str


class Ownership(TypedDict):
    """What watermark, record and fingerprint say together.

    Attributes:
        status: see `api.audit.ownership.judge` for the rule behind each value
        text: the same in one plain sentence
        record_id: the record that the status speaks of, or None
        record: title, owners, AI declaration and whether signature and log proof verify
        claims: where several parties claim the audio, their records in log order, the earliest first
        tracks: every registered track in the audio, as it is heard, each with its stretches
        marks: further marks in the audio that nothing confirms
        unregistered_s: seconds of the audio in no registered track that is heard; None where none is
        undeclared_s: seconds of the audio in no track whose record declares AI; None where no record does
    """

    status: Literal[
        "match",
        "disputed",
        "record_revoked",
        "transplant_suspected",
        "mark_removed_or_unmarked",
        "fingerprint_only",
        "mark_unconfirmed",
        "unknown_mark",
        "record_invalid",
        "credentials_only",
        "no_record",
        "not_checked",
    ]
    text: str
    record_id: NotRequired[str | None]
    record: NotRequired[dict[str, Any] | None]
    claims: NotRequired[list[Claim]]
    tracks: NotRequired[list[TrackHeard]]
    marks: NotRequired[list[MarkBeside]]
    unregistered_s: NotRequired[float | None]
    undeclared_s: NotRequired[float | None]


class TrackHeard(TypedDict):
    """A registered track in the audio.

    Attributes:
        record_id: of the track
        title: that its record gives it; None where that does not verify
        owners: names, as its record has them; none where that does not verify
        stretches: where in the audio it is heard
        where: the same in words
        offset_s: where the audio's first sample lies in the track
        speed: how much faster the audio plays
        of_others: whether it belongs to others than those whom the statement is about
        objection: what keeps its record from being relied on, where the statement does not speak of it
        declares_ai: whether its record verifies and declares AI
    """

    record_id: str
    title: str | None
    owners: list[str]
    stretches: list[Stretch]
    where: str
    offset_s: float
    speed: float
    of_others: NotRequired[bool]
    objection: NotRequired[Literal["disputed", "revoked", "invalid"] | None]
    declares_ai: NotRequired[bool]
