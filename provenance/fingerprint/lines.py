"""Lines through hits: the moments of a query that agree on one place in one track.

Hits of unrelated music lie anywhere; those of a copy lie on reference = speed * query + offset. Tracks with
several hits at about one offset are found by counting in slots, then the line is fitted and the distinct
moments of the query on it are its votes. Voting for a line: P. Hough, 1962.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from provenance.fingerprint.played import TRANSPOSED, Played

IntArray = NDArray[np.int64]

CELL = 12
CANDIDATES = 12
FIT_FRAMES = 3.5
NEAR_FRAMES = 2.0
NEIGHBOUR_FRAMES = 12
ROUNDS = 3
OFTEN_BITS = 18
"""Tracks are counted in so many slots; two in one only leave more to look at."""
APART_FRAMES = 43
"""Half a second: moments of one track that lie nearer belong to the better line, for music repeats itself."""
SPREAD = np.arange(-6, 7) * 0.0025
"""How far, as a share of the speed, the true speed may lie from the one that was assumed."""
SPREAD_UNCHANGED = np.arange(-2, 3) * 0.0025


@dataclass(frozen=True)
class Hits:
    """Pairs of a query hash and a filed hash, [P] each.

    Attributes:
        played: which of the assumed changes the pair agrees with.
        track: track number.
        query: frame in the query, counted from the window's centre.
        reference: frame in the track.
    """

    played: IntArray
    track: IntArray
    query: IntArray
    reference: IntArray

    def take(self, keep: NDArray[np.bool_] | IntArray) -> "Hits":
        """The hits where `keep` holds."""
        return Hits(self.played[keep], self.track[keep], self.query[keep], self.reference[keep])

    def near(self, line: "Line") -> IntArray:
        """Distinct query frames of the hits of a line's track that lie on it, or on one beside it."""
        off = self.reference - line.through(self.query)
        beside = (self.track == line.track) & (abs(off) <= NEIGHBOUR_FRAMES)
        if not beside.any():
            return np.zeros(0, np.int64)
        return np.unique(self.query[beside & (abs(off - np.median(off[beside])) <= FIT_FRAMES)])


@dataclass(frozen=True)
class Line:
    """A line through hits of one track: reference = speed * query + at_zero.

    Attributes:
        track: track number.
        played: speed and pitch.
        at_zero: frame of the track where the query's frames begin to count.
        moments: distinct query frames on the line, rising, [V].
    """

    track: int
    played: Played
    at_zero: float
    moments: IntArray

    @property
    def votes(self) -> int:
        """Distinct query frames on the line."""
        return len(self.moments)

    def at(self, frame: float) -> float:
        """Frame of the track at a frame of the query."""
        return self.at_zero + self.played.speed * frame

    def through(self, frames: IntArray) -> NDArray[np.float64]:
        """Frames of the track at frames of the query."""
        return np.asarray(self.at_zero + self.played.speed * frames, np.float64)

    def moved(self, frames: int) -> "Line":
        """The same line where the query's frames are counted from `frames` earlier."""
        return replace(self, at_zero=self.at_zero - self.played.speed * frames, moments=self.moments + frames)


def distinct(lines: Sequence[Line], needed: int) -> list[Line]:
    """The lines of at least `needed` votes, fullest first, each with the moments that no better one explains.

    A track may be heard several times at once, or one after another (a loop); but the repeats inside it,
    which its own copy meets too, are no second hearing.
    """
    kept: list[Line] = []
    for line in sorted(lines, key=lambda line: (-line.votes, line.track)):
        own = apart(line.moments, [better.moments for better in kept if better.track == line.track])
        if len(own) >= needed:
            kept.append(replace(line, moments=own))
    return sorted(kept, key=lambda line: (-line.votes, line.track))


def apart(moments: IntArray, others: Sequence[IntArray]) -> IntArray:
    """The moments that are not within `APART_FRAMES` of any of the others."""
    if not others:
        return moments
    near = np.sort(np.concatenate(others))
    first = np.searchsorted(near, moments - APART_FRAMES)
    last = np.searchsorted(near, moments + APART_FRAMES, side="right")
    return np.asarray(moments[first == last], np.int64)


def refit(lines: Sequence[Line]) -> Line:
    """The one line through several of a track that lie on about the same."""
    best = max(lines, key=lambda line: line.votes)
    query = np.concatenate([line.moments for line in lines])
    reference = np.concatenate([line.through(line.moments) for line in lines])
    middle, level = float(query.mean()), float(reference.mean())
    speed = float((query - middle) @ (reference - level)) / float((query - middle) @ (query - middle))
    played = best.played.fitted(speed)
    return Line(best.track, played, level - speed * middle, np.unique(query))


