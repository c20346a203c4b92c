"""From tracks to a release: how many of many tracks may be called synthetic at once.

Twenty human tracks give one p-value below 0.05 on average, so a release must not be judged by its worst
track. Two answers are given. Which tracks: those that the Benjamini-Hochberg procedure keeps, so that at most
a stated share of the tracks named are wrong on average. Whether any: the release's own p-value, by Simes's
rule, which holds where tracks of one release resemble each other (positive dependence).

Sources: Y. Benjamini and Y. Hochberg, J. Royal Statistical Society B 57 (1995); R. J. Simes, Biometrika 73
(1986); Y. Benjamini and D. Yekutieli, Annals of Statistics 29 (2001), for the dependence.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from detector.music.finding import MusicFinding
from detector.music.verdict import LEAST_LLR

FALSE_DISCOVERIES = 0.05


@dataclass(frozen=True)
class ReleaseFinding:
    """What can be said of a release.

    Attributes:
        p_value: how rarely human releases of as many tracks look as synthetic in any track; None where no
            track could be measured.
        named: positions of the tracks called synthetic.
        measured: how many tracks could be measured.
        tracks: how many there are.
        text: the same in a sentence.
    """

    p_value: float | None
    named: tuple[int, ...]
    measured: int
    tracks: int
    text: str


def release(
    findings: Sequence[MusicFinding], *, false_discoveries: float = FALSE_DISCOVERIES
) -> ReleaseFinding:
    """Judge the tracks of a release together.

    Args:
        findings: one per track, in order.
        false_discoveries: share of wrongly named tracks that is accepted on average.
    """
    ranked = sorted((f.p_value, place) for place, f in enumerate(findings) if f.p_value is not None)
    count = len(ranked)
    if not count:
        return ReleaseFinding(None, (), 0, len(findings), "no track could be measured")
    simes = min(min(1.0, p * count / rank) for rank, (p, _) in enumerate(ranked, start=1))
    last = max(
        (k for k, (p, _) in enumerate(ranked, start=1) if p <= false_discoveries * k / count), default=0
    )
    named = sorted(
        place
        for _, place in ranked[:last]
        if findings[place].verdict == "synthetic" and (findings[place].llr or 0.0) >= LEAST_LLR
    )
    text = (
        f"{len(named)} of {count} measured tracks carry a neural decoder's traces, "
        f"at most {100 * false_discoveries:.0f} % of those named wrongly on average; "
        f"the p-value of the release is {simes:.3g}"
    )
    return ReleaseFinding(simes, tuple(named), count, len(findings), text)
