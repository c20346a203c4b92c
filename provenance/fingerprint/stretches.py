"""From lines in windows to the stretches of a query in which a track is heard.

Lines of neighbouring windows that go on in one another are one stretch, and their votes add up: a track that
is faint in each of them is found by all of them together. A found stretch is then followed into the windows
beside and between, where too few moments lay on its line to be seen there alone.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from provenance.fingerprint.chance import MAX_P, MIN_MATCHED_S, chance
from provenance.fingerprint.lines import Line, apart, refit
from provenance.fingerprint.match import Stretch
from provenance.fingerprint.peaks import BINS_PER_OCTAVE, FRAME_RATE
from provenance.fingerprint.windows import Windows

IntArray = NDArray[np.int64]
Trace = Callable[[int, Line], IntArray]
"""Moments of the window of that number on a line, in frames of the query."""

GAP_S = 5.0
SAME_FRAMES = 12
SAME_SPEED, SAME_BINS = 0.01, 1.5
DRIFT = 0.003
"""How far two windows' lines through one copy may differ: frames, speed, bins, and what a share of the speed
that neither window tells makes over the distance between them."""
LONGEST_GAP_FRAMES = 60 * FRAME_RATE
LEAST_TRACED = 2


def stretches_of(
    lines: Sequence[Line], windows: Windows, total_frames: int, trace: Trace
) -> tuple[tuple[Stretch, ...], IntArray]:
    """Stretches of one track, and the moments on its lines, rising, [V].

    Args:
        lines: of the track, in frames of the query.
        windows: of the query; each pays for the others.
        total_frames: length of all filed tracks together.
        trace: finds more moments on a line.

    Returns:
        Stretches that chance does not explain, in the order of the query.
    """
    found: list[tuple[Line, float]] = []
    for group in sorted(together(lines), key=lambda group: -_joined(group).votes):
        line = _joined(group)
        p_value = min(1.0, len(windows) * chance(line.votes, total_frames))
        if p_value > MAX_P or _halves(line.moments).size / 2 < MIN_MATCHED_S:
            continue
        # What a better line of the track explains tells nothing: music repeats itself.
        own = apart(line.moments, [other.moments for other, _ in found])
        if 2 * len(own) < line.votes:
            continue
        found.append((_followed(line, group, windows, trace), p_value))
    heard = [part for line, p_value in found for part in _parts(line, p_value)]
    moments = np.unique(np.concatenate([np.zeros(0, np.int64), *(line.moments for line, _ in found)]))
    return tuple(sorted(heard, key=lambda stretch: stretch.start_s)), moments


def together(lines: Sequence[Line]) -> list[list[Line]]:
    """Lines that go on in one another, each group in order of time."""
    groups: list[list[Line]] = []
    for line in sorted(lines, key=lambda line: float(line.moments.mean())):
        fitting = [group for group in groups if _goes_on(group[-1], line)]
        if fitting:
            max(fitting, key=lambda group: int(group[-1].moments[-1])).append(line)
        else:
            groups.append([line])
    return groups


def _goes_on(one: Line, other: Line) -> bool:
    distance = other.moments[0] - one.moments[-1]
    if distance > LONGEST_GAP_FRAMES:
        return False
    if abs(one.played.speed / other.played.speed - 1.0) > SAME_SPEED:
        return False
    if abs(one.played.bins - other.played.bins) > SAME_BINS:
        return False
    here, there = float(one.moments.mean()), float(other.moments.mean())
    off = max(abs(one.at(there) - other.at(there)), abs(one.at(here) - other.at(here)))
    return bool(off <= SAME_FRAMES + DRIFT * (there - here))


def _joined(group: list[Line]) -> Line:
    """One line through all, the moments of each once."""
    if len(group) == 1:
        return group[0]
    moments = np.unique(np.concatenate([line.moments for line in group]))
    return replace(refit(group), moments=moments)


def _followed(line: Line, group: list[Line], windows: Windows, trace: Trace) -> Line:
    """The line with its moments in windows that did not show it: between, and beside while it goes on."""
    moments = [line.moments]
    known = {n for part in group for n in windows.holding(part.moments)}
    for step, edge in ((-1, min(known)), (1, max(known))):
        number = edge + step
        while 0 <= number < len(windows):
            more = trace(number, _nearest(group, windows.centre(number), line))
            if len(more) < LEAST_TRACED:
                break
            moments.append(more)
            number += step
    for number in set(range(min(known), max(known))) - known:
        moments.append(trace(number, _nearest(group, windows.centre(number), line)))
    return replace(line, moments=np.unique(np.concatenate(moments)))


def _nearest(group: list[Line], frame: int, whole: Line) -> Line:
    """The part of a group that tells best where the line lies at a frame, at the speed of the whole."""
    part = min(group, key=lambda line: abs(float(line.moments.mean()) - frame))
    middle = float(part.moments.mean())
    return replace(part, played=whole.played, at_zero=part.at(middle) - whole.played.speed * middle)


def _parts(line: Line, p_value: float) -> list[Stretch]:
    """The line's moments as stretches, without the gaps in which it is not heard."""
    found: list[list[int]] = []
    for half in _halves(line.moments).tolist():
        if found and (half - found[-1][-1] - 1) / 2 <= GAP_S:
            found[-1].append(half)
        else:
            found.append([half])
    held = _halves_of(line.moments)
    return [
        Stretch(
            start_s=part[0] / 2,
            end_s=(part[-1] + 1) / 2,
            track_start_s=line.at(part[0] / 2 * FRAME_RATE) / FRAME_RATE,
            speed=line.played.speed,
            pitch=float(2 ** (line.played.bins / BINS_PER_OCTAVE)),
            matched_s=len(part) / 2,
            votes=int(((held >= part[0]) & (held <= part[-1])).sum()),
            p_value=p_value,
        )
        for part in found
        if len(found) == 1 or len(part) / 2 >= MIN_MATCHED_S
    ]


def _halves(moments: IntArray) -> IntArray:
    """The half seconds of the query that hold a moment, in rising order."""
    return np.unique(_halves_of(moments))


def _halves_of(moments: IntArray) -> IntArray:
    return np.asarray(moments / FRAME_RATE * 2, np.int64)
