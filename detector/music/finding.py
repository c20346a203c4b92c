"""What the music detector says about a recording."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from core.clip import Segment

Verdict = Literal["synthetic", "bona_fide", "uncertain"]


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
        kind: `comb`, `speed`, `stationarity` or `band`.
        text: a sentence for a person.
        data: the numbers behind it, JSON-compatible.
    """

    kind: str
    text: str
    data: Mapping[str, Any]


@dataclass(frozen=True)
class MusicFinding:
    """Whether the music was rendered by a neural decoder, and what speaks for it.

    The proposition is "this recording went through a neural decoder", the last stage of every audio generator
    and also of neural codecs and voice converters. It says nothing on who composed the music.

    Attributes:
        score: calibrated probability at prior one half, 0 to 1; None where nothing could be measured.
        llr: log10 likelihood ratio, synthetic over bona fide; None likewise.
        p_value: share of human recordings that look at least as synthetic; None likewise.
        verdict: `uncertain` where the evidence does not decide, with `reason`.
        families: likely decoder architectures, most likely first; empty without a comb.
        evidence: exhibits, strongest first.
        segments: score per stretch of about five seconds.
        reason: why the verdict is `uncertain`; None otherwise.
    """

    score: float | None
    llr: float | None
    p_value: float | None
    verdict: Verdict
    families: tuple[Family, ...]
    evidence: tuple[Evidence, ...]
    segments: tuple[Segment, ...]
    reason: str | None
