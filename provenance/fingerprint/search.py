"""From a query to the tracks that it holds, in stages that grow wider only while much is unexplained.

First all hashes of a window are asked for as they are, with their neighbouring keys; where that explains too
little, the stronger ones at every change of speed and pitch that players make, and what comes up is asked for
again with all hashes. A match is never one hash: hits count only on one line through one track, and at least
`MIN_VOTES` distinct moments of the query must lie on it, over `MIN_MATCHED_S`. How many unrelated music gets
was measured; the p-value that follows grows with the index and with the query, so larger ones ask for more.
"""

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from provenance.fingerprint import triplets
from provenance.fingerprint.chance import needed_votes
from provenance.fingerprint.extract import Fingerprint
from provenance.fingerprint.lines import Hits, Line, distinct, find_lines
from provenance.fingerprint.match import Found, Match
from provenance.fingerprint.mixed import mixed_with
from provenance.fingerprint.played import CHANGED, FAR, UNCHANGED, Played
from provenance.fingerprint.postings import Filed, affordable
from provenance.fingerprint.stretches import stretches_of
from provenance.fingerprint.windows import Window, Windows

IntArray = NDArray[np.int64]

SCREENING, FAR_SCREENING = 600, 250
"""How many of a window's hashes are asked for at every change of speed and pitch."""
SCREENED_VOTES = 3
CHECKED = 3
SETTLED = 0.7
"""Share of the moments that were asked for on lines, above which wider stages are not tried. A clean copy
explains nine in ten, one at 64 kbit/s eight; below this there is room for another track, at another speed (a
mash-up)."""
BUDGET = 2_000_000
"""Postings that are read at most when hashes are asked for once, wherever they lie. Less than these passes
over the track that is sought among a million others (decision 0227)."""


class Index(Protocol):
    """Known tracks and a way to find them."""

    def add(self, record_id: str, fingerprint: Fingerprint) -> None:
        """File a track; `RegistryError` where the id is taken."""

    def remove(self, record_id: str) -> None:
        """Forget a track; `RegistryError` where it is unknown."""

    def query(self, fingerprint: Fingerprint) -> list[Match]:
        """Tracks that the audio holds, best first."""


@dataclass(frozen=True)
class Asked:
    """What became of a window's hashes at one change.

    Attributes:
        hits: of those that were asked for.
        moments: distinct frames at which a hash of the kind that an index keeps was asked for, [M].
    """

    hits: Hits
    moments: IntArray


def search(fingerprint: Fingerprint, filed: Filed, total_frames: int) -> list[Found]:
    """Find tracks in a query, over its whole length: a window at a time, at the same cost each.

    Args:
        fingerprint: of the query.
        filed: the hashes of known tracks.
        total_frames: length of all filed tracks together, for the p-value.

    Returns:
        Tracks by falling number of votes.
    """
    windows = Windows(fingerprint)
    needed = needed_votes(total_frames)
    seen: dict[int, list[Line]] = {}
    for window in windows:
        for line in window_lines(window, filed, needed):
            seen.setdefault(line.track, []).append(line.moved(window.centre))

    def trace(number: int, line: Line) -> IntArray:
        """Moments of a window on a line that was found in another one, in frames of the query."""
        window = windows[number]
        hits = hits_at(window, line.played, filed).hits
        return hits.near(line.moved(-window.centre)) + window.centre

    found, moments = [], {}
    for track, lines in seen.items():
        heard, moments[track] = stretches_of(lines, windows, total_frames, trace)
        if heard:
            matched = sum(stretch.matched_s for stretch in heard)
            found.append(Found(track, min(1.0, matched / fingerprint.duration_s), heard))
    told = [replace(one, mixed_with=mixed_with(one, found, moments)) for one in found]
    return sorted(told, key=lambda f: (-f.main.votes, f.track))


