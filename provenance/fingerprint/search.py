"""From shared hashes to tracks: a coarse vote over all tracks, then a line through the hits of the best ones.

A match is never one hash. Hits count only when they lie on one line (reference = speed * query + offset)
with one transposition, and at least `MIN_VOTES` distinct moments of the query must lie on it, over
`MIN_MATCHED_S`. How many unrelated music gets was measured; the p-value that follows grows with the index, so
a larger one asks for more.
"""

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
STRETCHES = np.exp(np.arange(-0.20, 0.2001, 0.01))
LINE_FRAMES = 7
FIT_FRAMES = 4.0
STRETCH_TOLERANCE = 0.08

# Votes that unrelated music gets, from 100,000 pairs of recordings (10 s queries): loops in one tempo do
# line up, far beyond independent hits, and the number of such pairs halves with every 1.5 votes.
NULL_VOTES = 8
NULL_TRACK_FRAMES = 1200
VOTES_PER_HALVING = 1.5
UNCHANGED_RATE = 1e-5
CHANGED_RATE = 2e-4


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
    windows = list(_windows(fingerprint.frames))
    for begin, end in windows:
        inside = (fingerprint.times >= begin) & (fingerprint.times < end)
        searched += end - begin
        centre = (begin + end) // 2
        hits = _hits(fingerprint, inside, centre, lookup)
        for line in _candidate_lines(hits):
            p_value = min(1.0, len(windows) * _p_value(line, total_frames))
            if (
                line.votes >= MIN_VOTES
                and p_value <= MAX_P
                and _matched_s([(line, centre, p_value)]) >= MIN_MATCHED_S
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


def _hits(fingerprint: Fingerprint, inside: NDArray[np.bool_], centre: int, lookup: Lookup) -> Hits:
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


def _candidate_lines(hits: Hits) -> list[Line]:
    """Lines of the tracks with the most hits at about one offset."""
    if not len(hits.track):
        return []
    cell = (hits.reference - hits.query) // CELL
    size = 1 << int(np.clip(np.ceil(np.log2(4 * len(cell))), 12, 22))
    # Hashed counting: the next cell of the same track is the next slot; collisions only add candidates.
    slot = (hits.track * 0x9E3779B1 + cell) & (size - 1)
    count = np.bincount(slot, minlength=size)
    pair = count + np.roll(count, -1)
    best = np.argpartition(pair, -4 * CANDIDATES)[-4 * CANDIDATES :]
    marked = np.zeros(size, bool)
    marked[best] = marked[(best + 1) & (size - 1)] = True
    near = np.flatnonzero(marked[slot])
    place, where, sizes = np.unique(
        hits.track[near] << 32 | (cell[near] + (1 << 31)), return_inverse=True, return_counts=True
    )
    together = sizes.copy()
    together[:-1] += np.where(np.diff(place) == 1, sizes[1:], 0)
    lines: dict[int, Line] = {}
    for at in np.argsort(-together, kind="stable")[: 2 * CANDIDATES]:
        track = int(place[at] >> 32)
        if together[at] < 3 or (track not in lines and len(lines) == CANDIDATES):
            continue
        cells = (place >= place[at] - 1) & (place <= place[at] + 2)
        inside = np.zeros(len(slot), bool)
        inside[near[cells[where]]] = True
        line = _best_line(hits.take(inside), track)
        if line is not None and (track not in lines or line.votes > lines[track].votes):
            lines[track] = line
    return list(lines.values())


def _best_line(hits: Hits, track: int) -> Line | None:
    """Hough vote over speed and offset, then two least-squares refinements."""
    best, speed, at_centre = 0, 1.0, 0.0
    for stretch in STRETCHES:
        agrees = abs(hits.log_speed - np.log(stretch)) <= STRETCH_TOLERANCE
        at = np.sort(hits.reference[agrees] - stretch * hits.query[agrees])
        inside = np.searchsorted(at, at + LINE_FRAMES) - np.arange(len(at))
        if len(at) and inside.max() > best:
            first = int(inside.argmax())
            best, speed = int(inside[first]), float(stretch)
            at_centre = float(np.median(at[first : first + best]))
    on = np.zeros(len(hits.query), bool)
    for _ in range(3):
        on = abs(hits.reference - speed * hits.query - at_centre) <= FIT_FRAMES
        on &= abs(hits.log_speed - np.log(speed)) <= STRETCH_TOLERANCE
        if on.any():
            on &= abs(hits.bins - np.median(hits.bins[on])) <= 1
        if np.ptp(hits.query[on]) < 2 * CELL if on.any() else True:
            break
        slope, at_centre = np.polyfit(hits.query[on], hits.reference[on], 1)
        speed = float(np.clip(slope, STRETCHES[0], STRETCHES[-1]))
    if not on.any():
        return None
    return Line(track, speed, float(at_centre), float(hits.bins[on].mean()), np.unique(hits.query[on]))


def _p_value(line: Line, total_frames: int) -> float:
    """Chance that unrelated music gives as many votes on such a line, anywhere in the index."""
    rate = _chance_rate(float(np.log(line.speed)), line.bins / BINS_PER_OCTAVE * float(np.log(2)))
    tracks = max(1.0, total_frames / NULL_TRACK_FRAMES)
    return float(min(1.0, tracks * rate * 2.0 ** ((NULL_VOTES - line.votes) / VOTES_PER_HALVING)))


def _chance_rate(log_speed: float, log_pitch: float) -> float:
    """Share of unrelated tracks with `NULL_VOTES` votes on such a line; 1 for lines that no player draws."""
    if abs(log_speed) < 0.006 and abs(log_pitch) < 0.014:
        return UNCHANGED_RATE
    resampled = abs(log_speed - log_pitch) < 0.02 and abs(log_speed) < 0.14
    stretched = abs(log_pitch) < 0.016 and abs(log_speed) < 0.09
    transposed = abs(log_speed) < 0.01 and abs(log_pitch) < 0.09
    return CHANGED_RATE if resampled or stretched or transposed else 1.0


def _matched_s(at: list[tuple[Line, int, float]]) -> float:
    """Seconds of the query, in halves, that hold a moment of a line."""
    halves = {int((moment + centre) / FRAME_RATE * 2) for line, centre, _ in at for moment in line.moments}
    return len(halves) / 2


def _found(track: int, at: list[tuple[Line, int, float]], searched: int) -> Found:
    best, centre, _ = max(at, key=lambda entry: entry[0].votes)
    matched_s = _matched_s(at)
    return Found(
        track=track,
        score=min(1.0, matched_s * FRAME_RATE / searched),
        offset_s=(best.at_centre - best.speed * centre) / FRAME_RATE,
        speed=best.speed,
        pitch=float(2 ** (best.bins / BINS_PER_OCTAVE)),
        matched_s=matched_s,
        votes=best.votes,
        p_value=min(p_value for _, _, p_value in at),
    )
