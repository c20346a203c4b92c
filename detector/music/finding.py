"""What the music detector says about a recording."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from core.clip import Segment
from detector.music.misses import Miss

Verdict = Literal["synthetic", "no_trace", "uncertain"]
Answer = Literal["supported", "not_supported", "open", "not_measured"]


@dataclass(frozen=True)
class Family:
    """A decoder architecture that could have left the traces.

    Attributes:
        name: of the architecture and systems known to use it.
        share: posterior weight among the architectures looked at, 0 to 1; not a probability of guilt.
    """

    name: str
    share: float


@dataclass(frozen=True)
class Evidence:
    """One exhibit.

    Attributes:
        kind: `comb`, `lines`, `speed`, `stationarity`, `band`, `looks` or `adapter`.
        text: a sentence for a person.
        data: the numbers behind it, JSON-compatible.
    """

    kind: str
    text: str
    data: Mapping[str, Any]


@dataclass(frozen=True)
class Proposition:
    """One statement about the recording, judged apart from the others.

    Attributes:
        name: `P1` a neural decoder rendered sound in it; `P1-part` it did so in some stretches only; `P2` the
            whole recording was generated; `C` a machine wrote and performed the notes.
        text: the statement and what was found, for a person.
        answer: what the evidence says.
        llr: log10 likelihood ratio of the statement; None where none was ever calibrated.
    """

    name: str
    text: str
    answer: Answer
    llr: float | None


@dataclass(frozen=True)
class Reservations:
    """What keeps scores from deciding on a recording, whoever gave them.

    Attributes:
        clear: a known comb stands out, so that nothing can call the recording free of traces.
        separator: the comb fits a network that processes human recordings.
        objection: what else explains the comb (see `guards`); None for nothing known.
    """

    clear: bool = False
    separator: bool = False
    objection: str | None = None


@dataclass(frozen=True)
class MusicFinding:
    """Whether the music was rendered by a neural decoder, and what speaks for it.

    The score's proposition is "this recording went through a neural decoder", the last stage of every audio
    generator and also of neural codecs and voice converters. It says nothing on who composed the music.

    Attributes:
        score: calibrated probability at prior one half, 0 to 1; None where nothing could be measured.
        llr: log10 likelihood ratio, synthetic over human; None likewise.
        p_value: share of the human recordings of its group that look at least as synthetic; None likewise.
        verdict: `synthetic`; `no_trace`, which says nothing of who made the recording; `uncertain` where the
            evidence does not decide, with `reason`.
        families: likely decoder architectures, most likely first; empty without a comb.
        evidence: exhibits, strongest first.
        segments: score per stretch of about five seconds.
        reason: why the verdict is `uncertain`; None otherwise.
        propositions: statements that must not be mixed up, each with its own answer.
        calibration: which weights and which human recordings the numbers rest on.
        misses: how often known generators leave no trace that is found in such a recording.
        group: human recordings that the p-value compares with, such as `wide/short`; empty for all of them.
        compared: how many human recordings that are; None where nothing could be measured.
        held: what kept the scores from deciding, and keeps an adapter's.
    """

    score: float | None
    llr: float | None
    p_value: float | None
    verdict: Verdict
    families: tuple[Family, ...]
    evidence: tuple[Evidence, ...]
    segments: tuple[Segment, ...]
    reason: str | None
    propositions: tuple[Proposition, ...] = ()
    calibration: str = ""
    group: str = ""
    misses: tuple[Miss, ...] = ()
    held: Reservations = Reservations()
    compared: int | None = None