def window_lines(window: Window, filed: Filed, needed: int) -> list[Line]:
    """The lines of each track, of at least `needed` votes each.

    Unchanged ones first; changed ones where those leave most of the window unexplained. All hashes are asked
    for even when the filed kind has named a track, since a mix holds another one.
    """
    asked = hits_at(window, UNCHANGED, filed)
    lines = find_lines(asked.hits, [UNCHANGED], needed)
    for assumed, few in ((CHANGED, SCREENING), (FAR, FAR_SCREENING)):
        explained = {moment for line in lines for moment in line.moments.tolist()}
        if len(explained) >= SETTLED * len(asked.moments):
            break
        lines = distinct([*lines, *screen(window, assumed, few, filed, needed)], needed)
    return lines


def screen(window: Window, assumed: list[Played], few: int, filed: Filed, needed: int) -> list[Line]:
    """Ask for a few hashes at every change, then for all at those changes at which a track came up."""
    strong = np.flatnonzero(window.strong)
    if not len(strong):
        return []
    chosen = strong[:: -(-len(strong) // few)]
    lines: list[Line] = []
    seen = find_lines(ask(window, chosen, assumed, filed), assumed, SCREENED_VOTES)
    for line in seen[:CHECKED]:
        first = thorough(window, line.played, filed, needed)
        # The few hashes tell the speed roughly; the fitted one finds more.
        again = thorough(window, first[0].played, filed, needed) if first else []
        lines += [*first, *again]
    return distinct(lines, needed)


def thorough(window: Window, played: Played, filed: Filed, needed: int) -> list[Line]:
    """Ask for all hashes of the window and their neighbouring keys, at one change."""
    return find_lines(hits_at(window, played, filed).hits, [played], needed)


def hits_at(window: Window, played: Played, filed: Filed) -> Asked:
    """Hits of all of the window's hashes, with their neighbouring keys, at one change."""
    probes = triplets.probes(triplets.at(window.cells, played.speed, played.bins))
    hits, read = _hits(probes.key, probes.owner, np.zeros(len(probes.key), np.int64), window.times, filed)
    told = probes.owner[read & probes.own]
    return Asked(hits, np.unique(window.times[told[window.strong[told]]]))


def ask(window: Window, which: IntArray, assumed: list[Played], filed: Filed) -> Hits:
    """Hits of some of the window's hashes, each under its own key only, at every assumed change."""
    cells, times = window.cells[:, which], window.times[which]
    key = triplets.keys(triplets.at_each(cells, [p.speed for p in assumed], [p.bins for p in assumed]))
    number = np.repeat(np.arange(len(assumed)), len(times))
    owner = np.tile(np.arange(len(times)), len(assumed))
    valid = key >= 0
    return _hits(key[valid], owner[valid], number[valid], times, filed)[0]


def _hits(
    key: IntArray, owner: IntArray, number: IntArray, times: IntArray, filed: Filed
) -> tuple[Hits, NDArray[np.bool_]]:
    """Hits of keys, [N], and which of the keys were read."""
    order = np.argsort(key)
    rising = key[order]
    first = starts(rising)
    repeats = np.diff(first, append=len(rising))
    distinct_keys = rising[first]
    chosen = affordable(filed.sizes(distinct_keys), BUDGET)
    postings = filed.lookup(distinct_keys[chosen])
    position = np.flatnonzero(chosen)[postings.position]
    # A key asked for by several query hashes pairs each of them with each of its postings.
    copies = repeats[position]
    row = np.repeat(np.arange(len(copies)), copies)
    nth = np.arange(len(row)) - np.repeat(np.cumsum(copies) - copies, copies)
    asker = order[first[position[row]] + nth]
    read = np.empty(len(key), np.bool_)
    read[order] = np.repeat(chosen, repeats)
    return Hits(number[asker], postings.track[row], times[owner[asker]], postings.time[row]), read


def starts(rising: IntArray) -> IntArray:
    """Where each distinct value of a rising array begins."""
    return np.flatnonzero(np.diff(rising, prepend=-1))
