"""Whose audio it is, as far as known: a status, the record it speaks of, rival claims, the tracks heard."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from api.audit.findings import MatchFound, Stretch
from core.counted import whole

OwnershipStatus = Literal[
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
Objection = Literal["disputed", "revoked", "invalid"]
Record = Mapping[str, Any]
"""What a record says today (`api.registry.summary.known`): `verified`, and `problem` where it does not."""


@dataclass(frozen=True)
class Claim:
    """A record that claims the audio, and how old the claim is.

    Attributes:
        record_id: of the record.
        owners: names of those who claim it.
        log_index: place of the registration in the log, which is proven.
        logged_at: when the log wrote it down, by its own clock.
        witnessed_at: by when somebody independent had seen it, in POSIX seconds.
    """

    record_id: str
    owners: tuple[str, ...]
    log_index: int
    logged_at: str | None
    witnessed_at: int | None

    @classmethod
    def of(cls, record_id: str, record: Record) -> "Claim":
        """The claim of a record."""
        return cls(
            record_id=record_id,
            owners=tuple(dict.fromkeys(owner["name"] for owner in record["owners"])),
            log_index=record.get("first_index", record["leaf_index"]),
            logged_at=record.get("logged_at"),
            witnessed_at=record.get("witnessed_at"),
        )

    def when(self) -> str:
        """The place in the log is proven; its clock is the log's own unless somebody else has told a time."""
        text = f"entry {self.log_index} of the log"
        if self.logged_at is not None:
            text += f", written {_utc(datetime.fromisoformat(self.logged_at))} by the log's own clock"
        if self.witnessed_at is not None:
            seen = datetime.fromtimestamp(self.witnessed_at, UTC)
            text += f", seen by a third party no later than {_utc(seen)}"
        return text


def _utc(moment: datetime) -> str:
    """A moment as a sentence tells it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


@dataclass(frozen=True)
class TrackHeard:
    """A registered track in the audio.

    Attributes:
        record_id: of the track.
        title: that its record gives it; None where that does not verify.
        owners: names, as its record has them; none where that does not verify.
        stretches: where in the audio it is heard.
        where: the same in words.
        offset_s: where the audio's first sample lies in the track.
        speed: how much faster the audio plays.
        of_others: whether it belongs to others than those whom the statement is about.
        objection: what keeps its record from being relied on, where the statement does not speak of it.
        declares_ai: whether its record verifies and declares AI.
    """

    record_id: str
    title: str | None
    owners: tuple[str, ...]
    stretches: tuple[Stretch, ...]
    where: str
    offset_s: float
    speed: float
    of_others: bool = False
    objection: Objection | None = None
    declares_ai: bool = False

    @classmethod
    def of(cls, match: MatchFound, record: Record) -> "TrackHeard":
        """A match, with what its record says; nothing of what one claims that does not verify."""
        verified = bool(record.get("verified"))
        return cls(
            record_id=match.record_id,
            title=record["title"] if verified else None,
            owners=tuple(sorted({str(owner["name"]) for owner in record["owners"]})) if verified else (),
            stretches=match.stretches,
            where=places((s.start_s, s.end_s) for s in match.stretches),
            offset_s=match.offset_s,
            speed=match.speed,
            objection=_objection(record),
            declares_ai=declares_ai(record),
        )


@dataclass(frozen=True)
class MarkBeside:
    """A mark that names another record than the statement, and whose audio is not recognised as that one's.

    Attributes:
        message: 16 hex digits, the record that it names.
        record_known: whether the registry has that record.
        where: in the audio, in words.
    """

    message: str
    record_known: bool
    where: str


@dataclass(frozen=True)
class Ownership:
    """What watermark, record and fingerprint say together.

    Attributes:
        status: see `api.audit.ownership.judge` for the rule behind each value.
        record_id: the record that the status speaks of, or None.
        text: the same in one plain sentence.
        record: title, owners, AI declaration and whether signature and log proof verify.
        claims: where several parties claim the audio, their records in log order, the earliest first.
        tracks: every registered track in the audio, as it is heard, each with its stretches.
        marks: further marks in the audio that nothing confirms.
        unregistered_s: seconds of the audio in no registered track that is heard; None where none is.
        undeclared_s: seconds of the audio in no track whose record declares AI; None where no record does.
    """

    status: OwnershipStatus
    text: str
    record_id: str | None = None
    record: Record | None = None
    claims: tuple[Claim, ...] = ()
    tracks: tuple[TrackHeard, ...] = ()
    marks: tuple[MarkBeside, ...] = ()
    unregistered_s: float | None = None
    undeclared_s: float | None = None

    @property
    def declares_ai(self) -> bool:
        """Whether a record that verifies says that a machine made some of this audio."""
        return declares_ai(self.record) or any(track.declares_ai for track in self.tracks)


def declares_ai(record: Record | None) -> bool:
    """Whether a record, as it was told, verifies and says that a machine made its audio, partly at least."""
    record = record or {}
    involvement = record.get("ai_involvement") or {}
    return bool(record.get("verified")) and involvement.get("overall") in ("All", "Partly")


def places(spans: Iterable[tuple[float, float]]) -> str:
    """From where to where, in words."""
    return ", ".join(f"{whole(start)}-{whole(end)} s" for start, end in spans)


def _objection(record: Record) -> Objection | None:
    if not record.get("verified"):
        return "invalid"
    status = record.get("status")
    return "revoked" if status == "revoked" else "disputed" if status == "disputed" else None


NOT_CHECKED = Ownership("not_checked", "Whose recording it is was not checked, or could not be.")
