"""Known clocks after a change of tempo or pitch.

Both break a recording into pieces that are laid together anew: within a piece a decoder's clock keeps step,
from piece to piece it does not. A known clock is found in steps of a third of a second all the same. A change
of pitch scales it besides; a scan over all ratios finds such short-lived clocks by chance in any music, but
people set semitones, and there are few of those. See docs/decisions/0206-broken-clocks.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from detector.decoders import SPACINGS_HZ
from detector.music.comb import Row, Scores, contrasts, even_contrast, scores_at, together
from detector.music.spectra import LAST_LAG_S

SHORT_S = (0.3, 1.2)
"""How long a clock may keep step after a change of tempo: pieces of an overlap-add, of a phase vocoder."""
SPANS_S = (*SHORT_S, LAST_LAG_S)
"""The same for a change of pitch; the last one is a change of speed by semitones, which breaks nothing."""
SEMITONES = tuple(2 ** (n / 12) for n in range(-5, 6) if n)
HIGHEST_HZ = 800.0
"""Coarser combs have too few teeth to tell one ratio from the next."""
CANDIDATES = 12
CAP = 30.0
"""What one signal may add to a candidate's score."""
PAIRS = sorted((s * r, s, r) for s in SPACINGS_HZ if s <= HIGHEST_HZ for r in SEMITONES)
PAIRS_HZ = np.array([p[0] for p in PAIRS])


@dataclass(frozen=True)
class Setting:
    """The strongest known comb at a change of pitch by semitones.

    Attributes:
        z: score of both signals together, every tooth required.
        ratio: new pitch over old.
        spacing_hz: before the change, from the table.
        span_s: how long the clock was taken to keep step.
    """

    z: float
    ratio: float
    spacing_hz: float
    span_s: float


def short_contrasts(rows: Sequence[Row]) -> Scores:
    """Scores of the table's spacings for clocks in step for `SHORT_S` only, [2, 2, S]: spans, signals."""
    return np.stack([[contrasts(row.within(span_s)) for row in rows] for span_s in SHORT_S])


def search(rows: Sequence[Row]) -> tuple[Setting, ...]:
    """The best setting for every one of `SPANS_S`.

    Args:
        rows: both signals.
    """
    found = []
    for span_s in SPANS_S:
        within = [row.within(span_s) for row in rows]
        z = np.sum([np.minimum(scores_at(row, PAIRS_HZ), CAP) for row in within], 0)
        highest = (PAIRS[k] for k in np.argsort(-z, kind="stable")[:CANDIDATES])
        tried = [Setting(_even(within, at), ratio, spacing, span_s) for at, spacing, ratio in highest]
        found.append(max(tried, key=lambda setting: setting.z))
    return tuple(found)


def again(rows: Sequence[Row], known: Sequence[Setting]) -> tuple[Setting, ...]:
    """The same settings in other audio, such as a stretch of the recording."""
    return tuple(
        replace(s, z=_even([row.within(s.span_s) for row in rows], s.spacing_hz * s.ratio)) for s in known
    )


def _even(rows: Sequence[Row], spacing_hz: float) -> float:
    """Score of one comb in both signals, each tooth required: many a known clock, scaled, is a note."""
    lines, flutter = (even_contrast(row, spacing_hz) for row in rows)
    return together(lines, flutter)
