"""From shared hashes to tracks: a coarse vote over all tracks, then a line through the hits of the best ones.

A match is never one hash. Hits count only when they lie on one line (reference = speed * query + offset)
with one transposition, and at least `MIN_VOTES` distinct moments of the query must lie on it, over
`MIN_MATCHED_S`. How many unrelated music gets was measured; the p-value that follows grows with the index, so
a larger one asks for more.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from provenance.fingerprint import triplets
from provenance.fingerprint.extract import Fingerprint
from provenance.fingerprint.peaks import BINS_PER_OCTAVE, FRAME_RATE

IntArray = NDArray[np.int64]

MIN_VOTES = 8
MIN_MATCHED_S = 2.5
MAX_P = 1e-4
WINDOW_FRAMES = 1034  # 12 s: over this length a speed 10 % off stays within one coarse cell
MAX_WINDOWS = 8
CELL = 48
CANDIDATES = 8
HALF_LINE_FRAMES = 3.5
REFINED = 4
ROUNDS = 3
FIT_FRAMES = 4.0
NEAR_FRAMES = 2.0
NEAR_STRETCH = 0.04
STRETCH_TOLERANCE = 0.08
BIN_TOLERANCE = 1.5
UNCHANGED_SPEED, UNCHANGED_BINS = 0.006, 0.5

# What players do: turn faster or slower (pitch follows), change the tempo, or the pitch. Only such lines are
# looked for, which leaves unrelated music few to be found on.
RESAMPLED, STRETCHED, TRANSPOSED = range(3)
_RESAMPLED = np.arange(-28, 29) * 0.005
_STRETCHED = np.arange(-18, 19) * 0.005
_TRANSPOSED = np.array([-4.0, -3.0, -2.0, -1.0, 1.0, 2.0, 3.0, 4.0])
_SPEEDS = np.exp(np.concatenate([_RESAMPLED, _STRETCHED, 0 * _TRANSPOSED]))
_BINS = np.concatenate([_RESAMPLED / np.log(2) * BINS_PER_OCTAVE, 0 * _STRETCHED, _TRANSPOSED])
_KINDS = np.repeat([RESAMPLED, STRETCHED, TRANSPOSED], [len(_RESAMPLED), len(_STRETCHED), len(_TRANSPOSED)])

# Votes that unrelated music gets on such a line, measured by `lab.evaluation.fingerprint` on 11,600 pairs of
# recordings (10 s asked) of one half of the collections: 19 pairs reached 8 votes at another speed or pitch,
# the number halves with every 1.75 votes, none reached 5 at their own speed and pitch (the rate is the upper
# limit of its 95 % interval, halved on to 8 votes).
NULL_VOTES = 8
NULL_TRACK_FRAMES = 1200
VOTES_PER_HALVING = 1.75
UNCHANGED_RATE = 8e-5
CHANGED_RATE = 1.6e-3


@dataclass(frozen=True)
class Match:
    """A known track in a query.

    Attributes:
        record_id: as given to `add`.
        score: share of the searched audio, in half seconds, that holds a consistent hit, 0 to 1.
        offset_s: where the query's first sample lies in the reference (negative: before its beginning).
        speed: how much faster the query plays (1.05: five per cent).
        pitch: by what factor its frequencies are higher.
        matched_s: seconds of the query that hold a consistent hit.
        votes: distinct moments of the query on the line, in its best 12 s.
        p_value: chance of as many votes anywhere in the index, for an unrelated query.
    """

    record_id: str
    score: float
    offset_s: float
    speed: float
    pitch: float
    matched_s: float
    votes: int
    p_value: float


class Index(Protocol):
    """Known tracks and a way to find them."""

    def add(self, record_id: str, fingerprint: Fingerprint) -> None:
        """File a track; `RegistryError` where the id is taken."""

    def remove(self, record_id: str) -> None:
        """Forget a track; `RegistryError` where it is unknown."""

    def query(self, fingerprint: Fingerprint) -> list[Match]:
        """Tracks that the audio holds, best first."""


@dataclass(frozen=True)
class Postings:
    """Filed hashes found for the asked keys, one row per posting.

    Attributes:
        position: which of the asked keys, [P].
        track: track number, [P].
        time: frame in the track, [P].
        detail: as in `Fingerprint.details`, [P].
    """

    position: IntArray
    track: IntArray
    time: IntArray
    detail: NDArray[np.uint16]


Lookup = Callable[[IntArray], Postings]
"""Postings of an array of distinct keys in rising order."""


@dataclass(frozen=True)
class Hits:
    """Pairs of a query hash and a filed hash, [P] each; frames, natural logarithm, bins."""

    track: IntArray
    query: IntArray
    reference: IntArray
    log_speed: NDArray[np.float64]
    bins: IntArray

    def take(self, keep: NDArray[np.bool_]) -> "Hits":
        """The hits where `keep` holds."""
        return Hits(
            self.track[keep], self.query[keep], self.reference[keep], self.log_speed[keep], self.bins[keep]
        )


@dataclass(frozen=True)
class Line:
    """The best line through the hits of one track: reference = speed * (query - centre) + at_centre."""

    track: int
    speed: float
    at_centre: float
    bins: float
    moments: IntArray
    weight: float

    @property
    def votes(self) -> int:
        """Distinct query frames on the line."""
        return len(self.moments)


@dataclass(frozen=True)
class Found:
    """A track found in a query, under its number in the index; fields as in `Match`."""

    track: int
    score: float
    offset_s: float
    speed: float
    pitch: float
    matched_s: float
    votes: int
    p_value: float

    def named(self, record_id: str) -> Match:
        """The same under the record's id."""
        return Match(
            record_id,
            self.score,
            self.offset_s,
            self.speed,
            self.pitch,
            self.matched_s,
            self.votes,
            self.p_value,
        )


