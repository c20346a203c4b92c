"""What else could have made the comb: oscillators, chips, gates and exact beats.

A decoder's trace is a by-product: far below the music at every frequency where there is music. An oscillator,
a chip's player or a gate at the same clock is itself what one hears. So one question is asked of recordings
that would otherwise be called synthetic: which share of the sound's power stands exactly on the comb's lines,
and which share of its power's movement on the comb's flutter? Beyond `MOST_LINES` or `MOST_FLUTTER` the
clock is heard, and heard clocks are not what a decoder hides.

A third explanation is no clock that anybody hears: the filter bank of MPEG layers I and II splits sound into
32 bands at a 32nd of its rate and joins them as a stride of 32 would (ISO/IEC 11172-3, 2.4.3). Coarsely
quantised, it leaves the comb of that stride, but none finer, as the frames of a decoder would.

See docs/decisions/0205-a-clock-that-is-heard-accuses-nobody.md.
"""

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft
from torch import Tensor

from detector.decoders import SPACINGS_HZ
from detector.music import spectra
from detector.music.features import GROUPS_HZ, Combs, Vector
from detector.music.spectra import ANALYSIS_RATE, Array
from detector.music.windows import above, hann

MOST_LINES = 0.2
MOST_FLUTTER = 0.06
"""No generated recording of the half that they were set on comes near either; see the decision."""
BANKS_HZ = (1378.125, 689.0625, 750.0)
"""A 32nd of 44.1, 22.05 and 24 kHz, as far as the table of known spacings has them."""
BANK_ALONE = 6.0
"""What a finer spacing scores beyond the bank's own share of its teeth where a decoder has frames."""
MOST_BLOCKS = 6
"""Blocks of ten seconds that are looked at: a clock that is heard is heard in the first minute."""
LOWEST_HZ = 300.0
AROUND_HZ = 0.35
"""Half the width of a tooth: the main lobe of a window of ten seconds, and a little drift."""
FLUTTER_TO_HZ = 1500.0


@dataclass(frozen=True)
class Shares:
    """How much of a sound stands on the teeth of combs, beyond what chance puts there.

    Attributes:
        lines: share of the power above `LOWEST_HZ`, per comb, 0 to 1, [K].
        flutter: share of the movement of the power above `windows.ABOVE_HZ`, per comb, 0 to 1, [K].
    """

    lines: NDArray[np.float64]
    flutter: NDArray[np.float64]


def objection(found: Shares, *, bank: bool) -> str | None:
    """What else explains the comb of a recording that would be called synthetic; None for nothing known.

    Args:
        found: of the combs that its score comes from.
        bank: whether the filter bank of MPEG layers I and II would leave its comb, see `filter_bank`.

    >>> objection(Shares(np.array([0.01, 0.9]), np.zeros(2)), bank=False)
    'an oscillator or player clock explains the comb: 90 % of the sound stands on its lines'
    """
    if found.lines.max() > MOST_LINES:
        share = f"{100 * found.lines.max():.0f} % of the sound stands on its lines"
        return f"an oscillator or player clock explains the comb: {share}"
    if found.flutter.max() > MOST_FLUTTER:
        share = f"{100 * found.flutter.max():.0f} % of the sound's movement follows it"
        return f"a gate, tremolo or exact beat explains the comb: {share}"
    if bank:
        return "the filter bank of MPEG layer I or II explains the comb: nothing finer stands beside it"
    return None


def candidates(combs: Combs) -> tuple[float, ...]:
    """The spacings that a recording's scores come from, each once: per signal and group, and the searched."""
    spacings = np.array(SPACINGS_HZ)
    found = {combs.found.spacing_hz, *(setting.spacing_hz * setting.ratio for setting in combs.settings)}
    for row, (low, high) in itertools.product(combs.scores, GROUPS_HZ):
        group = np.flatnonzero((spacings >= low) & (spacings < high))
        found.add(float(spacings[group[row[group].argmax()]]))
    return tuple(sorted(found))


def shares(wav: Tensor, sample_rate: float, spacings: tuple[float, ...]) -> Shares:
    """Measure how much of a sound stands on the teeth of combs.

    Args:
        wav: audio, [C, T].
        sample_rate: in Hz.
        spacings: of the combs, in Hz, [K].
    """
    lines, flutter, weight = np.zeros(len(spacings)), np.zeros(len(spacings)), 0.0
    for _, _, samples in itertools.islice(spectra.blocks(wav, sample_rate), MOST_BLOCKS):
        energy = float(np.sum(np.square(samples, dtype=np.float64)))
        top = 0.97 * spectra.limit_of(sample_rate)
        lines += energy * _on_teeth(samples, spacings, LOWEST_HZ, top)
        flutter += energy * _on_teeth(np.square(above(samples, ANALYSIS_RATE)), spacings, 15.0, FLUTTER_TO_HZ)
        weight += energy
    return Shares(lines / max(weight, 1e-12), flutter / max(weight, 1e-12))


def _on_teeth(samples: Array, spacings: tuple[float, ...], low_hz: float, high_hz: float) -> Vector:
    """Share of the power between two frequencies on each comb's teeth, less what chance puts there."""
    window = hann(samples.size).astype(np.float32)
    spectrum = fft.rfft((samples - samples.mean()) * window)
    power = np.square(spectrum.real, dtype=np.float64) + np.square(spectrum.imag, dtype=np.float64)
    bin_hz = ANALYSIS_RATE / samples.size
    frequencies = np.arange(power.size) * bin_hz
    inside = (frequencies >= low_hz) & (frequencies < high_hz)
    frequencies, power = frequencies[inside], power[inside]
    total = power.sum() + 1e-12
    found = []
    for spacing_hz in spacings:
        off = np.abs(frequencies - spacing_hz * np.rint(frequencies / spacing_hz))
        teeth = off <= AROUND_HZ
        chance = float(teeth.mean())
        found.append(max(0.0, (float(power[teeth].sum() / total) - chance) / max(1 - chance, 1e-3)))
    return np.array(found)


def filter_bank(combs: Combs) -> bool:
    """Whether both signals are strongest at a filter bank's spacing and show nothing finer.

    A comb of spacing d has all teeth of the comb of d / n, so it lends that one its score over sqrt(n).
    """
    spacings = np.array(SPACINGS_HZ)
    for row in combs.scores:
        best = int(row.argmax())
        if spacings[best] not in BANKS_HZ:
            return False
        ratios = spacings[best] / spacings
        finer = (ratios > 1.5) & (np.abs(ratios - np.rint(ratios)) < 1e-3)
        if np.any(row[finer] - row[best] / np.sqrt(ratios[finer]) > BANK_ALONE):
            return False
    return True
