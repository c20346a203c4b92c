"""Find a key's grid in the decoder's output, with a p-value that needs no assumption about music.

Under the hypothesis "no mark of this key", the pilot signs are independent fair coins, whatever the audio
is. A weighted sum of them is then sub-Gaussian, so Hoeffding's inequality bounds its tail
exactly: P(sum z s >= t) <= exp(-t^2 / (2 sum z^2)). The bound times the number of places searched is the
p-value (union bound); it is conservative and never needs calibration on recordings.
"""

import functools
import itertools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from provenance.watermark.chips import CYCLE_COLUMNS, Layout
from provenance.watermark.grid import CELL_BANDS, CELL_FRAMES, FIRST_BAND, STRIDE

PHASES = tuple(float(frame) for frame in range(CELL_FRAMES))
CLIP = 4.0
WINDOW_COLUMNS = 30
REACH = 12
REACH_STEP = 0.5
CHANGE_COST = 0.5

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
    for phase, stretch in itertools.product(phases, stretches):
        received = cells(plane, column_frames(plane.shape[1] * STRIDE, phase, stretch))
        total = _correlate(signs, _fold(received))
        norm = np.sqrt(np.maximum(_correlate(presence, _fold(received**2)), 1e-6))
        statistic = total / norm
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
    for phase, stretch in itertools.product(phases, stretches):
        received = cells(plane, column_frames(plane.shape[1] * STRIDE, phase, stretch))
        total = _correlate(signs, _fold(received))
        start = int(total.argmax())
        if total[start] > highest:
            highest = float(total[start])
            pilots = np.abs(layout.pilots[:, (start + np.arange(received.shape[1])) % CYCLE_COLUMNS])
            energy = float(np.square(received * pilots).sum())
            best = Alignment(phase, start, highest / math.sqrt(energy + 1e-6), stretch)
    return best, CYCLE_COLUMNS * len(phases) * len(stretches)


@functools.lru_cache(maxsize=8)
def _pilot_spectra(layout: Layout) -> tuple[Spectrum, Spectrum]:
    """Spectra along the cycle of the pilots' signs and of where pilots are."""
    pilots = layout.pilots
    return fft.rfft(pilots, axis=1), fft.rfft(np.abs(pilots), axis=1)


def _fold(soft: Plane) -> Plane:
    """Add up columns that lie a whole cycle apart, [CELL_BANDS, CYCLE_COLUMNS]."""
    padded = np.pad(soft, ((0, 0), (0, -soft.shape[1] % CYCLE_COLUMNS)))
    folded: Plane = padded.reshape(CELL_BANDS, -1, CYCLE_COLUMNS).sum(1)
    return folded


def _correlate(spectrum: Spectrum, soft: Plane) -> Plane:
    """For every start: sum over rows and columns of reference[start + column] soft[column]."""
    product = np.einsum("bf,bf->f", spectrum, np.conj(fft.rfft(soft, axis=1)))
    correlation: Plane = fft.irfft(product, n=CYCLE_COLUMNS)
    return correlation


def _distinct(places: list[Alignment]) -> list[Alignment]:
    """Drop neighbours in phase of a better place."""
    kept: list[Alignment] = []
    for place in places:
        position = place.start * CELL_FRAMES - place.phase
        if all(abs(position - (k.start * CELL_FRAMES - k.phase)) > CELL_FRAMES for k in kept):
            kept.append(place)
    return kept
