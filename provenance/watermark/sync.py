"""Find a key's grid in the decoder's output, with a p-value that needs no assumption about music.

Under the hypothesis "no mark of this key", the pilot signs are independent fair coins, whatever the audio
is. A weighted sum of them is then sub-Gaussian, so Hoeffding's inequality bounds its tail
exactly: P(sum z s >= t) <= exp(-t^2 / (2 sum z^2)). The bound times the number of places searched is the
p-value (union bound); it is conservative and never needs calibration on recordings.
"""

import functools
import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from provenance.watermark.chips import CYCLE_COLUMNS, Layout
from provenance.watermark.grid import CELL_BANDS, CELL_FRAMES, FIRST_BAND, STRIDE

PHASES = tuple(float(frame) for frame in range(CELL_FRAMES))
CLIP = 4.0
WINDOW_COLUMNS = 30
PIECE = 320
"""Columns of audio that are correlated at a time; the cycle holds a whole number of them."""
REACH = 12
REACH_STEP = 0.5
CHANGE_COST = 0.5
NEAR_COLUMNS = 2.0

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


def column_frames(frames: int, phase: float, stretch: float) -> Frames:
    """Centres of whole columns in frames, [columns]."""
    length = CELL_FRAMES * stretch
    columns = max(0, int((frames - phase) // length))
    centres: Frames = phase + length * np.arange(columns, dtype=np.float64)
    return centres + (length - 1.0) / 2.0


def search(
    plane: Plane,
    layout: Layout,
    *,
    keep: int = 3,
    stretches: tuple[float, ...] = (1.0,),
    phases: tuple[float, ...] = PHASES,
) -> tuple[list[Alignment], int]:
    """Correlate with the pilots at every phase and every column of the cycle.

    Args:
        plane: logits, [BANDS, M].
        layout: the key's cycle.
        keep: how many of the best places to return.
        stretches: lengths of a column to try, over the nominal length.
        phases: frames before the first column to try.

    Returns:
        The best places, best first, and how many were searched.
    """
    signs, presence = _pilot_spectra(layout)
    found: list[Alignment] = []
    for phase in phases:
        soft = _stretched(plane, phase, stretches)
        norm = np.sqrt(np.maximum(_correlate(presence, soft**2), 1e-6))
        statistics = _correlate(signs, soft) / norm
        for stretch, statistic in zip(stretches, statistics, strict=True):
            for start in np.argpartition(-statistic, keep)[:keep]:
                found.append(Alignment(phase, int(start), float(statistic[start]), stretch))
    found.sort(key=lambda place: -place.statistic)
    return _distinct(found)[:keep], CYCLE_COLUMNS * len(phases) * len(stretches)


def follow(plane: Plane, place: Alignment, layout: Layout) -> Frames:
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
    pilots = layout.pilots[:, (place.start + np.arange(len(straight))) % CYCLE_COLUMNS]
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


def guess(
    plane: Plane, layout: Layout, *, stretches: tuple[float, ...], phases: tuple[float, ...]
) -> tuple[Alignment, int]:
    """The best place only, at half the cost of `search`: places are ranked before they are normalised.

    Arguments and the number of places searched as in `search`.
    """
    signs, _ = _pilot_spectra(layout)
    best = Alignment(0.0, 0, -math.inf)
    highest = -math.inf
    for phase in phases:
        soft = _stretched(plane, phase, stretches)
        totals = _correlate(signs, soft)
        tried, start = np.unravel_index(int(totals.argmax()), totals.shape)
        if totals[tried, start] > highest:
            highest = float(totals[tried, start])
            pilots = np.abs(layout.pilots[:, (start + np.arange(soft.shape[2])) % CYCLE_COLUMNS])
            energy = float(np.square(soft[tried] * pilots).sum())
            best = Alignment(phase, int(start), highest / math.sqrt(energy + 1e-6), stretches[tried])
    return best, CYCLE_COLUMNS * len(phases) * len(stretches)


def _stretched(plane: Plane, phase: float, stretches: tuple[float, ...]) -> Plane:
    """Soft chips of one phase at every stretch, [stretches, CELL_BANDS, columns], shorter ones padded."""
    frames = [column_frames(plane.shape[1] * STRIDE, phase, stretch) for stretch in stretches]
    soft = np.zeros((len(stretches), CELL_BANDS, max(len(f) for f in frames)), np.float32)
    for row, centres in zip(soft, frames, strict=True):
        row[:, : len(centres)] = cells(plane, centres)
    return soft


@functools.lru_cache(maxsize=8)
def _pilot_spectra(layout: Layout) -> tuple[Spectrum, Spectrum]:
    """Spectra of the pilots' signs and of where pilots are, in overlapping pieces, [F, P, CELL_BANDS]."""
    index = PIECE * np.arange(CYCLE_COLUMNS // PIECE)[:, None] + np.arange(2 * PIECE)
    pilots = layout.pilots[:, index % CYCLE_COLUMNS]
    signs, presence = (fft.rfft(part, axis=2).transpose(2, 1, 0) for part in (pilots, np.abs(pilots)))
    return np.ascontiguousarray(signs), np.ascontiguousarray(presence)


def _correlate(spectra: Spectrum, soft: Plane) -> Plane:
    """For every start: sum over bands and columns of reference[start + column] soft[column].

    Audio is short against the cycle, so both are cut: a piece of audio is correlated with stretches of the
    cycle of twice its length (overlap-save), all bands and stretches in one product of matrices.

    Args:
        spectra: of the reference, from `_pilot_spectra`.
        soft: [K, CELL_BANDS, columns].

    Returns:
        [K, CYCLE_COLUMNS].
    """
    pieces = max(1, -(-soft.shape[2] // PIECE))
    padded = np.pad(soft, ((0, 0), (0, 0), (0, pieces * PIECE - soft.shape[2])))
    parts = padded.reshape(len(soft), CELL_BANDS, pieces, PIECE).transpose(3, 1, 0, 2)
    received = np.conj(fft.rfft(parts.reshape(PIECE, CELL_BANDS, -1), n=2 * PIECE, axis=0))
    product = np.matmul(spectra, received)
    shifted = fft.irfft(product, n=2 * PIECE, axis=0)[:PIECE]
    places = shifted.transpose(2, 1, 0).reshape(len(soft), pieces, CYCLE_COLUMNS)
    total: Plane = sum(np.roll(places[:, n], -n * PIECE, axis=-1) for n in range(pieces))
    return total


def _distinct(places: list[Alignment]) -> list[Alignment]:
    """Drop neighbours in phase of a better place."""
    kept: list[Alignment] = []
    for place in places:
        position = place.start * CELL_FRAMES - place.phase
        if all(abs(position - (k.start * CELL_FRAMES - k.phase)) > CELL_FRAMES for k in kept):
            kept.append(place)
    return kept
