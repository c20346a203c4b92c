"""How loud a voice is over its backing: the regression, and what it was fitted to."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from core.cards import load, write
from core.errors import WeightsError
from detector.voice import activity
from detector.voice.activity import VocalActivity
from detector.voice.backing import ALONE_DB, CARD, LEAST_DB, WITHIN, BackingLevel
from lab.evaluation.voice.backing_page import section
from lab.evaluation.voice.held_out_page import inserted
from lab.training.voice import backing
from tests.signals import music, noise

ROOT = Path(__file__).resolve().parents[3]
SHA256 = load(Path(activity.__file__).with_name("activity.toml"))[0].sha256


def test_a_ridge_regression_finds_what_depends_on_its_inputs() -> None:
    rng = np.random.default_rng(3)
    heard = rng.standard_normal((4000, 6)) * [1, 2, 3, 4, 5, 6] + 7
    target = heard @ [4.0, 0.0, 0.0, -1.0, 0.0, 0.0]
    target -= target.mean() - 8.0
    level = BackingLevel(**backing.fitted(heard, target), within_db=0.0)
    found = level.above_db(torch.tensor(heard, dtype=torch.float32)).numpy()
    assert np.abs(found - target.clip(LEAST_DB, ALONE_DB)).mean() < 1.0
    far = level.above_db(torch.full((1, 6), 1e6))
    assert LEAST_DB <= float(far) <= ALONE_DB, "what training never saw is no level of its own"


def test_weights_fitted_to_another_network_are_refused(tmp_path: Path) -> None:
    assert BackingLevel.load(SHA256).within_db > 0
    with pytest.raises(WeightsError, match="fit it again"):
        BackingLevel.load("0" * 64)
    card, tensors = load(CARD)
    write(replace(card, config={"activity_sha256": "1" * 64}), tensors, tmp_path / "backing.toml")
    with pytest.raises(WeightsError, match="fit it again"):
        BackingLevel.load(SHA256, tmp_path / "backing.toml")


def test_every_window_has_a_level_within_what_was_mixed() -> None:
    wav = 0.1 * music(6.0, 16000, 3)[0] + 0.1 * noise(6.0, 16000)[0]
    found = VocalActivity.load().find(wav)
    assert found.above_db is not None and found.above_db.shape == found.starts_s.shape
    assert bool(((found.above_db >= LEAST_DB) & (found.above_db <= ALONE_DB)).all())


def test_a_mix_has_the_ratio_that_was_asked_for() -> None:
    rng = np.random.default_rng(1)
    voice, under = (music(4.0, 16000, seed)[0].numpy() for seed in (5, 6))
    alone = backing.window(voice, under, None, np.random.default_rng(2))
    mix = backing.window(voice, under, 12.0, np.random.default_rng(2))
    assert 20 * np.log10(np.sqrt(np.mean(alone**2) / np.mean((mix - alone) ** 2))) == pytest.approx(
        12.0, abs=0.01
    )
    heard, target = backing.drawn(activity.trained()[0], [[[voice]], [[under]]], [[under]], 6, rng)
    assert heard.shape == (6, 896) and ((target >= LEAST_DB) & (target <= ALONE_DB)).all()


def test_figures_tell_the_error_by_level(tmp_path: Path) -> None:
    tensors = {n: torch.zeros(1) for n in ("low", "mean", "bias")}
    tensors |= {n: torch.ones(1) for n in ("high", "spread", "weight")}
    level = BackingLevel(**tensors, within_db=0.0)
    target = np.array([0.0, 0.0, 10.0, ALONE_DB])
    told = backing.figures(
        level, np.array([[0.0], [1.0], [0.0], [0.0]]), np.array([True, False, True, True]), target
    )
    assert told["levels"]["10 dB"] == {"windows": 1, "told": 0.0, "error": 10.0, "singing": 10.0}
    assert told["levels"]["alone"]["error"] == ALONE_DB and told["error"] == 9.0
    card = tmp_path / "backing.toml"
    backing.record(told, tensors, 4, card, tmp_path / "results.json")
    assert load(card)[0].metrics[WITHIN] == told[WITHIN]


def test_the_committed_page_is_written_from_the_committed_results() -> None:
    results = json.loads((ROOT / "docs/benchmarks/voice-backing.json").read_text())
    page = (ROOT / "docs/benchmarks/voice.md").read_text()
    assert inserted(page, section(results)) == page
    assert load(CARD)[0].metrics[WITHIN] == results[WITHIN]
