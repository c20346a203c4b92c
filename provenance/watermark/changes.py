"""Which change of tempo and pitch a mark has gone through, told from the plane of the audio as it is.

The decoder reads a cell that is a quarter longer or shorter, and on a logarithmic axis a change of pitch
moves all bands alike. So one plane serves every change: a tempo is another distance of its columns, a pitch a
shift by whole bands. Only where the pilots answer is the change undone and the audio decoded again.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from provenance.watermark import sync
from provenance.watermark.chips import BLOCK_CELLS, CYCLE_COLUMNS, PILOTS, Layout
from provenance.watermark.grid import BANDS, BANDS_PER_OCTAVE, CELL_BANDS, CELL_FRAMES, FIRST_BAND, STRIDE

SLOWEST, FASTEST = 0.745, 1.29
STEP = 0.0028
"""Natural logarithm of the ratio of neighbouring tempos: half of it moves the ends of an excerpt by less than
a quarter of a column."""
COLUMNS = sync.PIECE
"""Columns of an excerpt, half a minute: what is correlated in one piece."""
PHASES = CELL_FRAMES // STRIDE
WIDTH = COLUMNS * PHASES
"""Positions of the plane that they take at plain tempo."""
STEADY = 0.028
"""Change of tempo up to which pitch alone is looked for, three semitones either way."""
NIGHTCORE = BANDS_PER_OCTAVE * 2.0 / 12.0
"""Bands of the two semitones that nightcore adds to plain speed, and that slowed takes off."""
AT_ONCE = 16
NEAR = 0.75
"""Bands off a whole one at which a mark may still answer: of little sound, not always to the nearest."""
ASKED = 24
"""Places, the best by guess, whose statistic is worked out."""


@dataclass(frozen=True)
class Change:
    """A change that the pilots answer to.

    Attributes:
        statistic: as that of `sync.Alignment`.
        tempo: how much faster the events follow each other, to half of `STEP`.
        bands: how much higher it sounds, in whole bands.
        first: position of the plane at which the excerpt begins in which it was found.
    """

    statistic: float
    tempo: float
    bands: int
    first: int

    def pitches(self) -> tuple[float, ...]:
        """Pitch factors that these bands stand for: plain speed, tempo alone, nightcore; or pitch alone."""
        lines = _lines(self.tempo)
        near = [bands for bands in lines if abs(bands - self.bands) <= NEAR]
        if not near or abs(self.tempo - 1.0) <= STEADY:
            near.append(float(self.bands))
        pitches = (self.tempo if bands == lines[0] else 2.0 ** (bands / BANDS_PER_OCTAVE) for bands in near)
        return tuple(dict.fromkeys(pitches))


def tempos() -> NDArray[np.float64]:
    """Tempos that are tried, slowest first."""
    first, last = math.ceil(math.log(SLOWEST) / STEP), math.floor(math.log(FASTEST) / STEP)
    return np.asarray(np.exp(STEP * np.arange(first, last + 1)))


def shifts(tempo: float) -> tuple[int, ...]:
    """Whole bands by which audio of a tempo is thought to sound higher."""
    if abs(tempo - 1.0) <= STEADY:
        return -2, -1, 0, 1, 2
    return tuple(sorted({round(bands) for bands in _lines(tempo)}))


def _lines(tempo: float) -> tuple[float, float, float]:
    plain = BANDS_PER_OCTAVE * math.log2(tempo)
    return plain, 0.0, plain + math.copysign(NIGHTCORE, plain)


def search(plane: sync.Plane, layouts: Sequence[Layout], *, keep: int) -> tuple[list[Change], int]:
    """Look for the pilots at every tempo and pitch, in the half minute that tells most.

    Args:
        plane: logits of audio as it is, [BANDS, M].
        layouts: cycles of the epochs of a key.
        keep: how many of the best changes to return.

    Returns:
        The best, best first, and how many places were searched.
    """
    excerpt = _Excerpt.of(plane)
    found: list[_Place] = []
    searched = 0
    every = tempos()
    for first in range(0, len(every), AT_ONCE):
        chosen = every[first : first + AT_ONCE]
        soft = excerpt.soft(chosen)
        heard, energy = sync.received(soft), np.square(soft).sum(0)
        for bands, rows in _tried(chosen):
            inside, cells = _moved(bands)
            scale = 1.0 / np.sqrt(energy[rows, inside].sum(1) * PILOTS / BLOCK_CELLS + 1e-6)
            part = heard[:, rows, inside]
            for layout in layouts:
                totals = sync.totals(part, sync.pilot_spectra(layout)[:, cells])
                searched += CYCLE_COLUMNS * len(scale)
                guesses = totals.max(0).max(1) * scale  # both axes at once take ten times as long
                for best in np.argsort(-guesses)[:keep].tolist():
                    column, piece = np.unravel_index(int(totals[:, best].argmax()), totals[:, best].shape)
                    start, row = int(column) + sync.PIECE * int(piece), rows.start + best
                    found.append(
                        _Place(
                            float(guesses[best]),
                            float(chosen[row // PHASES]),
                            row % PHASES,
                            bands,
                            start,
                            layout,
                        )
                    )
    found.sort(key=lambda place: -place.guess)
    changes = [excerpt.weighed(place) for place in found[:ASKED]]
    return _distinct(sorted(changes, key=lambda change: -change.statistic))[:keep], searched


@dataclass(frozen=True)
class _Place:
    """A place in the cycle at a change; its statistic is guessed from how many cells are pilots."""

    guess: float
    tempo: float
    phase: int
    bands: int
    start: int
    layout: Layout


@dataclass(frozen=True)
class _Excerpt:
    """A plane with nothing before and after it, [1 + M + 1, BANDS]; its excerpt, in its positions."""

    plane: sync.Plane
    first: int
    centre: float

    @classmethod
    def of(cls, plane: sync.Plane) -> "_Excerpt":
        """The half minute with the most energy of soft chips: the most information, if there is a mark."""
        first = 0
        if plane.shape[1] > WIDTH:
            telling = np.square(np.clip(plane, -sync.CLIP, sync.CLIP)).sum(0, dtype=np.float64).cumsum()
            first = int((telling[WIDTH:] - telling[:-WIDTH]).argmax())
        centre = first + min(WIDTH, plane.shape[1]) / 2.0
        return cls(np.ascontiguousarray(np.pad(plane, ((0, 0), (1, 1))).T), first, centre)

    def soft(self, chosen: NDArray[np.float64]) -> sync.Plane:
        """Soft chips at tempos and each phase, [COLUMNS, len(chosen) * PHASES, bands]."""
        columns = np.arange(COLUMNS)[:, None, None] - COLUMNS / 2.0 + np.arange(PHASES) / PHASES
        position = self.centre + columns * (PHASES / chosen[:, None])
        position = np.clip(position.reshape(COLUMNS, -1) + 1.0, 0.0, len(self.plane) - 1.001)
        low = position.astype(np.intp)
        weight = (position - low).astype(np.float32)[..., None]
        below, above = self.plane[low], self.plane[low + 1]
        above -= below
        above *= weight
        above += below
        soft: sync.Plane = np.clip(above, -sync.CLIP, sync.CLIP, out=above)
        return soft

    def weighed(self, place: _Place) -> Change:
        """A place with its true statistic."""
        inside, cells = _moved(place.bands)
        soft = np.zeros((CELL_BANDS, COLUMNS), np.float32)
        soft[cells] = self.soft(np.array([place.tempo]))[:, place.phase, inside].T
        pilots = place.layout.pilots(place.start, COLUMNS)
        statistic = float((soft * pilots).sum()) / sync.norm(soft, place.layout, place.start)
        return Change(statistic, place.tempo, place.bands, self.first)


def _tried(chosen: NDArray[np.float64]) -> Iterator[tuple[int, slice]]:
    """Bands, and runs of neighbouring tempos' phases that are thought to sound so much higher.

    Runs, since a slice of what is heard is looked at where it lies, and a choice of rows would be a copy.
    """
    for bands in sorted({bands for tempo in chosen for bands in shifts(tempo)}):
        inside = [bands in shifts(tempo) for tempo in chosen]
        first = 0
        for is_tried, run in groupby(inside):
            stop = first + len(list(run))
            if is_tried:
                yield bands, slice(PHASES * first, PHASES * stop)
            first = stop


def _moved(bands: int) -> tuple[slice, slice]:
    """Which bands of a plane that sounds so much higher are marked, and which of the marked ones they are."""
    low = FIRST_BAND + bands
    inside = slice(max(0, low), min(BANDS, low + CELL_BANDS))
    return inside, slice(inside.start - low, inside.stop - low)


def _distinct(changes: Sequence[Change]) -> list[Change]:
    """Drop neighbours in tempo and pitch of a better change."""
    kept: list[Change] = []
    for change in changes:
        if not any(
            abs(math.log(change.tempo / other.tempo)) < 4.0 * STEP and abs(change.bands - other.bands) <= 1
            for other in kept
        ):
            kept.append(change)
    return kept
