"""How near a track comes to others, in each dimension; never evidence of copying.

A field's name is its key in the JSON (`api.audit.json_form`); values are rounded as they are told.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

from api.audit.json_form import number, rounded

if TYPE_CHECKING:
    from detector.originality import Neighbour, Sketch

SHARE_DIGITS = 5


@dataclass(frozen=True, kw_only=True)
class Near:
    """Another track that is near in one dimension; what the fields mean says `NearTrack`."""

    distance: float
    closer_than: float | None
    by_chance: float | None
    start_s: float | None
    end_s: float | None
    other_start_s: float | None
    other_end_s: float | None
    semitones: int | None
    tempo: float | None

    @classmethod
    def of(cls, found: "Neighbour", **which: Any) -> Self:
        """A neighbour that was found; `which` are the fields that say which track it is."""
        at = found.place
        return cls(
            distance=rounded(found.distance),
            closer_than=number(found.closer_than, SHARE_DIGITS),
            by_chance=number(found.by_chance, 2),
            start_s=None if at is None else rounded(at.start_s, 1),
            end_s=None if at is None else rounded(at.end_s, 1),
            other_start_s=None if at is None else rounded(at.other_start_s, 1),
            other_end_s=None if at is None else rounded(at.other_end_s, 1),
            semitones=found.semitones,
            tempo=number(found.tempo, 2),
            **which,
        )


@dataclass(frozen=True, kw_only=True)
class NearTrack(Near):
    """A registered track that is near in one dimension; music of one style is, so that it proves nothing.

    Attributes:
        record_id: of the track.
        title: that its record gives it; None where the record does not verify.
        distance: in this dimension; distances of two dimensions are not comparable.
        closer_than: share of pairs of unrelated human-made recordings that lie farther apart, 0 to 1.
        by_chance: as many tracks so near are to be expected among as many unrelated human-made recordings.
        start_s: where in the audio they are most alike, in seconds; None for structure, as of the whole.
        end_s: where that ends.
        other_start_s: where in the registered track they are.
        other_end_s: where that ends.
        semitones: by how much the registered track lies higher; of melody only.
        tempo: how much faster it plays; of melody only.
    """

    record_id: str
    title: str | None


@dataclass(frozen=True)
class Dimension:
    """One dimension of the audio, and the registered tracks that are nearest in it.

    Attributes:
        measurable: whether it could be measured in the audio.
        reason: why not.
        nearest: nearest first; none where it could be measured in no other track.
    """

    measurable: bool = False
    reason: str | None = None
    nearest: tuple[NearTrack, ...] = ()


@dataclass(frozen=True)
class OriginalityFound:
    """How near the audio comes to registered tracks of the tenant; never called copying.

    Without arguments: what is told of a check that gave no answer.

    Attributes:
        heard_s: how much of the audio was heard, in seconds; None where it was not.
        compared_with: how many registered tracks it was compared with.
        left_out: how many more are registered, of which no sketch is kept, or none that could be compared.
        same: records of which a part is in the audio itself, as fingerprint or mark say; not compared with.
        recordings: of how many human-made recordings the percentiles are.
        melody: what is sung or played, in whatever key and tempo.
        rhythm: when sounds begin.
        timbre: how it sounds.
        structure: which parts of it are alike.
        reason: why there is no answer.
    """

    heard_s: float | None = None
    compared_with: int = 0
    left_out: int = 0
    same: tuple[str, ...] = ()
    recordings: int | None = None
    melody: Dimension = Dimension()
    rhythm: Dimension = Dimension()
    timbre: Dimension = Dimension()
    structure: Dimension = Dimension()
    reason: str | None = None

    def told(self, dimensions: Mapping[str, Dimension]) -> Self:
        """The same with what is told of each dimension, by its name."""
        return replace(
            self,
            melody=dimensions["melody"],
            rhythm=dimensions["rhythm"],
            timbre=dimensions["timbre"],
            structure=dimensions["structure"],
        )


def uncompared(one: "Sketch") -> dict[str, Dimension]:
    """The dimensions of a sketch, compared with nothing."""
    from detector.originality import DIMENSIONS

    return {name: Dimension(not one.reason(name), one.reason(name) or None) for name in DIMENSIONS}
