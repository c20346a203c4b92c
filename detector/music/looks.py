"""Several looks at one recording, judged together: its channels, and changes of speed or pitch undone.

Nobody knows beforehand in which look a decoder's traces are, so every look is paid for: see
docs/decisions/0209 and 0210.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.clip import Clip, Segment
from core.downmix import MOST_LOOKS, Look, further_looks
from detector.music.spectra import ANALYSIS_RATE, BLOCK_S, LINE_FRAME, Array

SCREEN_BLOCKS = 6
"""Blocks of ten seconds by which a further look is screened; one that would accuse is measured in full."""
UNCHANGED = 0.002
"""A change smaller than this is none."""
MOST_CHANGED = 1.26
"""Ratios beyond this, or below one over it, are not undone: little of the table would be left in the band."""
EDGES_HZ = (8000.0, 11025.0, 12000.0, 16000.0)
"""Where content ends in recordings made at 16, 22.05, 24 and 32 kHz."""
EDGE_FROM_HZ, EDGE_TO_HZ = 5000.0, 15200.0
EDGE_DB = 20.0
EDGE_SIDE_HZ = 250.0
SNAP = 0.004
"""How far a moved edge may lie from a whole per cent of change: people set round numbers."""
LEAST_MOVED = 0.015


@dataclass(frozen=True)
class View:
    """A look at a recording.

    Attributes:
        name: what is looked at, for a person.
        ratio: by which frequencies were raised, undone in this look; 1 for none.
        mix: which channels; None for the downmix.
    """

    name: str
    ratio: float = 1.0
    mix: Look | None = None

    def of(self, clip: Clip) -> Clip:
        """The recording as this look has it."""
        return self._mixed(self._undone(clip))

    def sample_of(self, clip: Clip) -> Clip:
        """Parts of the recording as this look has it, see `excerpt`; all of a short one."""
        return self._mixed(excerpt(self._undone(clip)))

    def _undone(self, clip: Clip) -> Clip:
        # Played at another rate every frequency is where it was before the change.
        return replace(clip, sample_rate=round(clip.sample_rate / self.ratio))

    def _mixed(self, clip: Clip) -> Clip:
        return clip if self.mix is None else replace(clip, wav=self.mix.of(clip.wav.float())[None])

    def in_file(self, segments: Sequence[Segment], clip: Clip) -> tuple[Segment, ...]:
        """Stretches of this look at their times in the file."""
        scale = self._undone(clip).sample_rate / clip.sample_rate
        return tuple(replace(s, start_s=s.start_s * scale, end_s=s.end_s * scale) for s in segments)


AS_IT_IS = View("all channels together")


def views(clip: Clip, ratios: Sequence[float]) -> tuple[View, ...]:
    """The looks beside the first one, those at told or suggested ratios before those at single channels.

    Args:
        clip: the recording.
        ratios: by which its frequencies may have been raised.
    """
    kept: list[float] = []
    for ratio in ratios:
        changed = abs(ratio - 1.0) > UNCHANGED and 1.0 / MOST_CHANGED <= ratio <= MOST_CHANGED
        if changed and all(abs(ratio / other - 1.0) > UNCHANGED for other in kept):
            kept.append(ratio)
    undone = [View(f"all channels with a change of pitch by {ratio:.4g} undone", ratio) for ratio in kept]
    single = [View(look.name, mix=look) for look in further_looks(clip.wav.float())]
    return tuple([*undone, *single][: MOST_LOOKS - 1])


def excerpt(clip: Clip) -> Clip:
    """At most `SCREEN_BLOCKS` whole blocks of ten seconds, spread over a recording and laid end to end."""
    size = round(BLOCK_S * clip.sample_rate)
    count = clip.wav.shape[-1] // size
    if count <= SCREEN_BLOCKS:
        return clip
    chosen = np.unique(np.linspace(0, count - 1, SCREEN_BLOCKS).round().astype(int)).tolist()
    return replace(clip, wav=torch.cat([_block(clip.wav, k, size) for k in chosen], dim=1))


def _block(wav: Tensor, number: int, size: int) -> Tensor:
    return wav[:, number * size : (number + 1) * size]


def joint_llr(llrs: Sequence[float]) -> float:
    """Log10 of the mean likelihood ratio.

    >>> round(joint_llr([2.0, -1.0]), 2)
    1.7
    """
    top = max(llrs)
    return top + math.log10(sum(10 ** (llr - top) for llr in llrs) / len(llrs))


def moved_edges(spectrum: Array) -> tuple[float, ...]:
    """Ratios by which a steep end of the content is away from where it usually is, whole per cents, few.

    Args:
        spectrum: mean spectrum in decibels, [`LINE_FRAME` / 2 + 1], of `spectra.survey`.
    """
    if spectrum.size == 0:
        return ()
    bin_hz = ANALYSIS_RATE / LINE_FRAME
    side = round(EDGE_SIDE_HZ / bin_hz)
    total = np.concatenate([[0.0], np.cumsum(spectrum, dtype=np.float64)])
    places = np.arange(round(EDGE_FROM_HZ / bin_hz), round(EDGE_TO_HZ / bin_hz))
    falls: NDArray[np.float64] = (2 * total[places] - total[places - side] - total[places + side]) / side
    if falls.max() < EDGE_DB:
        return ()
    edge_hz = float(places[falls.argmax()]) * bin_hz
    if any(abs(edge_hz / usual_hz - 1.0) <= LEAST_MOVED for usual_hz in EDGES_HZ):
        return ()
    found = []
    for usual_hz in EDGES_HZ:
        ratio = edge_hz / usual_hz
        rounded = round(ratio, 2)
        moved = abs(rounded - 1.0) > LEAST_MOVED and 1.0 / MOST_CHANGED <= rounded <= MOST_CHANGED
        if moved and abs(ratio - rounded) <= SNAP:
            found.append(rounded)
    return tuple(found)
