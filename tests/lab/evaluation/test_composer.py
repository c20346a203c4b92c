"""How a composer is judged: statistics, the rule, what is found again, and the page as a whole."""

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from core import cards
from core.cards import Card
from lab.evaluation.composer import judge
from lab.evaluation.composer.statistics import NAMES, statistics
from lab.training.composer.music import Music, Piece
from provenance.generate import Composer, Shape
from provenance.generate.composer import CARD
from tests.signals import music as song
from tests.signals import noise

SMALL = Shape(24_000, 480, 8, 1, 16, 3, 16, 2, 32, 1, 2, 5)


def test_the_page_measures_a_model_that_nobody_trained_and_finds_it_wanting(tmp_path: Path) -> None:
    torch.manual_seed(0)
    tensors = {name: value.half() for name, value in Composer(SMALL).state_dict().items()}
    card = Card("small", "1", "", "", "CC0-1.0", "nothing", "c0ffee", "2026-01-01", {}, asdict(SMALL))
    cards.write(card, tensors, tmp_path / CARD)
    songs = [song(10.0, SMALL.rate, seed=seed).mean(0) for seed in range(3)]
    length = len(songs[0])
    pieces = tuple(Piece("s", n * length, length, n > 0) for n in range(3))
    page = judge.page(tmp_path, Music(torch.cat(songs), SMALL.rate, pieces), 2)
    assert page.count("- met: ") + page.count("- not met: ") == 7
    assert "not met: mel distance" in page and "not met: SI-SDR" in page
    assert "- met: 0 pieces found" in page
    assert all(f"| {name} |" in page for name in NAMES)


def test_held_out_music_sounds_and_comes_of_all_collections() -> None:
    rate, silence = 100, torch.zeros(3000)
    late = torch.cat([silence, torch.full((3000,), 0.5), silence])
    wavs = [silence, *[late] * 10, 2 * late, late]
    sources = ["stems"] * 11 + ["songs", "tunes"]
    firsts = np.cumsum([0, *map(len, wavs)]).tolist()
    pieces = [Piece(s, f, len(w), True) for s, f, w in zip(sources, firsts, wavs, strict=False)]
    heard = judge.held_out(Music(torch.cat(wavs), rate, tuple(pieces)), 30)
    assert [float(wav.mean()) for wav in heard] == [0.5, 1.0] + [0.5] * 7


def test_statistics_tell_music_from_noise_and_from_a_tone() -> None:
    tune = statistics(song(10.0, 24_000), 24_000)
    hiss = statistics(noise(10.0, 24_000), 24_000)
    time = torch.arange(240_000) / 24_000
    tone = statistics(0.3 * torch.sin(2 * torch.pi * 440 * time)[None], 24_000)
    assert tune.steadiness > 2 * abs(hiss.steadiness)
    assert tune.pulse > hiss.pulse and tune.onsets_per_s > tone.onsets_per_s
    assert tone.change < 0.5 * tune.change
    assert hiss.flatness_db == pytest.approx(-2.5, abs=0.1) and tune.flatness_db < -6.0
    assert tone.level_db < 0.1


def test_the_rule_asks_for_all_of_it() -> None:
    people = np.random.default_rng(0).normal(size=(200, len(NAMES)))
    good = judge.Played(people[:50], 0, 1.0)
    ours, opus = judge.Heard(2.0, 5.0), judge.Heard(3.0, 4.0)
    assert all(met for _, met in judge.rule(ours, opus, people, good, 1000))
    stuck = replace(good, rows=good.rows + 5.0)
    for changed in (
        judge.rule(judge.Heard(4.0, 5.0), opus, people, good, 1000),
        judge.rule(judge.Heard(2.0, 2.0), opus, people, good, 1000),
        judge.rule(ours, opus, people, replace(good, copied=1), 1000),
        judge.rule(ours, opus, people, replace(good, seconds=9.0), 1000),
        judge.rule(ours, opus, people, good, 1 << 25),
    ):
        assert [met for _, met in changed].count(False) == 1
    assert [met for _, met in judge.rule(ours, opus, people, stuck, 1000)].count(False) == 2


def test_what_replays_its_training_music_is_found(tmp_path: Path) -> None:
    songs = [song(12.0, 24_000, seed=seed).mean(0) for seed in range(3)]
    tape = Music(
        torch.cat(songs),
        24_000,
        tuple(Piece("s", n * len(songs[0]), len(songs[0]), n == 2) for n in range(3)),
    )
    played = [songs[1][None, 24_000:-24_000], songs[2][None]]
    assert judge.copied(played, 24_000, tape) == 1


def test_distortion_is_measured_whatever_the_level() -> None:
    original, other = noise(1.0, 8000, seed=1), noise(1.0, 8000, seed=2)
    assert judge.si_sdr_db(original, 0.3 * original) > 60.0
    assert judge.si_sdr_db(original, 2 * (original + 0.1 * other)) == pytest.approx(20.0, abs=0.5)
