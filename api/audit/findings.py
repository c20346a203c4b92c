"""What an audit found: one frozen value per question, and its JSON.

The keys are a contract (see `docs/architecture.md`): they may gain siblings, they are never
renamed or dropped. Numbers that could not be measured are `None`, never 0.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from core.clip import Clip

Json = dict[str, Any]

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
Outcome = Literal["done", "inconclusive", "failed", "skipped"]
Action = Literal["accept", "review", "reject"]


class SegmentLike(Protocol):
    """A stretch of time with a score."""

    @property
    def start_s(self) -> float:
        """Start in seconds."""
        ...

    @property
    def end_s(self) -> float:
        """End in seconds."""
        ...

    @property
    def score(self) -> float:
        """Higher: more of what was looked for."""
        ...


def number(value: float | None, digits: int = 6) -> float | None:
    """A float that JSON can carry: rounded, and `None` for anything that is not finite."""
    if value is None or not math.isfinite(value):
        return None
    return round(float(value), digits) + 0.0  # no -0.0


def significant(value: float | None) -> float | None:
    """A probability that may be tiny: six significant digits rather than six decimals."""
    if value is None or not math.isfinite(value):
        return None
    return float(f"{float(value):.6g}")


def score_text(score: float) -> str:
    """A score for people: no score is ever shown as certainty."""
    if score >= 0.995:
        return "above 0.99"
    return "below 0.01" if score < 0.005 else f"{score:.2f}"


def time_text(seconds: float) -> str:
    """A moment for people, to a tenth of a second."""
    return f"{round(seconds, 1) + 0.0:.1f} s"


def segments_json(segments: Sequence[SegmentLike]) -> list[Json]:
    """Segments as `[{"start_s", "end_s", "score"}]`."""
    return [
        {"start_s": number(s.start_s, 3), "end_s": number(s.end_s, 3), "score": number(s.score)}
        for s in segments
    ]


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
    """

    status: OwnershipStatus
    text: str
    record_id: str | None = None
    record: Mapping[str, Any] | None = None
    claims: tuple[Mapping[str, Any], ...] = ()
    tracks: tuple[Mapping[str, Any], ...] = ()

    def to_dict(self) -> Json:
        """Return the JSON form."""
        return {
            "status": self.status,
            "record_id": self.record_id,
            "text": self.text,
            "record": None if self.record is None else dict(self.record),
            "claims": [dict(claim) for claim in self.claims],
            "tracks": [dict(track) for track in self.tracks],
        }


@dataclass(frozen=True)
class Fired:
    """A policy rule that applied."""

    rule: str
    action: Action
    text: str
    source: str | None = None

    def to_dict(self) -> Json:
        """Return the JSON form."""
        return {"rule": self.rule, "action": self.action, "text": self.text, "source": self.source}


@dataclass(frozen=True)
class Decision:
    """What the policy makes of the findings."""

    action: Action
    rules: tuple[Fired, ...]
    policy: str
    policy_sha256: str

    def to_dict(self) -> Json:
        """Return the JSON form."""
        return {
            "action": self.action,
            "rules": [rule.to_dict() for rule in self.rules],
            "policy": self.policy,
            "policy_sha256": self.policy_sha256,
        }


EMPTY_WATERMARK: Json = {
    "present": False,
    "p_value": None,
    "message": None,
    "speed": 1.0,
    "pitch_semitones": 0.0,
    "segments": [],
    "duration_s": None,
    "elapsed_s": None,
    "searched": None,
    "record_id": None,
}
EMPTY_CREDENTIALS: Json = {
    "present": False,
    "valid": False,
    "signature_valid": False,
    "content_bound": False,
    "trusted": False,
    "stamped_at": None,
    "stamp_trusted": False,
    "signer": None,
    "digital_source_type": None,
    "record_id": None,
    "record_known": None,
}
EMPTY_AI: Json = {
    "score": None,
    "likelihood_ratio": None,
    "p_value": None,
    "verdict": "uncertain",
    "generator": [],
    "evidence": [],
    "segments": [],
    "reason": None,
    "propositions": [],
    "misses": [],
    "calibration": "",
    "group": "",
}
EMPTY_VOICE: Json = {
    "has_voice": None,
    "synthetic_score": None,
    "artists": [],
    "segments": [],
    "reason": None,
}


@dataclass(frozen=True)
class AuditResult:
    """Everything one audit found about one file.

    Attributes:
        file: name as given by the caller.
        sha256: digest of the file's bytes, hex.
        duration_s: decoded length.
        elapsed_s: how long the audit took; the only field that two runs may differ in.
        media: size, container, codec, sample rate and channels as decoded.
        checks: stage name to what became of it.
        clip: the decoded audio, for the picture of a report; never part of the JSON.
    """

    file: str
    sha256: str
    duration_s: float
    elapsed_s: float
    media: Mapping[str, Any]
    watermark: Mapping[str, Any]
    credentials: Mapping[str, Any]
    fingerprint: tuple[Mapping[str, Any], ...]
    ai: Mapping[str, Any]
    voice: Mapping[str, Any]
    ownership: Ownership
    decision: Decision
    checks: Mapping[str, Outcome]
    warnings: tuple[str, ...] = ()
    report: str | None = None
    clip: "Clip | None" = field(default=None, repr=False, compare=False)

    def to_dict(self) -> Json:
        """Return the JSON object of `trackmark audit --json`."""
        return {
            "file": self.file,
            "sha256": self.sha256,
            "duration_s": number(self.duration_s, 3),
            "elapsed_s": number(self.elapsed_s, 3),
            "media": dict(self.media),
            "watermark": dict(self.watermark),
            "credentials": dict(self.credentials),
            "fingerprint": [dict(match) for match in self.fingerprint],
            "ai": dict(self.ai),
            "voice": dict(self.voice),
            "ownership": self.ownership.to_dict(),
            "decision": self.decision.to_dict(),
            "checks": dict(self.checks),
            "report": self.report,
            "warnings": list(self.warnings),
        }
