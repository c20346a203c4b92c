"""Lines through hits: the moments of a query that agree on one place in one track.

Hits of unrelated music lie anywhere; those of a copy lie on reference = speed * query + offset. Tracks with
several hits at about one offset are found by counting in slots, then the line is fitted and the distinct
moments of the query on it are its votes. Voting for a line: P. Hough, 1962.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from provenance.fingerprint.peaks import BINS_PER_OCTAVE
from provenance.fingerprint.played import STRETCHED, TRANSPOSED, Played

IntArray = NDArray[np.int64]

CELL = 12
CANDIDATES = 12
FIT_FRAMES = 3.5
NEAR_FRAMES = 2.0
ROUNDS = 3
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


@dataclass(frozen=True)
class Line:
    """The best line through the hits of one track: reference = speed * query + at_centre."""

    track: int
    played: Played
    at_centre: float
    moments: IntArray

    @property
    def votes(self) -> int:
        """Distinct query frames on the line."""
        return len(self.moments)


def find_lines(hits: Hits, assumed: list[Played], needed: int) -> list[Line]:
    """The best line of each track that reaches `needed` votes, fullest first.

    Args:
        hits: of one window of a query.
        assumed: the changes that `hits.played` counts.
        needed: least votes.

    Returns:
        At most `CANDIDATES` lines.
    """
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
    best: dict[int, Line] = {}
    for at in np.argsort(-together, kind="stable")[: 2 * CANDIDATES]:
        if together[at] < needed:
            break
        near = marked[(where >= at - 1) & (where <= at + 2) & (abs(place[where] - place[at]) <= 2)]
        track, number = divmod(int(place[at] >> 26), len(assumed))
        line = _line(hits.take(near), track, assumed[number])
        if line.votes >= needed and (track not in best or line.votes > best[track].votes):
            best[track] = line
    return sorted(best.values(), key=lambda line: (-line.votes, line.track))[:CANDIDATES]


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
    at_centre = float(away.min() + (int(both[row].argmax()) + 1) * FIT_FRAMES)
    for _ in range(ROUNDS):
        off = hits.reference - speed * hits.query - at_centre
        near = np.flatnonzero(abs(off) <= FIT_FRAMES)
        if not len(near):
            break
        query, weight = hits.query[near], np.exp(-((off[near] / NEAR_FRAMES) ** 2))
        middle, shift = np.average(query, weights=weight), np.average(off[near], weights=weight)
        spread_of = float(weight @ (query - middle) ** 2)
        if np.ptp(query) >= 86 and spread_of > 0:
            slope = float(weight @ ((query - middle) * (off[near] - shift))) / spread_of
            slope = float(np.clip(speed + slope, speeds[0], speeds[-1])) - speed
            speed, at_centre = speed + slope, at_centre + shift - slope * middle
        else:
            at_centre += shift
    near = np.flatnonzero(abs(hits.reference - speed * hits.query - at_centre) <= FIT_FRAMES)
    bins = assumed.bins
    if not unchanged and assumed.kind != STRETCHED:
        bins += BINS_PER_OCTAVE * float(np.log2(speed / assumed.speed))
    return Line(track, Played(speed, bins, assumed.kind), float(at_centre), np.unique(hits.query[near]))
