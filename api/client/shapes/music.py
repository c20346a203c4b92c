"""What an audit found: music.

Made by `python -m lab.client` from the server's OpenAPI document: not to be edited.
"""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

from .shared import Scored


class Exhibit(TypedDict):
    """One piece of evidence: a sentence, and the numbers behind it."""

    kind: str
    text: str
    data: dict[str, Any]


class Family(TypedDict):
    """A decoder architecture that could have left the traces, and its share among those looked at."""

    family: str
    share: float | None


class Miss(TypedDict):
    """How often known generators leave no trace that is found, in one condition.

    Attributes:
        condition: in words
        share: of their recordings, 0 to 1; None where it was not measured
        count: of how many recordings; None where that is not known
    """

    condition: str
    share: float | None
    count: NotRequired[int | None]


class MusicFound(TypedDict):
    """Whether traces of a neural decoder are in the sound (see `detector.music.finding.MusicFinding`)."""

    score: NotRequired[float | None]
    likelihood_ratio: NotRequired[float | None]
    p_value: NotRequired[float | None]
    verdict: NotRequired[Literal["synthetic", "no_trace", "uncertain"]]
    generator: NotRequired[list[Family]]
    evidence: NotRequired[list[Exhibit]]
    segments: NotRequired[list[Scored]]
    reason: NotRequired[str | None]
    propositions: NotRequired[list[Proposition]]
    misses: NotRequired[list[Miss]]
    calibration: NotRequired[str]
    group: NotRequired[str]
    compared: NotRequired[int | None]


class Proposition(TypedDict):
    """One statement about the recording, judged apart from the others."""

    name: str
    text: str
    answer: str
    likelihood_ratio: float | None
