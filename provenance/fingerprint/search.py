"""From a query to the tracks that it holds, in stages that grow wider only while nothing is found.

First all hashes of the query are asked for as they are, with their neighbouring keys; where that finds too
little, the stronger ones at every change of speed and pitch that players make, and what comes up is asked for
again with all hashes. A match is never one hash: hits count only on one line through one track, and at least
`MIN_VOTES` distinct moments of the query must lie on it, over `MIN_MATCHED_S`. How many unrelated music gets
was measured; the p-value that follows grows with the index, so a larger one asks for more.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from provenance.fingerprint import triplets
from provenance.fingerprint.extract import Fingerprint
from provenance.fingerprint.lines import Hits, Line, find_lines
from provenance.fingerprint.peaks import BINS_PER_OCTAVE, FRAME_RATE
from provenance.fingerprint.played import CHANGED, FAR, UNCHANGED, Played

IntArray = NDArray[np.int64]

MIN_VOTES = 6
MIN_MATCHED_S = 1.5
MAX_P = 1e-4
WINDOW_FRAMES = 1034  # 12 s
MAX_WINDOWS = 8
SCREENING, FAR_SCREENING = 600, 250
"""How many of a window's hashes are asked for at every change of speed and pitch."""
SCREENED_VOTES = 3
CHECKED = 3
GAP_S = 5.0
SETTLED = 0.2
"""Share of a window's moments on the best line above which changes of speed are not tried: a track at another
speed may also meet a few of its own hits at the wrong one."""
NULL_TRACK_FRAMES = 1200

# Votes that unrelated music gets on one line. Of 173,000 pairs of a 10 s query and a track of another
# collection one reached 6, at any speed and pitch: the rate is the upper limit of the 95 % interval. From 3
# votes to 6 the number halves with every half vote; three quarters are taken, because music shares patterns
# that few pairs show. `lab.evaluation.fingerprint` counts again.
NULL_VOTES = 6
VOTES_PER_HALVING = 0.75
NULL_RATE = 2.7e-5


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
        stretches: where in the query they lie, (start, end) in seconds; shorter gaps than `GAP_S` are closed.
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
    stretches: tuple[tuple[float, float], ...] = ()


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
    """

    position: IntArray
    track: IntArray
    time: IntArray


Lookup = Callable[[IntArray], Postings]
"""Postings of an array of distinct keys in rising order."""


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
    stretches: tuple[tuple[float, float], ...] = ()

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
            self.stretches,
        )


@dataclass(frozen=True)
class Window:
    """A stretch of a query.

    Attributes:
        cells: `triplets.values` of its hashes, [5, N].
        times: their frames, counted from `centre`, [N].
        strong: which of them are of the kind that an index keeps, [N].
        centre: frame of the query.
        frames: length.
    """

    cells: NDArray[np.float32]
    times: IntArray
    strong: NDArray[np.bool_]
    centre: int
    frames: int


def windows(fingerprint: Fingerprint) -> list[Window]:
    """The stretches of 12 s in which a query is searched, at most `MAX_WINDOWS`, spread evenly."""
    made = []
    for begin, end in _stretches(fingerprint.frames):
        inside = np.flatnonzero((fingerprint.times >= begin) & (fingerprint.times < end))
        centre = (begin + end) // 2
        times = fingerprint.times[inside].astype(np.int64) - centre
        cells = triplets.values(fingerprint.hashes[inside])
        made.append(Window(cells, times, inside < fingerprint.filed, centre, end - begin))
    return made


def _stretches(frames: int) -> Iterator[tuple[int, int]]:
    count = min(MAX_WINDOWS, max(1, round(frames / WINDOW_FRAMES)))
    length = min(frames, WINDOW_FRAMES) if count > 1 else min(frames, WINDOW_FRAMES * 3 // 2)
    for n in range(count):
        begin = round(n * (frames - length) / max(1, count - 1))
        yield begin, begin + length


def search(fingerprint: Fingerprint, lookup: Lookup, total_frames: int) -> list[Found]:
    """Find tracks in a query.

    Args:
        fingerprint: of the query.
        lookup: gives the postings of keys.
        total_frames: length of all filed tracks together, for the p-value.

    Returns:
        Tracks by falling number of votes.
    """
    found: dict[int, list[tuple[Line, int, float]]] = {}
    stretches = windows(fingerprint)
    for window in stretches:
        for line in window_lines(window, lookup, needed_votes(total_frames)):
            p_value = min(1.0, len(stretches) * chance(line.votes, total_frames))
            if p_value <= MAX_P and matched_s([(line, window.centre, p_value)]) >= MIN_MATCHED_S:
                found.setdefault(line.track, []).append((line, window.centre, p_value))
    searched = sum(window.frames for window in stretches)
    return sorted(
        (_found(track, at, searched) for track, at in found.items()), key=lambda f: (-f.votes, f.track)
    )


def window_lines(window: Window, lookup: Lookup, needed: int) -> list[Line]:
    """The best line of each track, of at least `needed` votes.

    Unchanged ones first; changed ones where those leave most of the window unexplained. All hashes are asked
    for even when the filed kind has named a track, since a mix holds another one.
    """
    best: dict[int, Line] = {}
    moments = len(np.unique(window.times[window.strong]))
    stages: tuple[Callable[[], list[Line]], ...] = (
        lambda: thorough(window, UNCHANGED, lookup, needed),
        lambda: screen(window, CHANGED, SCREENING, lookup, needed),
        lambda: screen(window, FAR, FAR_SCREENING, lookup, needed),
    )
    for stage in stages:
        for line in stage():
            if line.track not in best or line.votes > best[line.track].votes:
                best[line.track] = line
        if best and max(line.votes for line in best.values()) >= SETTLED * moments:
            break
    return sorted(best.values(), key=lambda line: (-line.votes, line.track))


def screen(window: Window, assumed: list[Played], few: int, lookup: Lookup, needed: int) -> list[Line]:
    """Ask for a few hashes at every change, then for all at those changes at which a track came up."""
    strong = np.flatnonzero(window.strong)
    if not len(strong):
        return []
    chosen = strong[:: -(-len(strong) // few)]
    best: dict[int, Line] = {}
    for seen in find_lines(ask(window, chosen, assumed, lookup), assumed, SCREENED_VOTES)[:CHECKED]:
        lines = thorough(window, seen.played, lookup, needed)
        # The few hashes tell the speed roughly; the fitted one finds more.
        again = thorough(window, lines[0].played, lookup, needed) if lines else []
        for line in [*lines, *again]:
            if line.track not in best or line.votes > best[line.track].votes:
                best[line.track] = line
    return sorted(best.values(), key=lambda line: (-line.votes, line.track))


def thorough(window: Window, played: Played, lookup: Lookup, needed: int) -> list[Line]:
    """Ask for all hashes of the window and their neighbouring keys, at one change."""
    cells = triplets.at(window.cells, played.speed, played.bins)
    key, owner = triplets.probes(cells)
    hits = _hits(key, owner, np.zeros(len(key), np.int64), window.times, lookup)
    return find_lines(hits, [played], needed)


def ask(window: Window, which: IntArray, assumed: list[Played], lookup: Lookup) -> Hits:
    """Hits of some of the window's hashes, each under its own key only, at every assumed change."""
    cells, times = window.cells[:, which], window.times[which]
    key = np.concatenate([triplets.keys(triplets.at(cells, p.speed, p.bins)) for p in assumed])
    number = np.repeat(np.arange(len(assumed)), len(times))
    owner = np.tile(np.arange(len(times)), len(assumed))
    valid = key >= 0
    return _hits(key[valid], owner[valid], number[valid], times, lookup)


