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

from core.clip import Clip, Segment
from core.downmix import MOST_LOOKS, Look, further_looks
from detector.decoders import SPACINGS_HZ
from detector.music.comb import Open
from detector.music.spectra import ANALYSIS_RATE, BLOCK_S, LINE_FRAME, Array

SCREEN_BLOCKS = 6
"""Blocks of ten seconds by which a further look is screened; one that would accuse is measured in full."""
TOLD_WITHIN = 1e-3
"""How exactly a fingerprint tells a ratio."""
CLEAR_FOUND = 8.0
"""Score of a comb that is believed to be one; see `evidence.CLEAR_Z`."""
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
        """The recording as this look has it; `ratio` is for the detector to undo."""
        return clip if self.mix is None else replace(clip, wav=self.mix.of(clip.wav.float())[None])

    def sample_of(self, clip: Clip) -> Clip:
        """At most `SCREEN_BLOCKS` whole blocks of ten seconds, spread over the recording and end to end."""
        size = round(BLOCK_S * clip.sample_rate / self.ratio)
        count = clip.wav.shape[-1] // size
        if count <= SCREEN_BLOCKS:
            return self.of(clip)
        chosen = np.unique(np.linspace(0, count - 1, SCREEN_BLOCKS).round().astype(int)).tolist()
        parts = [clip.wav[:, k * size : (k + 1) * size] for k in chosen]
        return self.of(replace(clip, wav=torch.cat(parts, dim=1)))

    def in_file(self, segments: Sequence[Segment]) -> tuple[Segment, ...]:
        """Stretches of this look at their times in the file."""
        return tuple(replace(s, start_s=s.start_s / self.ratio, end_s=s.end_s / self.ratio) for s in segments)


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


def sharpened(ratio: float, found: Open) -> float:
    """A told ratio made exact, where there is a reason to.

    A clock that keeps step for a third of a second wants the ratio to two parts in ten thousand; fingerprints
    tell it to about one in a thousand. Either the file's own comb, found at any spacing, is a known one at
    about this ratio; or the ratio is about a round number, as people set them: half per cents, semitones.

    Args:
        ratio: as told.
        found: strongest comb of any spacing in the file as it is.

    >>> sharpened(1.1499, Open(0.0, 50.0))
    1.15
    """
    combs = [found.spacing_hz / known for known in SPACINGS_HZ] if found.z >= CLEAR_FOUND else []
    numbers = [round(200 * ratio) / 200, 2 ** (round(12 * math.log2(ratio)) / 12)]
    for exact in (combs, numbers):
        near = [e for e in exact if abs(e / ratio - 1.0) <= TOLD_WITHIN]
        if near:
            return min(near, key=lambda e: abs(e / ratio - 1.0))
    return ratio


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
