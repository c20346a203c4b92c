from pathlib import Path

import numpy as np
import pytest

from detector.music.performance import FEATURES
from lab import metrics
from lab.datasets import Recording
from lab.training.music.playing import Played, fit, out_of_fold, trained


def recording(label: str, source: str) -> Recording:
    kind = "ai_music" if label != "human" else "human_music"
    return Recording(
        Path("x"), kind, label, source, "g", "", "CC0", "open", ("", "", ""), 0.0, 10.0, 44100, 2, "wav"
    )


def data(separation: float) -> Played:
    """Two symbolic pages, nine human collections; feature 2 tells them apart, all else is noise."""
    rng = np.random.default_rng(0)
    recordings, rows = [], []
    for page in ("p", "q"):
        for _ in range(40):
            recordings.append(recording("ai-symbolic", page))
            rows.append(rng.normal(size=len(FEATURES)) + separation * (np.arange(len(FEATURES)) == 2))
    for n in range(160):
        recordings.append(recording("human", f"s{n % 9}"))
        rows.append(rng.normal(size=len(FEATURES)))
    return Played(tuple(recordings), np.array(rows))


def test_the_telling_feature_gets_the_weight() -> None:
    played = data(2.0)
    model = fit(played.rows, played.symbolic)
    assert int(np.abs(model.weights).argmax()) == 2 and model.weights[2] > 0


def test_held_out_scores_find_what_is_there_and_nothing_where_nothing_is() -> None:
    for separation, expected in ((2.0, 0.92), (0.0, 0.5)):
        played = data(separation)
        scores = out_of_fold(played)
        # unit normals two apart: 0.921; with 80 against 160, chance alone has a standard deviation of 0.04
        assert metrics.auc(scores[played.symbolic], scores[~played.symbolic]) == pytest.approx(
            expected, abs=0.14
        )


def test_the_shipped_model_is_calibrated_on_held_out_scores() -> None:
    played = data(2.0)
    model = trained(played)
    llr = np.array([model.llr(row) for row in played.rows])
    assert metrics.cllr(llr[played.symbolic], llr[~played.symbolic]) < 0.75
