"""What gives a recording away beside its content, and copies that hide it."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from core.clip import Clip, Source
from detector.music.adapters.confounds import common_rate, confounds, levelled, matched, probe
from detector.separation import auc
from tests.signals import music


def test_matched_copies_share_rate_length_level_and_channels() -> None:
    loud = Clip(music(3, 44100, 1), 44100, Source("a", "", 0, "wav", "pcm"))
    soft = Clip(0.05 * music(4, 22050, 2)[:1], 22050, Source("b", "", 0, "wav", "pcm"))
    copies = [matched(c, common_rate([44100, 22050]), 2.0) for c in (loud, soft)]
    facts = [confounds(c) for c in copies]
    assert [c.wav.shape for c in copies] == [torch.Size([1, 44100])] * 2
    assert facts[0][0] == facts[1][0] == 22050
    assert facts[0][1] == pytest.approx(facts[1][1], abs=1.0) and facts[0][1] == pytest.approx(-20.0, abs=1.0)
    assert confounds(loud)[3] > 0.0 == facts[0][3]


def test_the_common_rate_is_a_usual_one_that_all_reach() -> None:
    assert common_rate([44100, 48000]) == 44100
    assert common_rate([44100, 23000]) == 22050
    assert common_rate([7000]) == 8000


def test_a_level_never_clips() -> None:
    wav = levelled(torch.tensor([[0.0, 1.0, 0.0, 0.0]]), 0.0)
    assert float(wav.abs().max()) <= 1.0 + 1e-6


def test_a_copy_of_channels_that_cancel_is_not_silent() -> None:
    left = music(2, 22050, 3)[:1]
    copy = matched(Clip(torch.cat([left, -left]), 22050, Source("c", "", 0, "wav", "pcm")), 16000, 2.0)
    assert confounds(copy)[1] == pytest.approx(-20.0, abs=1.0)


def test_a_probe_finds_a_confound_in_rows_that_did_not_train_it() -> None:
    rng = np.random.default_rng(0)
    synthetic, folds = np.arange(200) % 2 == 1, np.arange(200) // 2 % 4
    told, blind = synthetic - 0.5 + 0.01 * rng.normal(size=200), rng.normal(size=200)
    ranks = np.argsort(np.argsort(np.stack([told, blind], 1), 0), 0) / 200 - 0.5
    scores = probe(ranks, synthetic, folds, lambda rows: rows / rows.sum(), 1e-2)
    assert auc(scores[synthetic], scores[~synthetic]) > 0.99
    # the other confound alone, 100 against 100 without a difference, five standard deviations
    alone = probe(ranks[:, 1:], synthetic, folds, lambda rows: rows / rows.sum(), 1e-2)
    assert 0.3 < auc(alone[synthetic], alone[~synthetic]) < 0.7


def test_rows_of_no_weight_teach_a_probe_nothing() -> None:
    synthetic, folds = np.arange(40) % 2 == 1, np.arange(40) // 20
    ranks = (np.arange(40)[:, None] * 7 % 40) / 40 - 0.5
    wrong = np.where(np.arange(40) % 5 == 0, ~synthetic, synthetic)

    def weigh(rows: NDArray[np.bool_]) -> NDArray[np.float64]:
        return np.where(rows & (np.arange(40) % 5 > 0), 1.0, 0.0)

    assert np.array_equal(
        probe(ranks, synthetic, folds, weigh, 1e-2), probe(ranks, wrong, folds, weigh, 1e-2)
    )
