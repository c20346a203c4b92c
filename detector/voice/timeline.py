"""A clip's vocals over time: stretches with their scores, and how much of a window is whose."""

import math
from itertools import pairwise

import torch
from torch import Tensor

from detector.calibration import probability
from detector.voice import fusion
from detector.voice.activity import WINDOW_S, Activity, covered
from detector.voice.countermeasure import Synthesis
from detector.voice.finding import VoiceSegment
from detector.voice.frontend import SAMPLE_RATE

LONGEST_SEGMENT_S = 2.0


def covered_of(activity: Activity) -> list[tuple[float, float]]:
    """The stretches with vocals, merged."""
    return covered(activity.starts_s, activity.voiced)


def within(stretches: list[tuple[float, float]], duration_s: float) -> list[tuple[float, float]]:
    """The stretches, in seconds, without what lies behind the end."""
    return [(start, min(end, duration_s)) for start, end in stretches if start < duration_s]


def voice_share(synthesis: Synthesis, voiced: Tensor) -> Tensor:
    """Share of each countermeasure window that is vocals, [W]; `voiced` are the samples, [T] bool."""
    begins, ends = (
        (edges_s * SAMPLE_RATE).round().long().tolist() for edges_s in (synthesis.starts_s, synthesis.ends_s)
    )
    windows = (voiced[begin:end] for begin, end in zip(begins, ends, strict=True))
    return torch.tensor([float(window.sum()) / max(1, window.numel()) for window in windows])


def share_of(second: Tensor, synthesis: Synthesis, voiced: Tensor) -> Tensor:
    """Share of each countermeasure window's vocals that is the second person's, [W].

    Embeddings follow one another through the voiced samples, so a window's are those at its place among them.

    Args:
        second: which embeddings are the second person's, [P] bool.
        synthesis: the windows, in order of time.
        voiced: samples, [T] bool.
    """
    of_a_sample = len(second) / max(1, int(torch.count_nonzero(voiced)))
    begins, ends = (
        (edges_s * SAMPLE_RATE).round().long().tolist() for edges_s in (synthesis.starts_s, synthesis.ends_s)
    )
    shares, before, at = [], 0, 0
    for begin, end in zip(begins, ends, strict=True):
        before, at = before + int(torch.count_nonzero(voiced[at:begin])), begin
        last = before + int(torch.count_nonzero(voiced[begin:end]))
        first_row = min(int(before * of_a_sample), len(second) - 1)
        rows = second[first_row : max(first_row + 1, math.ceil(last * of_a_sample))]
        shares.append(float(rows.float().mean()))
    return torch.tensor(shares)


def above_backing(activity: Activity, begin_s: float, end_s: float) -> float | None:
    """Mean estimate of the windows with vocals that a stretch lies in, decibels above the backing."""
    if activity.above_db is None:
        return None
    starts = activity.starts_s
    inside = activity.voiced & (starts < end_s - 1e-6) & (starts + WINDOW_S > begin_s + 1e-6)
    return float(activity.above_db[inside].mean()) if bool(inside.any()) else None


def segments(
    synthesis: Synthesis, activity: Activity, duration_s: float, most_llr: float
) -> tuple[VoiceSegment, ...]:
    """Stretches with vocals of at most 2 s, cut where the countermeasure's windows start, too."""
    found = []
    starts, ends = synthesis.starts_s.tolist(), synthesis.ends_s.tolist()
    for begin, end in within(covered_of(activity), duration_s):
        steps = range(1, math.ceil((end - begin) / LONGEST_SEGMENT_S))
        cuts = {begin, end, *(begin + LONGEST_SEGMENT_S * step for step in steps)}
        edges = sorted(cuts | {s for s in starts if begin < s < end})
        for left, right in pairwise(edges):
            inside = [
                llr
                for start, stop, llr in zip(starts, ends, synthesis.llr.tolist(), strict=True)
                if start < right - 1e-6 and stop > left + 1e-6
            ]
            if inside:
                llr = fusion.bounded(math.fsum(inside) / len(inside), most_llr) / fusion.LOG10
                above_db = above_backing(activity, left, right)
                found.append(VoiceSegment(left, right, probability(llr), llr, above_db))
    return tuple(found)
