"""Where in a file which message is heard: marks, each with its stretch, speed and p-value."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from provenance.watermark import code, sync
from provenance.watermark.chips import layout
from provenance.watermark.finding import Finding
from provenance.watermark.grid import FRAMES_PER_S

Scores = NDArray[np.float64]

SMOOTH_S = 3
HEARD = 0.12
"""Agreement over three seconds above which a mark is heard there: more than three deviations of what other
audio gives, a third of what an ordinary copy keeps."""
GAP_S = 5.0
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
    """

    message: bytes
    start_s: float
    end_s: float
    speed: float
    pitch_semitones: float
    p_value: float
    key_epoch: int


def agreement(finding: Finding, seconds: int) -> Scores:
    """Agreement of soft chips with a mark per second of a section, 0 to 1, [seconds].

    Args:
        finding: of the section; of one without a message only the pilots count.
        seconds: length of the section.
    """
    key_layout = layout(finding.key)
    frames = sync.follow(finding.plane, finding.place, key_layout)
    soft = sync.cells(finding.plane, frames)
    if finding.message is None:
        chips = key_layout.pilots(finding.place.start, soft.shape[1])
    else:
        signs = code.encode(finding.message, finding.key)
        chips = key_layout.chips(signs, finding.place.start, soft.shape[1])
    second = np.clip((frames / finding.geometry.tempo / FRAMES_PER_S).astype(int), 0, seconds - 1)
    agreeing = np.bincount(second, (soft * chips).sum(0), seconds)
    strength = np.bincount(second, np.abs(soft * np.abs(chips)).sum(0), seconds)
    return np.asarray(np.maximum(0.0, agreeing / np.maximum(strength, 1e-6)), np.float64)


def heard(scores: Scores) -> NDArray[np.bool_]:
    """In which seconds a mark with these agreements is heard, [seconds]."""
    smooth = np.convolve(scores, np.ones(SMOOTH_S), "same")
    weight = np.convolve(np.ones(len(scores)), np.ones(SMOOTH_S), "same")
    return np.asarray(smooth / weight >= HEARD)


def stretches(where: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """First and last second, exclusive, of each stretch; gaps up to `GAP_S` are closed."""
    found: list[tuple[int, int]] = []
    for second in np.flatnonzero(where).tolist():
        if found and second - found[-1][1] <= GAP_S:
            found[-1] = (found[-1][0], second + 1)
        else:
            found.append((second, second + 1))
    return [part for part in found if part[1] - part[0] >= SMOOTH_S]


def joined(marks: Iterable[Mark]) -> tuple[Mark, ...]:
    """Marks in order of time, those that go on from one section to the next as one."""
    told: list[Mark] = []
    for mark in sorted(marks, key=lambda mark: (mark.start_s, mark.end_s)):
        before = next((m for m in reversed(told) if _goes_on(m, mark)), None)
        if before is None:
            told.append(mark)
            continue
        told[told.index(before)] = replace(
            before, end_s=max(before.end_s, mark.end_s), p_value=min(before.p_value, mark.p_value)
        )
    return tuple(told)


def _goes_on(one: Mark, other: Mark) -> bool:
    same = (one.message, one.key_epoch) == (other.message, other.key_epoch)
    return same and abs(one.speed - other.speed) <= SAME_SPEED and other.start_s - one.end_s <= GAP_S