def find_lines(hits: Hits, assumed: list[Played], needed: int) -> list[Line]:
    """The lines of all tracks that reach `needed` votes, fullest first; see `distinct`.

    Args:
        hits: of one window of a query.
        assumed: the changes that `hits.played` counts.
        needed: least votes.

    Returns:
        At most `CANDIDATES` lines.
    """
    hits = _often(hits, len(assumed), needed)
    if len(hits.track) < needed:
        return []
    speeds = np.array([played.speed for played in assumed])
    cell = np.floor((hits.reference - speeds[hits.played] * hits.query) / CELL).astype(np.int64)
    size = 1 << int(np.clip(np.ceil(np.log2(4 * len(cell))), 12, 21))
    # Hashed counting: the next cell of the same track is the next slot; collisions only add candidates.
    slot = (hits.track * 0x9E3779B1 + hits.played * 0x85EBCA77 + cell) & (size - 1)
    count = np.bincount(slot, minlength=size)
    pair = count + np.roll(count, -1)
    full = pair >= needed
    if not full.any():
        return []
    marked = np.flatnonzero((full | np.roll(full, 1))[slot])
    group = (hits.track[marked] * len(assumed) + hits.played[marked]) * (1 << 26) + cell[marked] + (1 << 25)
    place, where, sizes = np.unique(group, return_inverse=True, return_counts=True)
    together = sizes.copy()
    together[:-1] += np.where(np.diff(place) == 1, sizes[1:], 0)
    lines = []
    for at in np.argsort(-together, kind="stable")[: 2 * CANDIDATES]:
        if together[at] < needed:
            break
        near = marked[(where >= at - 1) & (where <= at + 2) & (abs(place[where] - place[at]) <= 2)]
        track, number = divmod(int(place[at] >> 26), len(assumed))
        lines.append(_line(hits.take(near), track, assumed[number]))
    return distinct(lines, needed)[:CANDIDATES]


def _often(hits: Hits, changes: int, needed: int) -> Hits:
    """Those of tracks with enough hits at one change: most hits are single ones of strangers."""
    slot = (hits.track * changes + hits.played) & ((1 << OFTEN_BITS) - 1)
    return hits.take(np.flatnonzero(np.bincount(slot, minlength=1 << OFTEN_BITS)[slot] >= needed))


def _line(hits: Hits, track: int, assumed: Played) -> Line:
    """Vote over the speeds beside the assumed one, then fit speed and offset to the hits near the line."""
    unchanged = assumed.kind == TRANSPOSED  # its tempo is the track's
    spread = SPREAD_UNCHANGED if unchanged else SPREAD
    speeds = assumed.speed * (1 + spread)
    away = hits.reference - speeds[:, None] * hits.query
    place = ((away - away.min()) / FIT_FRAMES).astype(np.int64)
    width = int(place.max()) + 2
    count = np.bincount(
        (place + width * np.arange(len(speeds))[:, None]).ravel(), minlength=width * len(speeds)
    )
    count = count.reshape(len(speeds), width)
    both = count[:, :-1] + count[:, 1:]
    # Of equally full lines the one nearest to the assumed speed.
    row = min(range(len(speeds)), key=lambda n: (-int(both[n].max()), abs(float(spread[n]))))
    speed = float(speeds[row])
    at_zero = float(away.min() + (int(both[row].argmax()) + 1) * FIT_FRAMES)
    for _ in range(ROUNDS):
        off = hits.reference - speed * hits.query - at_zero
        near = np.flatnonzero(abs(off) <= FIT_FRAMES)
        if not len(near):
            break
        query, weight = hits.query[near], np.exp(-((off[near] / NEAR_FRAMES) ** 2))
        middle, shift = np.average(query, weights=weight), np.average(off[near], weights=weight)
        spread_of = float(weight @ (query - middle) ** 2)
        if np.ptp(query) >= 86 and spread_of > 0:
            slope = float(weight @ ((query - middle) * (off[near] - shift))) / spread_of
            slope = float(np.clip(speed + slope, speeds[0], speeds[-1])) - speed
            speed, at_zero = speed + slope, at_zero + shift - slope * middle
        else:
            at_zero += shift
    near = np.flatnonzero(abs(hits.reference - speed * hits.query - at_zero) <= FIT_FRAMES)
    return Line(track, assumed.fitted(speed), float(at_zero), np.unique(hits.query[near]))
