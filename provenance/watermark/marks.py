"""Where in a file which message is heard: marks, each with its stretch, speed and p-value."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from provenance.watermark import code, sync
from provenance.watermark.chips import expected, layout
from provenance.watermark.finding import Finding
from provenance.watermark.grid import FRAMES_PER_S

Scores = NDArray[np.float64]

STRETCHES_S = (4, 10, 40, 120)
"""Lengths of a stretch of which the best tells how well a mark is heard: from a loop to a section."""
FAINTER = 0.5
"""Share of the best stretch's agreement that is expected wherever the mark is: in cross-fades too."""
TURN = 7.0
"""Natural logarithm of the odds against a mark's beginning or ending in a given second. A stretch costs two:
by chance one section in ten thousand gets one that is not there."""
GAP_S = 5.0
"""Seconds that say nothing for which a mark goes on."""
FAINT = 0.02
"""Share of the loudest second's energy below which a second says nothing: silence, or another mark's."""
SAME_SPEED = 0.01


@dataclass(frozen=True)
class Mark:
    """A message and where it is heard.

    Attributes:
        message: 8 bytes whose keyed check holds.
        start_s: where it begins in the audio, in seconds; to about two.
        end_s: where it ends.
        speed: how much faster the audio plays there than when it was marked.
        pitch_semitones: how much higher it sounds there.
        p_value: as that of the whole detection, for this message.
        key_epoch: epoch of the key that it was made with.
        by_name: whether it was asked for and heard, not read.
    """

    message: bytes
    start_s: float
    end_s: float
    speed: float
    pitch_semitones: float
    p_value: float
    key_epoch: int
    by_name: bool = False


@dataclass(frozen=True)
class Evidence:
    """What a section's soft chips say of a mark, second by second.

    Attributes:
        agreeing: sum of the soft chips, each with the sign that the mark gives it, [seconds].
        most: what that sum would be if all agreed, [seconds].
        energy: sum of the soft chips' squares: the variance of `agreeing` where there is no mark, [seconds].
    """

    agreeing: Scores
    most: Scores
    energy: Scores

    @classmethod
    def of(cls, finding: Finding, seconds: int) -> "Evidence":
        """Of a finding in a section of so many seconds; without a message only the pilots count."""
        key_layout = layout(finding.key)
        if finding.by_name and finding.message is not None:
            frames = sync.follow(finding.plane, finding.place, expected(finding.key, finding.message))
        else:
            frames = sync.follow(finding.plane, finding.place, key_layout)
        soft = sync.cells(finding.plane, frames)
        if finding.message is None:
            chips = key_layout.pilots(finding.place.start, soft.shape[1])
        else:
            signs = code.encode(finding.message, finding.key)
            chips = key_layout.chips(signs, finding.place.start, soft.shape[1])
        second = np.clip((frames / finding.geometry.tempo / FRAMES_PER_S).astype(int), 0, seconds - 1)
        signed = soft * chips
        sums = (signed.sum(0), np.abs(signed).sum(0), np.square(signed).sum(0))
        return cls(*(np.asarray(np.bincount(second, column, seconds), np.float64) for column in sums))

    @property
    def agreement(self) -> Scores:
        """Agreement with the mark, 0 to 1, [seconds]."""
        return np.asarray(np.maximum(0.0, self.agreeing / np.maximum(self.most, 1e-6)), np.float64)

    @property
    def heard(self) -> NDArray[np.bool_]:
        """In which seconds the mark is there, [seconds]: the likeliest course of beginnings and ends."""
        best = max(map(self._best, STRETCHES_S))
        if best <= 0.0:
            return np.zeros(len(self.most), bool)
        expected = FAINTER * best * self.most
        ratios = (expected * self.agreeing - expected**2 / 2.0) / np.maximum(self.energy, 1e-6)
        says = self.energy > FAINT * self.energy.max()
        return _likeliest(np.where(says, ratios, -2.0 * TURN / GAP_S))

    def _best(self, seconds: int) -> float:
        """Agreement of the best stretch, less one deviation."""
        ones = np.ones(min(seconds, len(self.most)))
        sums = (np.convolve(part, ones, "valid") for part in (self.agreeing, self.most, self.energy))
        agreeing, most, energy = sums
        return float(((agreeing - np.sqrt(energy)) / np.maximum(most, 1e-6)).max())


def _likeliest(ratios: Scores) -> NDArray[np.bool_]:
    """Where a mark is, from the log likelihood ratio of each second, as Viterbi finds it."""
    absent, present = 0.0, -TURN
    turned = np.zeros((len(ratios), 2), bool)
    for second, ratio in enumerate(ratios.tolist()):
        turned[second] = present - TURN > absent, absent - TURN > present
        absent, present = max(absent, present - TURN), max(present, absent - TURN) + ratio
    where, state = np.zeros(len(ratios), bool), present - TURN > absent
    for second in range(len(ratios) - 1, -1, -1):
        where[second] = state
        state ^= bool(turned[second, int(state)])
    return where


def stretches(where: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """First and last second, exclusive, of each stretch."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], where, [False])).astype(int)))
    return [(int(first), int(last)) for first, last in edges.reshape(-1, 2)]


def joined(marks: Iterable[Mark]) -> tuple[Mark, ...]:
    """Marks in order of time, those that go on from one section to the next as one."""
    told: list[Mark] = []
    for mark in sorted(marks, key=lambda mark: (mark.start_s, mark.end_s)):
        before = next((m for m in reversed(told) if _goes_on(m, mark)), None)
        if before is None:
            told.append(mark)
            continue
        told[told.index(before)] = replace(
            before,
            end_s=max(before.end_s, mark.end_s),
            p_value=min(before.p_value, mark.p_value),
            by_name=before.by_name and mark.by_name,
        )
    return tuple(told)


def _goes_on(one: Mark, other: Mark) -> bool:
    same = (one.message, one.key_epoch) == (other.message, other.key_epoch)
    return same and abs(one.speed - other.speed) <= SAME_SPEED and other.start_s - one.end_s <= GAP_S
