"""Two recordings that sound at once are told from one that is filed twice."""

import numpy as np
import pytest
import torch
from sqlalchemy import Engine
from torch import Tensor

from lab.evaluation.fingerprint.mixed import Row, page, row
from lab.sound.songs import song
from lab.sound.transforms import compressor, equaliser
from provenance.fingerprint import Match, SqlIndex, extract

RATE = 32_000
ONE, OTHER = "a" * 16, "b" * 16


@pytest.fixture(scope="module")
def songs() -> tuple[Tensor, Tensor]:
    return song(1, 20.0, RATE), song(2, 20.0, RATE)


def told(index: SqlIndex, filed: tuple[Tensor, Tensor], query: Tensor) -> dict[str, tuple[str, ...]]:
    for name, wav in zip((ONE, OTHER), filed, strict=True):
        index.add(name, extract(wav, RATE))
    return {match.record_id: match.mixed_with for match in index.query(extract(query, RATE))}


def test_a_mash_up_holds_two_recordings(engine: Engine, songs: tuple[Tensor, Tensor]) -> None:
    found = told(SqlIndex(engine), songs, 0.5 * (songs[0] + songs[1]))
    assert found == {ONE: (OTHER,), OTHER: (ONE,)}


def test_a_recording_that_is_filed_twice_is_one(engine: Engine, songs: tuple[Tensor, Tensor]) -> None:
    rng = np.random.default_rng(0)
    mastered = compressor(equaliser(songs[0], RATE, rng, depth_db=6.0), RATE, rng)
    assert told(SqlIndex(engine), (songs[0], mastered), songs[0]) == {ONE: (), OTHER: ()}


def test_tracks_that_follow_one_another_are_not_mixed(engine: Engine, songs: tuple[Tensor, Tensor]) -> None:
    parts = [wav[:, : 10 * RATE] for wav in songs]
    found = told(SqlIndex(engine), songs, torch.cat(parts, 1))
    assert found == {ONE: (), OTHER: ()}


def test_the_page_counts_what_was_told_of_pairs_that_were_found() -> None:
    def match(*mixed_with: str) -> Match:
        return Match(ONE, 0.9, 0.0, 1.0, 1.0, 9.0, 40, 1e-12, (), mixed_with)

    pairs = [[match(OTHER), match(ONE)], [match(), match()], [match()]]
    assert row("mash-up", pairs, mashed=True) == Row("mash-up", True, 3, 2, 1)
    told_of = page([row("mash-up", pairs, mashed=True), row("twice", pairs[1:2], mashed=False)], 3)
    assert "| mash-up | 3 | 2 | 1 | 50 (9-91) |" in told_of
    assert "| twice | 1 | 1 | 0 | 100 (21-100) |" in told_of
