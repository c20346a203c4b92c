from pathlib import Path

import numpy as np
import pytest
import torch

from lab.datasets import Recording
from lab.evaluation.music_network import logits, normalised, regressed
from lab.training.decoders_music import FOLDS, TEST_FOLD, trains
from lab.training.music_fit import fold_names
from lab.training.music_network import CROP
from lab.training.music_network_model import Shape, TextureNetwork


def recording(number: int, label: str, source: str, use: str = "open") -> Recording:
    path = Path(f"{source}/{number}.wav")
    kind = "ai_music" if label == "ai" else "human_music"
    return Recording(
        path, kind, label, source, source, "", "CC0", use, ("", "", ""), 0.0, 10.0, 44100, 2, "w"
    )


ROWS = [recording(n, "human", f"shelf-{n % 8}") for n in range(80)] + [
    recording(n, "ai", f"page-{n % 4}") for n in range(40)
]
HUMAN = np.array([r.label == "human" for r in ROWS])


def test_scores_are_measured_against_human_music_of_other_collections() -> None:
    raw = np.random.default_rng(0).standard_normal(len(ROWS))
    raw[~HUMAN] += 3.0
    first = normalised(raw, ROWS, HUMAN)
    assert first.min() == 0.0
    assert np.mean(first[HUMAN] == 0.0) == pytest.approx(0.5, abs=0.15)
    assert np.median(first[~HUMAN]) > 1.5
    fold = fold_names(ROWS)
    own = np.array([f == fold[0] for f in fold])
    louder = raw + 100.0 * (own & HUMAN)
    inside = normalised(louder, ROWS, HUMAN)[own & ~HUMAN]
    assert np.array_equal(inside, first[own & ~HUMAN])  # its own fold's human music does not move a score


def test_regression_uses_what_separates_the_classes_and_ignores_noise() -> None:
    rng = np.random.default_rng(1)
    columns = rng.standard_normal((len(ROWS), 2))
    columns[~HUMAN, 0] += 2.0
    scores = regressed(columns, ROWS, np.ones(len(ROWS), bool))
    assert np.corrcoef(scores, columns[:, 0])[0, 1] > 0.9
    assert abs(np.corrcoef(scores, columns[:, 1])[0, 1]) < 0.4


def test_a_long_track_is_heard_in_twelve_places_and_a_short_one_wherever_it_can() -> None:
    torch.manual_seed(0)
    network = TextureNetwork(Shape(widths=(4, 4, 8, 8))).eval()
    audio = np.random.default_rng(0).integers(-3000, 3000, 40 * CROP).astype(np.int16)
    assert logits(network, audio).shape == (12,)
    assert logits(network, audio[: 2 * CROP + 5]).shape == (2,)


def test_the_network_learns_from_open_human_music_of_some_collections_only() -> None:
    sources = [f"shelf-{n}" for n in range(60)]
    learnt = [s for s in sources if trains(recording(0, "human", s))]
    assert 0.55 < len(learnt) / len(sources) < 0.95 and 0 <= TEST_FOLD < FOLDS
    assert not any(trains(recording(0, "ai", s)) for s in sources)
    assert not any(trains(recording(0, "human", s, "research")) for s in sources)
