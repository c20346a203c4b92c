"""Find a key's grid in the decoder's output, with a p-value that needs no assumption about music.

Under the hypothesis "no mark of this key", the pilot signs are independent fair coins, whatever the audio
is. A weighted sum of them is then sub-Gaussian, so Hoeffding's inequality bounds its tail
exactly: P(sum z s >= t) <= exp(-t^2 / (2 sum z^2)). The bound times the number of places searched is the
p-value (union bound); it is conservative and never needs calibration on recordings.
"""

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from provenance.watermark.chips import CYCLE_COLUMNS, Expected, Layout
from provenance.watermark.grid import BANDS_PER_OCTAVE, CELL_BANDS, CELL_FRAMES, FIRST_BAND, STRIDE

PHASES = tuple(float(frame) for frame in range(CELL_FRAMES))
CLIP = 4.0
WINDOW_COLUMNS = 30
PIECE = 320
"""Columns of audio that are correlated at a time; the cycle holds a whole number of them."""
REACH = 12
REACH_STEP = 0.5
CHANGE_COST = 0.5
NEAR_COLUMNS = 2.0
LOWER = 2 * BANDS_PER_OCTAVE
"""Marked bands that are asked alone, from the lowest on (decision 11)."""
SHORTEST_LOOP = 60
"""Positions of the plane, about two seconds: less than a block holds no message."""
SAME_LOOP = 0.6
"""Likeness of a plane with itself a period later; another mark on the same sound has much less."""

Plane = NDArray[np.float32]
Spectrum = NDArray[np.complex64]
Frames = NDArray[np.float64]


@dataclass(frozen=True)
class Alignment:
    """One place of the key's cycle in the audio.

    Attributes:
        phase: frames between the first frame and the first whole column.
        start: column of the cycle that lies there.
        statistic: pilots' sum over its norm; above about 7 is beyond chance.
        stretch: length of the audio's columns over the nominal length.
    """

    phase: float
    start: int
    statistic: float
    stretch: float = 1.0

    def frames(self, plane: Plane) -> Frames:
        """Centres of the whole columns of a plane, in frames, [columns]."""
        return column_frames(plane.shape[1] * STRIDE, self.phase, self.stretch)

    def later(self, frames: int) -> "Alignment":
        """The same place in audio that begins `frames` earlier."""
        length = CELL_FRAMES * self.stretch
        whole, phase = divmod(self.phase + frames, length)
        return replace(self, phase=phase, start=(self.start - int(whole)) % CYCLE_COLUMNS)

    def near(self, other: "Alignment") -> bool:
        """Whether two places of the same audio are one, to a column or two."""
        mine, its = (at.start - at.phase / (CELL_FRAMES * at.stretch) for at in (self, other))
        off = (mine - its) % CYCLE_COLUMNS
        return min(off, CYCLE_COLUMNS - off) <= NEAR_COLUMNS

    def p_value(self, searched: int) -> float:
        """Chance that any of `searched` places reaches this statistic without a mark."""
        if self.statistic <= 0.0:
            return 1.0
        return min(1.0, searched * math.exp(-0.5 * self.statistic**2))


def cells(plane: Plane, frames: Frames) -> Plane:
    """Soft chips of columns.

    Args:
        plane: the decoder's logits, [BANDS, M], column m centred on frame 2 m + 0.5.
        frames: centres of the columns in frames, [columns].

    Returns:
        Clipped logits, [CELL_BANDS, columns], zero outside the plane.
    """
    position = (frames - (STRIDE - 1) / 2.0) / STRIDE
    inside = (position >= 0.0) & (position <= plane.shape[1] - 1)
    low = np.clip(position.astype(np.int64), 0, plane.shape[1] - 1)
    high = np.minimum(low + 1, plane.shape[1] - 1)
    weight = (position - low).astype(np.float32)
    rows = plane[FIRST_BAND : FIRST_BAND + CELL_BANDS]
    soft: Plane = np.clip(rows[:, low] * (1.0 - weight) + rows[:, high] * weight, -CLIP, CLIP) * inside
    return soft


