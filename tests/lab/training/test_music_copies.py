from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from core.encode import encode
from lab.datasets import Recording
from lab.evaluation.music.tippett import draw, reached
from lab.training.music.copies import (
    analyse,
    deliver,
    delivered,
    delivered_rate,
    read,
    rng_for,
    route_of,
    save,
)
from tests.signals import music


def recording(name: str) -> Recording:
    return Recording(
        Path(f"a/{name}"),
        "ai_music",
        "ai",
        "p",
        "g",
        "",
        "CC0",
        "open",
        ("", "", ""),
        0.0,
        10.0,
        44100,
        2,
        "w",
    )


def test_both_classes_are_delivered_at_rates_of_one_distribution() -> None:
    rates = [16000, 24000, 44100]
    rng = np.random.default_rng(1)
    generated = [delivered_rate(int(rng.choice(rates)), rates, rng, synthetic=True) for _ in range(3000)]
    human = [delivered_rate(44100, rates, rng, synthetic=False) for _ in range(3000)]
    # the lower of two draws in both classes: 5 of 9 at 16 kHz; standard deviation 0.009 each
    assert np.mean(np.array(generated) == 16000) == pytest.approx(5 / 9, abs=0.05)
    assert np.mean(np.array(human) == 16000) == pytest.approx(5 / 9, abs=0.05)


def test_a_delivery_is_the_same_every_time_and_at_most_ten_seconds() -> None:
    wav = music(12, 44100, seed=1)
    first, second = (
        deliver(wav, 44100, [24000, 32000], rng_for(recording("x"), "chain-1"), synthetic=False)
        for _ in range(2)
    )
    assert first[1] == second[1] and torch.equal(first[0], second[0])
    assert first[0].shape[-1] / first[1] < 10.7
    other = rng_for(recording("y"), "chain-1")
    assert other.random() != rng_for(recording("x"), "chain-1").random()


def test_a_route_is_known_without_the_audio() -> None:
    everything = [recording("x")]
    first, second = (route_of(recording("x"), 44100, "chain-1", everything) for _ in range(2))
    assert first == second and first.rate == 44100
    ways = [route_of(recording(str(k)), 44100, "chain-1", everything) for k in range(400)]
    # chances of 0.7, 0.25 and 0.75: five standard deviations are 0.11
    assert np.mean([w.mono for w in ways]) == pytest.approx(0.7, abs=0.12)
    assert np.mean([w.speed != 1.0 for w in ways]) == pytest.approx(0.25, abs=0.12)
    assert np.mean([w.codec != "" for w in ways]) == pytest.approx(0.75, abs=0.12)


def test_a_matched_copy_leaves_a_probe_little(tmp_path: Path) -> None:
    encode(music(12, 44100, seed=2), 44100, tmp_path / "x.flac", codec="flac")
    wav, rate = delivered(replace(recording("x"), path=tmp_path / "x.flac"), "matched", [])
    assert rate == 16000 and wav.shape[0] == 1 and wav.shape[-1] == 160000
    assert 20 * np.log10(float(wav.square().mean().sqrt())) == pytest.approx(-20, abs=1.0)


def test_scores_come_back_as_saved(tmp_path: Path) -> None:
    analysed = analyse(music(10, 22050, seed=3), 22050)
    save(tmp_path / "a" / "b.npz", analysed)
    again = read(tmp_path / "a" / "b.npz")
    np.testing.assert_array_equal(again.whole, analysed.whole)
    np.testing.assert_array_equal(again.segments, analysed.segments)
    assert analysed.segments.shape == (2, 2 + analysed.whole.size)
    assert again.spacing_hz == analysed.spacing_hz > 0


def test_the_tippett_plot_is_a_picture_and_the_same_every_time(tmp_path: Path) -> None:
    scores = np.array([0.5, -1.0, 2.0])
    for name in ("a.png", "b.png"):
        draw({"native": (scores, -scores)}, tmp_path / name)
    assert (tmp_path / "a.png").read_bytes()[:4] == b"\x89PNG"
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert reached(scores)[1].tolist() == pytest.approx([1.0, 2 / 3, 1 / 3])