def _hits(key: IntArray, owner: IntArray, number: IntArray, times: IntArray, lookup: Lookup) -> Hits:
    order = np.argsort(key)
    distinct, first, repeats = np.unique(key[order], return_index=True, return_counts=True)
    postings = lookup(distinct)
    # A key asked for by several query hashes pairs each of them with each of its postings.
    copies = repeats[postings.position]
    row = np.repeat(np.arange(len(copies)), copies)
    nth = np.arange(len(row)) - np.repeat(np.cumsum(copies) - copies, copies)
    asker = order[first[postings.position[row]] + nth]
    return Hits(number[asker], postings.track[row], times[owner[asker]], postings.time[row])


def needed_votes(total_frames: int) -> int:
    """Votes below which no line is a match in an index of that length."""
    halvings = math.log2(_tracks(total_frames) * NULL_RATE / MAX_P)
    return max(MIN_VOTES, math.ceil(NULL_VOTES + VOTES_PER_HALVING * halvings))


def chance(votes: int, total_frames: int) -> float:
    """Chance that unrelated music gets as many votes on one line, anywhere in the index."""
    halvings = (votes - NULL_VOTES) / VOTES_PER_HALVING
    return float(min(1.0, _tracks(total_frames) * NULL_RATE * 2.0**-halvings))


def _tracks(total_frames: int) -> float:
    return max(1.0, total_frames / NULL_TRACK_FRAMES)


def matched_s(at: list[tuple[Line, int, float]]) -> float:
    """Seconds of the query, in halves, that hold a moment of a line."""
    return len(_halves(at)) / 2


def stretches(at: list[tuple[Line, int, float]]) -> tuple[tuple[float, float], ...]:
    """Where in the query the moments of the lines lie, as (start, end) in seconds, in rising order."""
    found: list[tuple[float, float]] = []
    for half in sorted(_halves(at)):
        start, end = half / 2, (half + 1) / 2
        if found and start - found[-1][1] <= GAP_S:
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    return tuple(found)


def _halves(at: list[tuple[Line, int, float]]) -> set[int]:
    """The half seconds of the query that hold a moment of a line."""
    return {int((moment + centre) / FRAME_RATE * 2) for line, centre, _ in at for moment in line.moments}


def _found(track: int, at: list[tuple[Line, int, float]], searched: int) -> Found:
    best, centre, _ = max(at, key=lambda entry: entry[0].votes)
    covered_s = matched_s(at)
    return Found(
        track=track,
        score=min(1.0, covered_s * FRAME_RATE / searched),
        offset_s=(best.at_centre - best.played.speed * centre) / FRAME_RATE,
        speed=best.played.speed,
        pitch=float(2 ** (best.played.bins / BINS_PER_OCTAVE)),
        matched_s=covered_s,
        votes=best.votes,
        p_value=min(p_value for _, _, p_value in at),
        stretches=stretches(at),
    )