def search(fingerprint: Fingerprint, lookup: Lookup, total_frames: int) -> list[Found]:
    """Find tracks in a query.

    Long queries are searched in at most `MAX_WINDOWS` windows of 12 s, spread evenly.

    Args:
        fingerprint: of the query.
        lookup: gives the postings of keys.
        total_frames: length of all filed tracks together, for the p-value.

    Returns:
        Tracks by falling number of votes.
    """
    lines: dict[int, list[tuple[Line, int, float]]] = {}
    searched = 0
    needed = _needed_votes(total_frames)
    windows = list(_windows(fingerprint.frames))
    for begin, end in windows:
        inside = (fingerprint.times >= begin) & (fingerprint.times < end)
        searched += end - begin
        centre = (begin + end) // 2
        hits = find_hits(fingerprint, inside, centre, lookup)
        for line in candidate_lines(hits, needed):
            p_value = min(1.0, len(windows) * _p_value(line, total_frames))
            if (
                line.votes >= MIN_VOTES
                and p_value <= MAX_P
                and matched_s([(line, centre, p_value)]) >= MIN_MATCHED_S
            ):
                lines.setdefault(line.track, []).append((line, centre, p_value))
    found = [_found(track, at, searched) for track, at in lines.items()]
    return sorted(found, key=lambda f: (-f.votes, f.track))


