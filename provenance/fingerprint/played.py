"""What players and editors do to music: the changes of speed and pitch that a search tries.

Playing faster raises the pitch with the tempo; a stretch changes the tempo only, a transposition the pitch
only; "nightcore" plays faster and transposes by whole semitones besides.
"""

from dataclasses import dataclass

import numpy as np

from provenance.fingerprint.peaks import BINS_PER_OCTAVE

RESAMPLED, STRETCHED, TRANSPOSED = range(3)


@dataclass(frozen=True)
class Played:
    """A change of speed and pitch.

    Attributes:
        speed: how much faster than the track.
        bins: how much higher, in bins of the frequency axis.
        kind: `RESAMPLED` (pitch follows the tempo, up to a fixed interval), `STRETCHED` or `TRANSPOSED`.
    """

    speed: float
    bins: float
    kind: int

    def fitted(self, speed: float) -> "Played":
        """The same kind of change at a speed that was measured more finely."""
        follows = self.kind == RESAMPLED
        higher = BINS_PER_OCTAVE * float(np.log2(speed / self.speed)) if follows else 0.0
        return Played(speed, self.bins + higher, self.kind)


def _resampled(bins: float, semitones: int = 0) -> Played:
    step = BINS_PER_OCTAVE // 12
    return Played(float(2 ** (bins / BINS_PER_OCTAVE)), bins + step * semitones, RESAMPLED)


def _lines(least: float, most: float) -> list[Played]:
    """Changes of one kind each by more than `least` and at most `most` (bins, or their worth of tempo)."""
    half = [n / 2 for n in range(-round(2 * most), round(2 * most) + 1) if abs(n / 2) > least]
    tempo = [bins for bins in half if (bins * 2) % 2 == 0]
    return [
        *(_resampled(bins) for bins in half),
        *(Played(float(2 ** (bins / BINS_PER_OCTAVE)), 0.0, STRETCHED) for bins in tempo),
        *(Played(1.0, bins, TRANSPOSED) for bins in half if abs(bins) <= max(3.5, most / 2)),
    ]


UNCHANGED = Played(1.0, 0.0, TRANSPOSED)
CHANGED = _lines(0.0, 5.5)
"""Up to 11 per cent of speed or tempo and 7 per cent of pitch."""
FAR = [
    *_lines(5.5, 12.5),
    *(_resampled(n / 2, semitones) for n in range(-16, 17) if n for semitones in (-3, -2, -1, 1, 2, 3)),
]
"""Up to 27 per cent of speed or tempo, and speeds up to 17 per cent with up to three semitones besides."""
