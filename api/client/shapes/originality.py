"""What an audit found: originality.

Made by `python -m lab.client` from the server's OpenAPI document: not to be edited.
"""

from __future__ import annotations

from typing import NotRequired, TypedDict


class Dimension(TypedDict):
    """One dimension of the audio, and the registered tracks that are nearest in it.

    Attributes:
        measurable: whether it could be measured in the audio
        reason: why not
        nearest: nearest first; none where it could be measured in no other track
    """

    measurable: NotRequired[bool]
    reason: NotRequired[str | None]
    nearest: NotRequired[list[NearTrack]]


class NearTrack(TypedDict):
    """A registered track that is near in one dimension; music of one style is, so that it proves nothing.

    Attributes:
        distance: in this dimension; distances of two dimensions are not comparable
        closer_than: share of pairs of unrelated human-made recordings that lie farther apart, 0 to 1
        by_chance: as many tracks so near are to be expected among as many unrelated human-made recordings
        start_s: where in the audio they are most alike, in seconds; None for structure, as of the whole
        end_s: where that ends
        other_start_s: where in the registered track they are
        other_end_s: where that ends
        semitones: by how much the registered track lies higher; of melody only
        tempo: how much faster it plays; of melody only
        record_id: of the track
        title: that its record gives it; None where the record does not verify
    """

    distance: float
    closer_than: float | None
    by_chance: float | None
    start_s: float | None
    end_s: float | None
    other_start_s: float | None
    other_end_s: float | None
    semitones: int | None
    tempo: float | None
    record_id: str
    title: str | None


class OriginalityFound(TypedDict):
    """How near the audio comes to registered tracks of the tenant; never called copying.

    Attributes:
        heard_s: how much of the audio was heard, in seconds; None where it was not
        compared_with: how many registered tracks it was compared with
        left_out: how many more are registered, of which no sketch is kept, or none that could be compared
        same: records of which a part is in the audio itself, as fingerprint or mark say; not compared with
        recordings: of how many human-made recordings the percentiles are
        melody: what is sung or played, in whatever key and tempo
        rhythm: when sounds begin
        timbre: how it sounds
        structure: which parts of it are alike
        reason: why there is no answer
    """

    heard_s: NotRequired[float | None]
    compared_with: NotRequired[int]
    left_out: NotRequired[int]
    same: NotRequired[list[str]]
    recordings: NotRequired[int | None]
    melody: NotRequired[Dimension]
    rhythm: NotRequired[Dimension]
    timbre: NotRequired[Dimension]
    structure: NotRequired[Dimension]
    reason: NotRequired[str | None]