def _windows(frames: int) -> Iterator[tuple[int, int]]:
    count = min(MAX_WINDOWS, max(1, round(frames / WINDOW_FRAMES)))
    length = min(frames, WINDOW_FRAMES) if count > 1 else min(frames, WINDOW_FRAMES * 3 // 2)
    for n in range(count):
        begin = round(n * (frames - length) / max(1, count - 1))
        yield begin, begin + length


def find_hits(fingerprint: Fingerprint, inside: NDArray[np.bool_], centre: int, lookup: Lookup) -> Hits:
    """Pairs of the query's hashes `inside` with the filed ones, query times counted from `centre`."""
    hashes, details = fingerprint.hashes[inside], fingerprint.details[inside]
    times = fingerprint.times[inside].astype(np.int64) - centre
    key, owner = triplets.probes(hashes, details)
    order = np.argsort(key)
    key, owner = key[order], owner[order]
    distinct, first, repeats = np.unique(key, return_index=True, return_counts=True)
    postings = lookup(distinct)
    # A key probed by several query hashes pairs each of them with each of its postings.
    copies = repeats[postings.position]
    row = np.repeat(np.arange(len(copies)), copies)
    nth = np.arange(len(row)) - np.repeat(np.cumsum(copies) - copies, copies)
    asker = owner[first[postings.position[row]] + nth]
    detail = postings.detail[row]
    log_speed = triplets.log_span(detail) - triplets.log_span(details)[asker]
    bins = triplets.transposition(details)[asker] - triplets.transposition(detail)
    return Hits(postings.track[row], times[asker], postings.time[row], log_speed, bins)


def _needed_votes(total_frames: int) -> int:
    """Votes below which no line is a match in an index of that length."""
    tracks = max(1.0, total_frames / NULL_TRACK_FRAMES)
    return max(
        MIN_VOTES, math.ceil(NULL_VOTES + VOTES_PER_HALVING * math.log2(tracks * UNCHANGED_RATE / MAX_P))
    )


def candidate_lines(hits: Hits, needed: int) -> list[Line]:
    """Lines of the tracks with the most hits at about one offset, where `needed` votes are within reach."""
    if not len(hits.track):
        return []
    cell = (hits.reference - hits.query) // CELL
    size = 1 << int(np.clip(np.ceil(np.log2(4 * len(cell))), 12, 22))
    # Hashed counting: the next cell of the same track is the next slot; collisions only add candidates.
    slot = (hits.track * 0x9E3779B1 + cell) & (size - 1)
    count = np.bincount(slot, minlength=size)
    pair = count + np.roll(count, -1)
    full = np.flatnonzero(pair >= needed // 2)  # a line crosses at most four cells
    best = full[np.argsort(-pair[full], kind="stable")[: 4 * CANDIDATES]]
    marked = np.zeros(size, bool)
    for beside in (-1, 0, 1, 2):  # a line at another speed crosses up to four cells
        marked[(best + beside) & (size - 1)] = True
    near = np.flatnonzero(marked[slot])
    place, where, sizes = np.unique(
        hits.track[near] << 32 | (cell[near] + (1 << 31)), return_inverse=True, return_counts=True
    )
    together = sizes.copy()
    together[:-1] += np.where(np.diff(place) == 1, sizes[1:], 0)
    lines: dict[int, Line] = {}
    for at in np.argsort(-together, kind="stable")[: 2 * CANDIDATES]:
        track = int(place[at] >> 32)
        if together[at] < needed // 2 or (track not in lines and len(lines) == CANDIDATES):
            continue
        cells = (place >= place[at] - 1) & (place <= place[at] + 2)
        inside = np.zeros(len(slot), bool)
        inside[near[cells[where]]] = True
        own = hits.take(inside)
        line = _best_line(own, track, needed) if len(np.unique(own.query)) >= needed else None
        if line is not None and (track not in lines or line.votes > lines[track].votes):
            lines[track] = line
    return list(lines.values())


def _best_line(hits: Hits, track: int, needed: int) -> Line | None:
    """Hough vote over the lines that players draw, then least-squares refinements of the fullest few."""
    at = hits.reference - _SPEEDS[:, None] * hits.query
    agrees = abs(hits.log_speed - np.log(_SPEEDS)[:, None]) <= STRETCH_TOLERANCE
    agrees &= abs(hits.bins - _BINS[:, None]) <= BIN_TOLERANCE
    cell = ((at - at.min()) / HALF_LINE_FRAMES).astype(np.int64)
    width = int(cell.max()) + 2
    cell += width * np.arange(len(_SPEEDS))[:, None]
    count = np.bincount(cell[agrees], minlength=width * len(_SPEEDS)).reshape(-1, width)
    both = count[:, :-1] + count[:, 1:]
    fullest = both.argmax(1)
    size = both[np.arange(len(_SPEEDS)), fullest]
    best: Line | None = None
    for n in np.argsort(-size, kind="stable")[:REFINED]:
        if size[n] >= needed // 2:
            at_centre = float(at.min() + (fullest[n] + 1) * HALF_LINE_FRAMES)
            line = _refined(hits, track, int(n), at_centre)
            if line is not None and (best is None or line.weight > best.weight):
                best = line
    return best


def _refined(hits: Hits, track: int, n: int, at_centre: float) -> Line | None:
    """Fit speed and offset of the n-th kind of line to the hits near it, again and again."""
    speed, bins, kind = float(_SPEEDS[n]), float(_BINS[n]), int(_KINDS[n])
    for _ in range(ROUNDS):
        away = hits.reference - speed * hits.query - at_centre
        stretched = hits.log_speed - np.log(speed)
        near = np.flatnonzero(
            (abs(away) <= FIT_FRAMES)
            & (abs(stretched) <= STRETCH_TOLERANCE)
            & (abs(hits.bins - bins) <= BIN_TOLERANCE)
        )
        if not len(near):
            return None
        query, nearness = hits.query[near], _nearness(away[near], stretched[near])
        total = float(nearness.sum())
        middle, shift = float(nearness @ query) / total, float(nearness @ away[near]) / total
        spread = float(nearness @ (query - middle) ** 2)
        if kind != TRANSPOSED and np.ptp(query) >= 2 * CELL and spread > 0:
            slope = float(nearness @ ((query - middle) * (away[near] - shift))) / spread
            slope = float(np.clip(speed + slope, _SPEEDS[0], 1 / _SPEEDS[0])) - speed
            speed, at_centre = speed + slope, at_centre + shift - slope * middle
            bins = BINS_PER_OCTAVE * float(np.log2(speed)) if kind == RESAMPLED else bins
        else:
            at_centre += shift
    order = np.argsort(-nearness)
    moments, first = np.unique(query[order], return_index=True)
    weight = float(nearness[order][first].sum())
    return Line(track, speed, at_centre, float(hits.bins[near].mean()), moments, weight)


def _nearness(away: NDArray[np.float64], stretched: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weight of hits so many frames off a line, whose spans tell a speed so far off its own (logarithm).

    The peaks of one held note are 13 frames or more apart: a wrong line that wavers between them must not win
    over the right one.
    """
    return np.asarray(
        np.exp(-((away / NEAR_FRAMES) ** 2) - (stretched / NEAR_STRETCH) ** 2), dtype=np.float64
    )


def _p_value(line: Line, total_frames: int) -> float:
    """Chance that unrelated music gives as many votes on such a line, anywhere in the index."""
    unchanged = abs(line.speed - 1) < UNCHANGED_SPEED and abs(line.bins) < UNCHANGED_BINS
    rate = UNCHANGED_RATE if unchanged else CHANGED_RATE
    tracks = max(1.0, total_frames / NULL_TRACK_FRAMES)
    return float(min(1.0, tracks * rate * 2.0 ** ((NULL_VOTES - line.votes) / VOTES_PER_HALVING)))


def matched_s(at: list[tuple[Line, int, float]]) -> float:
    """Seconds of the query, in halves, that hold a moment of a line."""
    halves = {int((moment + centre) / FRAME_RATE * 2) for line, centre, _ in at for moment in line.moments}
    return len(halves) / 2


def _found(track: int, at: list[tuple[Line, int, float]], searched: int) -> Found:
    best, centre, _ = max(at, key=lambda entry: entry[0].votes)
    covered_s = matched_s(at)
    return Found(
        track=track,
        score=min(1.0, covered_s * FRAME_RATE / searched),
        offset_s=(best.at_centre - best.speed * centre) / FRAME_RATE,
        speed=best.speed,
        pitch=float(2 ** (best.bins / BINS_PER_OCTAVE)),
        matched_s=covered_s,
        votes=best.votes,
        p_value=min(p_value for _, _, p_value in at),
    )
