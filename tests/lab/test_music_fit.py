from pathlib import Path

import numpy as np
import pytest

from lab.datasets import Recording
from lab.training.music_fit import fit, fold_names, importance, out_of_fold


def recording(label: str, source: str, generator: str = "") -> Recording:
    kind = "ai_music" if label == "ai" else "human_music"
    return Recording(
        Path("x"), kind, label, source, generator, "", "CC0", "open", ("", "", ""), 0.0, 10.0, 44100, 2, "wav"
    )


def test_weights_are_never_negative_and_find_the_informative_feature() -> None:
    rng = np.random.default_rng(0)
    truth = np.repeat([0.0, 1.0], 300)
    rows = rng.normal(size=(600, 3))
    rows[:, 0] += 2 * truth
    rows[:, 1] -= 2 * truth
    model = fit(rows, truth, np.ones(600), ridge=1e-4)
    assert (model.weights >= 0).all()
    assert model.weights[0] > 1 and model.weights[1] == 0
    scores = model(rows)
    assert scores[truth == 1].mean() > scores[truth == 0].mean() + 2


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


def test_a_held_out_generator_cannot_teach_its_own_feature() -> None:
    # Feature k is on only for generator k: a model that has not seen it must score it like human music.
    rows, recordings = [], []
    for k in range(3):
        for _ in range(20):
            rows.append(np.eye(3)[k] * 5)
            recordings.append(recording("ai", f"page{k}", f"g{k}"))
    for n in range(60):
        rows.append(np.zeros(3))
        recordings.append(recording("human", f"s{n % 9}"))
    scores = out_of_fold(np.array(rows), recordings, np.ones(120, bool), ridge=1e-3)
    assert scores[:60].max() <= scores[60:].max() + 1e-9