def lower(plane: Plane) -> Plane:
    """A plane without what lies above its `LOWER` bands, [BANDS, M]: of that a codec may leave nothing."""
    kept = np.zeros_like(plane)
    kept[: FIRST_BAND + LOWER] = plane[: FIRST_BAND + LOWER]
    return kept


def column_frames(frames: int, phase: float, stretch: float) -> Frames:
    """Centres of whole columns in frames, [columns]."""
    length = CELL_FRAMES * stretch
    columns = max(0, int((frames - phase) // length))
    centres: Frames = phase + length * np.arange(columns, dtype=np.float64)
    return centres + (length - 1.0) / 2.0


def search(
    plane: Plane,
    layout: Layout | Expected,
    *,
    keep: int = 3,
    stretches: tuple[float, ...] = (1.0,),
    phases: tuple[float, ...] = PHASES,
) -> tuple[list[Alignment], int]:
    """Correlate with the pilots at every phase and every column of the cycle.

    Args:
        plane: logits, [BANDS, M].
        layout: the key's cycle, or what a message would fill it with.
        keep: how many of the best places to return.
        stretches: lengths of a column to try, over the nominal length.
        phases: frames before the first column to try.

    Returns:
        The best places, best first, and how many were searched.
    """
    tried = [(phase, stretch) for phase in phases for stretch in stretches]
    soft = _stretched(plane, tried)
    found: list[Alignment] = []
    every = _correlate(pilot_spectra(layout), soft)
    for (phase, stretch), chips, sums in zip(tried, soft, every, strict=True):
        for start in np.argpartition(-sums, keep)[:keep].tolist():
            statistic = float(sums[start]) / norm(chips, layout, start)
            found.append(Alignment(phase, start, statistic, stretch))
    found.sort(key=lambda place: -place.statistic)
    return _distinct(found)[:keep], CYCLE_COLUMNS * len(tried)


def norm(soft: Plane, layout: Layout | Expected, start: int) -> float:
    """Root of the energy of the soft chips in which a start of the cycle has its pilots.

    Nearly the same for all starts, so places are ranked without it.
    """
    return math.sqrt(float(np.square(soft * layout.pilots(start, soft.shape[1])).sum()) + 1e-6)


def follow(plane: Plane, place: Alignment, layout: Layout | Expected) -> Frames:
    """Local resynchronisation: where the columns of a place lie if the clock drifts or jumps a little.

    Every three seconds may shift by up to six frames (96 ms) either way; the pilots choose, and a
    change from one window to the next costs (Viterbi over the shifts).

    Args:
        plane: the decoder's logits, [BANDS, M].
        place: the alignment that fits the whole plane best.
        layout: the key's cycle.

    Returns:
        Centres of the columns in frames, [columns].
    """
    straight = place.frames(plane)
    windows = np.arange(len(straight)) // WINDOW_COLUMNS
    shifts = REACH_STEP * np.arange(-REACH, REACH + 1)
    pilots = layout.pilots(place.start, len(straight))
    gain = np.zeros((int(windows[-1]) + 1, len(shifts)))
    for column, shift in enumerate(shifts):
        soft = cells(plane, straight + shift) * np.abs(pilots)
        score, energy = (soft * pilots).sum(0), np.square(soft).sum(0)
        gain[:, column] = np.bincount(windows, score) / np.sqrt(np.bincount(windows, energy) + 1e-6)
    cost = CHANGE_COST * np.abs(shifts[:, None] - shifts[None])
    best, came_from = gain[0], []
    for window in gain[1:]:
        step = best[:, None] - cost
        came_from.append(step.argmax(0))
        best = step.max(0) + window
    path = [int(best.argmax())]
    for origin in reversed(came_from):
        path.append(int(origin[path[-1]]))
    followed: Frames = straight + shifts[np.array(path[::-1])][windows]
    return followed


def period(plane: Plane) -> int | None:
    """After how many positions a plane repeats itself, as that of a loop does; None where it does not.

    Args:
        plane: logits, [BANDS, M].
    """
    length = plane.shape[1]
    most = length // 2
    if most <= SHORTEST_LOOP:
        return None
    size = fft.next_fast_len(length + most)
    spectrum = fft.rfft(plane, n=size, axis=1)
    products = fft.irfft((np.square(spectrum.real) + np.square(spectrum.imag)).sum(0), n=size)[:most]
    energy = np.concatenate([[0.0], np.cumsum(np.square(plane, dtype=np.float64).sum(0))])
    lags = np.arange(most)
    first, last = energy[length - lags], energy[length] - energy[lags]
    likeness = products / np.sqrt(first * last + 1e-6)
    lag = SHORTEST_LOOP + int(likeness[SHORTEST_LOOP:].argmax())
    return lag if likeness[lag] >= SAME_LOOP else None


def _stretched(plane: Plane, tried: Sequence[tuple[float, float]]) -> Plane:
    """Soft chips at every phase and stretch, [K, CELL_BANDS, columns], shorter ones padded."""
    frames = [column_frames(plane.shape[1] * STRIDE, phase, stretch) for phase, stretch in tried]
    soft = np.zeros((len(tried), CELL_BANDS, max(len(f) for f in frames)), np.float32)
    for row, centres in zip(soft, frames, strict=True):
        row[:, : len(centres)] = cells(plane, centres)
    return soft


@functools.lru_cache(maxsize=16)
def pilot_spectra(layout: Layout | Expected) -> Spectrum:
    """Spectra of the pilots' signs in overlapping pieces of the cycle, [F, CELL_BANDS, P]."""
    pieces = [layout.pilots(start, 2 * PIECE) for start in range(0, CYCLE_COLUMNS, PIECE)]
    spectra = fft.rfft(np.stack(pieces, 1), axis=2)
    return np.ascontiguousarray(spectra.transpose(2, 0, 1))


def received(soft: Plane) -> Spectrum:
    """Spectra of soft chips of up to `PIECE` columns each, [columns, K, bands] to [F, K, bands]."""
    spectra: Spectrum = fft.rfft(soft, n=2 * PIECE, axis=0)
    return np.conj(spectra, out=spectra)


def totals(heard: Spectrum, spectra: Spectrum) -> Plane:
    """For every start: sum over bands and columns of pilots[start + column] soft[column].

    Audio is short against the cycle, so the cycle is cut: a piece of audio is correlated with stretches of
    the cycle of twice its length (overlap-save), all bands and stretches in one product of matrices.

    Args:
        heard: from `received`, [F, K, CELL_BANDS].
        spectra: from `pilot_spectra`.

    Returns:
        [PIECE, K, P]: start `n + PIECE * p` of the cycle stands in [n, :, p].
    """
    return np.asarray(fft.irfft(np.matmul(heard, spectra), n=2 * PIECE, axis=0)[:PIECE], np.float32)


def _correlate(spectra: Spectrum, soft: Plane) -> Plane:
    """`totals` of longer audio, which is cut as well: [K, CELL_BANDS, columns] to [K, CYCLE_COLUMNS]."""
    pieces = max(1, -(-soft.shape[2] // PIECE))
    padded = np.pad(soft, ((0, 0), (0, 0), (0, pieces * PIECE - soft.shape[2])))
    parts = padded.reshape(len(soft), CELL_BANDS, pieces, PIECE).transpose(3, 0, 2, 1)
    places = totals(received(parts.reshape(PIECE, -1, CELL_BANDS)), spectra)
    places = places.transpose(1, 2, 0).reshape(len(soft), pieces, CYCLE_COLUMNS)
    for n in range(1, pieces):
        places[:, 0] += np.roll(places[:, n], -n * PIECE, axis=-1)
    return places[:, 0]


def _distinct(places: list[Alignment]) -> list[Alignment]:
    """Drop neighbours in phase of a better place."""
    kept: list[Alignment] = []
    for place in places:
        position = place.start * CELL_FRAMES - place.phase
        if all(abs(position - (k.start * CELL_FRAMES - k.phase)) > CELL_FRAMES for k in kept):
            kept.append(place)
    return kept
