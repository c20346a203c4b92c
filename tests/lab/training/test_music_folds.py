from pathlib import Path

import numpy as np
import pytest

from detector.music.features import COMB_FEATURES, IN_STEP, OPEN
from lab.datasets import Recording
from lab.training.music.folds import BROKEN, fit, fold_names, importance, out_of_fold

BELIEVED = np.where(np.arange(COMB_FEATURES) < IN_STEP, 1.0, BROKEN)


def recording(label: str, source: str, generator: str = "") -> Recording:
    kind = "ai_music" if label == "ai" else "human_music"
    return Recording(
        Path("x"), kind, label, source, generator, "", "CC0", "open", ("", "", ""), 0.0, 10.0, 44100, 2, "wav"
    )


def test_a_weight_is_one_over_what_nine_in_ten_stay_below() -> None:
    rows = np.random.default_rng(0).random((2000, COMB_FEATURES)) * 10
    weights = fit(rows, np.ones(2000))
    assert 1 / weights[0] == pytest.approx(9.0, abs=0.3)
    assert 1 / weights[OPEN] == pytest.approx(9.3, abs=0.3)


def test_a_rare_loud_group_does_not_set_the_weight() -> None:
    rows = np.ones((100, COMB_FEATURES))
    rows[:50] = 20.0
    share = np.where(np.arange(100) < 50, 0.001, 1.0)
    np.testing.assert_allclose(fit(rows, share), BELIEVED)


def test_importance_balances_classes_and_damps_large_groups() -> None:
    rows = [recording("ai", "p", "g")] * 4 + [recording("ai", "p", "h")] + [recording("human", "s")] * 9
    weight = importance(rows)
    assert weight[:5].sum() == pytest.approx(1) and weight[5:].sum() == pytest.approx(1)
    assert weight[:4].sum() == pytest.approx(2 * weight[4])


def test_folds_keep_a_page_and_a_collection_together() -> None:
    rows = [recording("ai", "p", "g"), *(recording("human", source) for source in "pss")]
    folds = fold_names(rows)
    assert folds[0] == folds[1] == "p"
    assert folds[2] == folds[3]


def test_weights_come_from_human_music_of_other_folds_only() -> None:
    # Each page's own human music is ten times louder than all others: seen, it would shrink its score to 1.
    rows, recordings = [], []
    for k in range(3):
        for label in ("ai", "human"):
            for _ in range(20):
                rows.append(np.full(COMB_FEATURES, 10.0 if k == 0 else 1.0))
                recordings.append(recording(label, f"page{k}", f"g{k}"))
    scores = out_of_fold(np.array(rows), recordings, np.ones(120, bool))
    expected = float((BELIEVED**3).sum()) ** (1 / 3)
    assert scores[0] == pytest.approx(10 * expected)
    changed = [*rows]
    for k, r in enumerate(recordings):
        if r.label == "ai":
            changed[k] = changed[k] * 5
    louder = out_of_fold(np.array(changed), recordings, np.ones(120, bool))
    human = [k for k, r in enumerate(recordings) if r.label == "human"]
    np.testing.assert_array_equal(louder[human], scores[human])
