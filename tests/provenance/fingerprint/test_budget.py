"""What one query may read: one budget wherever hashes lie, and what it passes over tells nothing."""

from pathlib import Path

import numpy as np
import pytest

from lab.evaluation.fingerprint import scale
from provenance.fingerprint import Fingerprint, extract, triplets
from provenance.fingerprint import search as searching
from provenance.fingerprint.mapped import SortedPostings
from provenance.fingerprint.postings import Filed, IntArray, Owned, Postings, Together, affordable
from provenance.fingerprint.search import search
from tests.signals import music

RATE = 44100
TRACKS, TRACK_S = 5000, 0.5


class Read:
    """An index that notes how many postings each look-up gave."""

    def __init__(self, filed: Filed) -> None:
        self.filed, self.counts = filed, list[int]()

    def sizes(self, keys: IntArray) -> IntArray:
        return self.filed.sizes(keys)

    def lookup(self, keys: IntArray) -> Postings:
        found = self.filed.lookup(keys)
        self.counts.append(len(found.track))
        return found


@pytest.fixture(scope="module")
def known() -> Fingerprint:
    return extract(music(12.0, RATE, seed=100), RATE)


@pytest.fixture(scope="module")
def crowd(known: Fingerprint, tmp_path_factory: pytest.TempPathFactory) -> tuple[SortedPostings, int]:
    """The track among thousands of strangers that share its hashes, and the length of all."""
    folder: Path = tmp_path_factory.mktemp("crowd")
    frames = scale.build(folder, [known], TRACKS, TRACK_S, np.random.default_rng(0))
    return SortedPostings.open(folder), frames


@pytest.fixture(scope="module")
def asked() -> Fingerprint:
    return extract(music(12.0, RATE, seed=100)[:, RATE : 11 * RATE], RATE)


def test_the_rarest_keys_are_read() -> None:
    sizes = np.array([5, 1, 9, 0, 3, 1])
    assert affordable(sizes, 19).all()
    assert affordable(sizes, 5).tolist() == [False, True, False, True, True, True]
    assert affordable(sizes, 0).tolist() == [False, False, False, True, False, False]
    assert affordable(np.zeros(0, np.int64), 0).tolist() == []


def test_what_is_told_is_what_is_read(crowd: tuple[SortedPostings, int], known: Fingerprint) -> None:
    keys = np.unique(triplets.keys(triplets.values(known.hashes)))
    sizes, found = crowd[0].sizes(keys), crowd[0].lookup(keys)
    assert (np.bincount(found.position, minlength=len(keys)) <= sizes).all() and sizes.max() > 3


@pytest.mark.parametrize("places", [1, 2, 5])
def test_several_places_share_one_budget(
    crowd: tuple[SortedPostings, int], asked: Fingerprint, places: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each copy once had a budget of its own, so that a query of seven copies read seven times as much."""
    monkeypatch.setattr(searching, "BUDGET", 2000)
    filed, frames = crowd
    together = Read(Together([Owned(filed, 0, n * TRACKS) for n in range(places)]))
    search(asked, together, frames * places)
    assert together.counts and max(together.counts) <= 2000


def test_what_was_passed_over_is_not_unexplained(
    crowd: tuple[SortedPostings, int], asked: Fingerprint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A clean copy in a crowded index was asked for at hundreds of changes: nobody had asked for the rest."""
    filed, frames = crowd
    whole = Read(filed)
    (all_read, *_) = search(asked, whole, frames)
    assert all_read.track == 0 and len(whole.counts) == 1
    monkeypatch.setattr(searching, "BUDGET", 200)
    some = Read(filed)
    (some_read, *_) = search(asked, some, frames)
    assert some_read.track == 0 and some_read.main.votes < 0.75 * all_read.main.votes
    assert len(some.counts) == 1
