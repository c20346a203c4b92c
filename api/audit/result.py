"""The whole of an audit, and the one place that writes its JSON (`trackmark audit --json`, API, report)."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

from api.audit.asked import NAMES
from api.audit.claims import NOT_CHECKED, Ownership
from api.audit.decision import Decision
from api.audit.findings import CredentialsFound, MatchFound, Media, NotRun, Outcome, WatermarkFound
from api.audit.heard import MusicFound, VoiceFound
from api.audit.json_form import Json, as_json, rounded
from api.audit.near import OriginalityFound

if TYPE_CHECKING:
    from core.clip import Clip

Found = TypeVar("Found")
Matches = tuple[MatchFound, ...]


@dataclass(frozen=True)
class Findings:
    """What each check found, or why it gave no answer, and whose the audio is."""

    media: Media
    watermark: WatermarkFound | NotRun[WatermarkFound]
    credentials: CredentialsFound | NotRun[CredentialsFound]
    fingerprint: Matches | NotRun[Matches]
    music: MusicFound | NotRun[MusicFound]
    voice: VoiceFound | NotRun[VoiceFound]
    originality: OriginalityFound | NotRun[OriginalityFound]
    ownership: Ownership = NOT_CHECKED

    @property
    def answers(self) -> Mapping[str, Any]:
        """What each check said, by its name."""
        return {name: getattr(self, name) for name in NAMES}

    @property
    def open(self) -> Mapping[str, NotRun[Any]]:
        """The checks that were asked and gave no answer, by name."""
        gave_none = ((name, said) for name, said in self.answers.items() if isinstance(said, NotRun))
        return {name: said for name, said in gave_none if said.outcome != "skipped"}

    @property
    def mark(self) -> WatermarkFound:
        """The mark; an absent one where the check gave no answer."""
        return told(self.watermark, WatermarkFound())

    @property
    def matches(self) -> Matches:
        """The registered tracks that were found, even where the comparison could not be finished."""
        return told(self.fingerprint, ())

    @property
    def named(self) -> tuple[str, ...]:
        """Every record id that some check named, once, in a fixed order."""
        credentials = told(self.credentials, CredentialsFound())
        ids = (*self.heard, credentials.record_id)
        return tuple(dict.fromkeys(i for i in ids if i))

    @property
    def heard(self) -> tuple[str | None, ...]:
        """What mark and sound name: the ids of records, with repetitions."""
        marks = (self.mark.message, *(one.message for one in self.mark.messages))
        return (*marks, *(match.record_id for match in self.matches))

    def checks(self) -> dict[str, Outcome]:
        """What became of each check."""
        return {n: said.outcome if isinstance(said, NotRun) else "done" for n, said in self.answers.items()}

    def to_dict(self) -> Json:
        """Return the JSON form; of a check that gave no answer what was found all the same, or a blank."""
        return {
            "media": as_json(self.media),
            "watermark": as_json(self.mark),
            "credentials": as_json(told(self.credentials, CredentialsFound())),
            "fingerprint": as_json(self.matches),
            "ai": as_json(told(self.music, MusicFound(reason=_why(self.music)))),
            "voice": as_json(told(self.voice, VoiceFound(reason=_why(self.voice)))),
            "originality": as_json(_asked(self.originality)),
            "ownership": as_json(self.ownership),
        }


def told(said: Found | NotRun[Found], blank: Found) -> Found:
    """What a check found, or the blank where it found nothing."""
    if not isinstance(said, NotRun):
        return said
    return blank if said.found is None else said.found


def _asked(said: OriginalityFound | NotRun[OriginalityFound]) -> OriginalityFound | None:
    """What an optional check found, with the reason where that is no answer; None where nobody asked it."""
    if not isinstance(said, NotRun):
        return said
    if said.outcome == "skipped":
        return None
    return replace(said.found or OriginalityFound(), reason=said.told)


def _why(said: object) -> str | None:
    return said.told if isinstance(said, NotRun) else None


@dataclass(frozen=True)
class AuditResult:
    """Everything one audit found about one file.

    Attributes:
        file: name as given by the caller.
        sha256: digest of the file's bytes, hex.
        duration_s: decoded length.
        elapsed_s: how long the audit took; the only field that two runs may differ in.
        report: where the signed report lies, if one was written.
        clip: the decoded audio, for the picture of a report; never part of the JSON.
    """

    file: str
    sha256: str
    duration_s: float
    elapsed_s: float
    findings: Findings
    decision: Decision
    warnings: tuple[str, ...] = ()
    report: str | None = None
    clip: "Clip | None" = field(default=None, repr=False, compare=False)

    def to_dict(self) -> Json:
        """Return the JSON object of `trackmark audit --json`."""
        return {
            "file": self.file,
            "sha256": self.sha256,
            "duration_s": rounded(self.duration_s, 3),
            "elapsed_s": rounded(self.elapsed_s, 3),
            **self.findings.to_dict(),
            "decision": as_json(self.decision),
            "checks": self.findings.checks(),
            "report": self.report,
            "warnings": list(self.warnings),
        }
