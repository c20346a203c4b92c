"""What a comparison found: the stretches that both files share, and what is known of each file.

A field's name is its key in the JSON, as in `api.audit.findings`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

from api.audit.findings import MatchFound, Stretch
from api.audit.json_form import Json, as_json, rounded, significant

if TYPE_CHECKING:
    from api.audit.result import AuditResult
    from provenance.fingerprint import Found

Role = Literal["original", "suspect"]
ROLES: tuple[Role, ...] = get_args(Role)
_TOLD = (
    "file",
    "sha256",
    "duration_s",
    "media",
    "watermark",
    "credentials",
    "fingerprint",
    "ownership",
    "checks",
    "warnings",
)
"""What is told of each file: of its audit, what speaks of its provenance."""


@dataclass(frozen=True)
class Shared:
    """A stretch of the suspect in which a part of the original is heard.

    Attributes:
        start_s: where it begins in the suspect, in seconds; to about one, as are the others.
        end_s: where it ends there.
        original_start_s: where it begins in the original.
        original_end_s: where it ends there.
        speed: how much faster the suspect plays (1.05: five per cent).
        pitch_semitones: how much higher.
        p_value: chance of as many agreeing moments in unrelated music; None where it was not kept.
    """

    start_s: float
    end_s: float
    original_start_s: float
    original_end_s: float
    speed: float
    pitch_semitones: float
    p_value: float | None = None

    @classmethod
    def of(cls, part: Stretch, p_value: float | None) -> "Shared":
        """A stretch of a match."""
        return cls(
            start_s=part.start_s,
            end_s=part.end_s,
            original_start_s=part.track_start_s,
            original_end_s=rounded(part.track_start_s + part.speed * (part.end_s - part.start_s), 3),
            speed=part.speed,
            pitch_semitones=part.pitch_semitones,
            p_value=p_value,
        )


@dataclass(frozen=True)
class Alignment:
    """Where the original is heard in the suspect.

    Attributes:
        outcome: `done`, or `inconclusive` where one of the files has nothing to compare.
        reason: why it is inconclusive.
        score: share of the suspect, in half seconds, that holds a consistent hit, 0 to 1.
        stretches: in the order of the suspect; none where nothing was found.
    """

    outcome: Literal["done", "inconclusive"]
    reason: str | None = None
    score: float = 0.0
    stretches: tuple[Shared, ...] = ()

    @classmethod
    def of(cls, found: "Found | None") -> "Alignment":
        """An alignment of two fingerprints."""
        if found is None:
            return cls("done")
        stretches = tuple(Shared.of(Stretch.of(one), significant(one.p_value)) for one in found.heard)
        return cls("done", None, rounded(found.score), stretches)

    @classmethod
    def of_track(cls, match: MatchFound) -> "Alignment":
        """The same of a registered track that an audit has found."""
        stretches = tuple(Shared.of(one, match.p_value) for one in match.stretches)
        return cls("done", None, match.score, stretches)


@dataclass(frozen=True)
class Comparison:
    """Everything that one comparison found.

    Attributes:
        original: what is known of the original.
        suspect: what is known of the suspected copy.
        same_bytes: whether they are the same file, byte for byte.
        alignment: where the original is heard in the suspect.
        elapsed_s: how long it took; the only field that two runs may differ in.
    """

    original: Mapping[str, Any]
    suspect: Mapping[str, Any]
    same_bytes: bool
    alignment: Alignment
    elapsed_s: float

    def to_dict(self) -> Json:
        """Return the JSON object of `trackmark compare --json`."""
        return {**as_json(self), "elapsed_s": rounded(self.elapsed_s, 3)}


def side(result: "AuditResult") -> Json:
    """What is told of one of the files."""
    told = result.to_dict()
    return {name: told[name] for name in _TOLD}
