"""The large made-up index answers like a real one; the comparison's matcher finds what was laid in."""

from pathlib import Path

import numpy as np
import pytest

from lab.evaluation.fingerprint import growth
from lab.evaluation.fingerprint import scale as scale
from lab.evaluation.fingerprint.chromaprint import Catalogue
from lab.metrics import wilson
from provenance.fingerprint import Fingerprint, extract, triplets
from provenance.fingerprint.mapped import SortedPostings
from provenance.fingerprint.search import search
from tests.signals import music

RATE = 22050
TRACKS = 100_000


def test_a_hundred_thousand_tracks(tmp_path: Path) -> None:
    """The structure of the full test, with tracks of half a second."""
    songs = [music(12.0, RATE, seed=100 + n) for n in range(3)]
    references = [extract(song, RATE) for song in songs]
    rng = np.random.default_rng(0)
    frames = scale.build(tmp_path, references, TRACKS, 0.5, rng)
    index = SortedPostings.open(tmp_path)
    assert frames == sum(r.frames for r in references) + (TRACKS - 3) * round(0.5 * 11025 / 128)
    for number, song in enumerate(songs):
        best = search(extract(song[:, 2 * RATE : 11 * RATE], RATE), index, frames)[0]
        assert best.track == number and best.main.offset_s == pytest.approx(2.0, abs=0.05)
        assert best.main.speed == pytest.approx(1.0, abs=0.003)
    stranger = extract(music(9.0, RATE, seed=7), RATE)
    assert search(stranger, index, frames) == []


def test_made_up_hashes_crowd_like_the_real_ones_they_came_from() -> None:
    references = [extract(music(8.0, RATE, seed=100 + n), RATE) for n in range(2)]
    values = triplets.values(np.concatenate([r.reference().hashes for r in references]))
    drawn = scale.draw(values, 50_000, np.random.default_rng(0))
    assert np.all(np.diff(drawn) >= 0) and 0.9 * 50_000 < len(drawn) <= 50_000
    share = float(np.isin(drawn, triplets.keys(values)).mean())
    assert 0.0005 < share < 0.2  # moved off the very cells, but still among them: uniform ones would never be


def test_chromaprints_are_laid_over_each_other_at_every_offset() -> None:
    rng = np.random.default_rng(0)
    long, short = (rng.integers(0, 1 << 32, n, dtype=np.uint32) for n in (200, 40))
    catalogue = Catalogue([long, short])
    damaged = long[70:130] ^ np.uint32(1)  # one bit of each word
    rates = catalogue.error_rates(damaged)
    assert rates[0] == pytest.approx(1 / 32) and rates[1] > 0.4
    around = np.concatenate([long[:30], short, long[:30]])  # a query longer than the reference that is in it
    assert catalogue.error_rates(around)[1] == 0.0
    assert (catalogue.error_rates(long[:8]) == 1.0).all()


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"), [(0, 10, 0.0, 0.2775), (5, 10, 0.2366, 0.7634), (0, 0, 0.0, 1.0)]
)
def test_wilson(successes: int, trials: int, low: float, high: float) -> None:
    """Values of R's `binom.confint(method = "wilson")`."""
    assert wilson(successes, trials) == pytest.approx((low, high), abs=2e-4)


def test_segments_answer_like_one_copy(tmp_path: Path) -> None:
    songs = [music(12.0, RATE, seed=100 + n) for n in range(3)]
    references = [extract(song, RATE) for song in songs]
    queries: list[tuple[int | None, Fingerprint]] = [
        (number, extract(song[:, 2 * RATE : 11 * RATE], RATE)) for number, song in enumerate(songs)
    ]
    queries.append((None, extract(music(9.0, RATE, seed=7), RATE)))
    sizes = growth.sizes_of(3000)
    assert sum(sizes) == 3000 and len(sizes) > len(growth.NEWEST) + 2
    assert all(size > 2 * sum(sizes[place + 1 :]) for place, size in enumerate(sizes[:-4]))
    one, grown = (
        growth.laid_out("", layout, references, queries, 0.5, tmp_path) for layout in ([3000], sizes)
    )
    assert (one.found, grown.found) == (3, 3)
    assert len(grown.cpu_s) == len(grown.read) == 4 and all(grown.read)
    assert "found |" in growth.page([one, grown], 3, 3000, 0.5, 1)
