"""What was heard in the sound: traces of a machine, and whose voice it is; estimates, never proof.

A field's name is its key in the JSON (`api.audit.json_form`); values are rounded as they are told.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from api.audit.findings import Scored, scored
from api.audit.json_form import number, plain, rounded, significant

if TYPE_CHECKING:
    from detector.music import MusicFinding
    from detector.voice import ArtistScore, VoiceFinding
    from detector.voice.finding import VoiceSegment

Verdict = Literal["synthetic", "no_trace", "uncertain"]
UNMEASURED = "the vocals could not be measured"
ConsentState = Literal["active", "unclear", "other-scope", "revoked", "expired", "none"]


@dataclass(frozen=True)
class Family:
    """A decoder architecture that could have left the traces, and its share among those looked at."""

    family: str
    share: float | None


@dataclass(frozen=True)
class Exhibit:
    """One piece of evidence: a sentence, and the numbers behind it."""

    kind: str
    text: str
    data: Mapping[str, Any]


@dataclass(frozen=True)
class Proposition:
    """One statement about the recording, judged apart from the others."""

    name: str
    text: str
    answer: str
    likelihood_ratio: float | None


@dataclass(frozen=True)
class Miss:
    """How often known generators leave no trace that is found, in one condition.

    Attributes:
        condition: in words.
        share: of their recordings, 0 to 1; None where it was not measured.
        count: of how many recordings; None where that is not known.
    """

    condition: str
    share: float | None
    count: int | None = None


@dataclass(frozen=True)
class MusicFound:
    """Whether traces of a neural decoder are in the sound (see `detector.music.finding.MusicFinding`).

    Without arguments: what is told of a check that gave no answer.
    """

    score: float | None = None
    likelihood_ratio: float | None = None
    p_value: float | None = None
    verdict: Verdict = "uncertain"
    generator: tuple[Family, ...] = ()
    evidence: tuple[Exhibit, ...] = ()
    segments: tuple[Scored, ...] = ()
    reason: str | None = None
    propositions: tuple[Proposition, ...] = ()
    misses: tuple[Miss, ...] = ()
    calibration: str = ""
    group: str = ""
    compared: int | None = None

    @classmethod
    def of(cls, found: "MusicFinding") -> "MusicFound":
        """The detector's finding."""
        return cls(
            score=number(found.score),
            likelihood_ratio=number(found.llr),
            p_value=significant(found.p_value),
            verdict=found.verdict,
            generator=tuple(Family(f.name, number(f.share)) for f in found.families),
            evidence=tuple(Exhibit(e.kind, e.text, plain(e.data)) for e in found.evidence),
            segments=scored(found.segments),
            reason=found.reason,
            propositions=tuple(
                Proposition(p.name, p.text, p.answer, number(p.llr)) for p in found.propositions
            ),
            misses=tuple(Miss(m.condition, number(m.share), m.count) for m in found.misses),
            calibration=found.calibration,
            group=found.group,
            compared=found.compared,
        )


@dataclass(frozen=True)
class ArtistHeard:
    """How the vocals compare with one enrolled artist.

    Attributes:
        consent: whether the artist consented to a copy of the voice, in the track's record or on file:
            `active`; `unclear`, active for one of this artist and those `alike` and not for all;
            `other-scope`, for another use or not everywhere; `revoked`; `expired`, not its term.
        consent_says: which consent that is, in words; None where there is none.
        suspected: whether the policy calls the voice a copy: the one threshold for all who read it.
        alike: other artists compared whose voice prints could be the same person's.
    """

    name: str
    similarity: float | None
    likelihood_ratio: float | None
    clone_score: float | None
    consent: ConsentState = "none"
    suspected: bool = False
    consent_says: str | None = None
    alike: tuple[str, ...] = ()

    @classmethod
    def of(cls, found: "ArtistScore") -> "ArtistHeard":
        """The detector's score for an artist."""
        return cls(
            found.name,
            number(found.similarity),
            number(found.llr),
            number(found.clone_score),
            alike=found.alike,
        )


@dataclass(frozen=True)
class VoiceStretch:
    """A part with vocals, at most 2 s, how synthetic they sound, and the ratio behind it (log10)."""

    start_s: float
    end_s: float
    score: float | None
    likelihood_ratio: float | None
    above_backing_db: float | None = None

    @classmethod
    def of(cls, found: "VoiceSegment") -> "VoiceStretch":
        """The detector's segment."""
        return cls(
            rounded(found.start_s, 3),
            rounded(found.end_s, 3),
            number(found.score),
            number(found.llr),
            number(found.above_backing_db, 1),
        )


@dataclass(frozen=True)
class ErrorRate:
    """How often clones of an artist are called, and at most how often genuine recordings, in a condition.

    Attributes:
        condition: in words.
        clones_called: share of clones, 0 to 1.
        genuine_called_at_most: upper bound of the share of genuine recordings.
        clones: how many clones were tried.
        genuine: how many genuine recordings.
    """

    condition: str
    clones_called: float | None
    genuine_called_at_most: float | None
    clones: int
    genuine: int


@dataclass(frozen=True)
class VoiceFound:
    """Vocals, how synthetic they are and whose they resemble (see `detector.voice.finding.VoiceFinding`).

    Without arguments: what is told of a check that gave no answer.

    Attributes:
        error_rates: of the comparison with artists, measured in conditions like the recording's.
        left_out: why artists could not be compared, one sentence each.
    """

    has_voice: bool | None = None
    synthetic_score: float | None = None
    artists: tuple[ArtistHeard, ...] = ()
    segments: tuple[VoiceStretch, ...] = ()
    reason: str | None = None
    error_rates: tuple[ErrorRate, ...] = ()
    left_out: tuple[str, ...] = ()

    @classmethod
    def of(cls, found: "VoiceFinding") -> "VoiceFound":
        """The detector's finding."""
        return cls(
            has_voice=found.has_voice,
            synthetic_score=number(found.synthetic_score),
            artists=tuple(ArtistHeard.of(artist) for artist in found.artists),
            segments=tuple(map(VoiceStretch.of, found.segments)),
            error_rates=tuple(
                ErrorRate(
                    r.condition,
                    number(r.clones_called),
                    number(r.genuine_called_at_most),
                    r.clones,
                    r.genuine,
                )
                for r in found.error_rates
            ),
            reason="; ".join([*filter(None, [found.reason]), *found.left_out]) or None,
            left_out=tuple(found.left_out),
        )
