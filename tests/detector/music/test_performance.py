import numpy as np
import pytest
import torch
from torch import Tensor

from detector.calibration import LogisticCalibration
from detector.music.performance import FEATURES, PerformanceModel, describe
from detector.music.propositions import composition_proposition
from tests.signals import music

RATE = 16000
AT = {name: k for k, name in enumerate(FEATURES)}


def clicks(jitter_s: float, accent: float, seed: int = 0) -> Tensor:
    """Twelve seconds of decaying noise bursts, two in a second, late or early and soft or loud by chance."""
    rng = np.random.default_rng(seed)
    wav = 1e-4 * rng.normal(size=12 * RATE)
    burst = rng.normal(size=RATE // 5) * np.exp(-np.arange(RATE // 5) / (0.02 * RATE))
    for k in range(1, 23):
        start = round((0.5 * k + jitter_s * rng.normal()) * RATE)
        wav[start : start + burst.size] += burst * 10 ** (accent * rng.normal() / 20)
    return torch.from_numpy(wav).float()[None]


def test_an_exact_machine_differs_from_a_loose_player() -> None:
    exact, loose = describe(clicks(0.0, 0.0), RATE), describe(clicks(0.03, 6.0), RATE)
    assert exact[AT["beat strength"]] > loose[AT["beat strength"]] + 0.2
    assert exact[AT["accent spread"]] < loose[AT["accent spread"]]
    assert exact[AT["onset rate"]] == pytest.approx(2.0, abs=0.5)


def test_a_literal_loop_repeats_exactly() -> None:
    bar = music(2, RATE, seed=4)
    loop, through = describe(bar.repeat(1, 6), RATE), describe(music(12, RATE, seed=4), RATE)
    assert loop[AT["exact repetition"]] > through[AT["exact repetition"]]


def test_level_is_no_feature() -> None:
    wav = clicks(0.01, 2.0)
    np.testing.assert_allclose(describe(wav, RATE), describe(0.1 * wav, RATE), atol=0.02)


@pytest.mark.parametrize("wav", [torch.zeros(2, 6 * RATE), music(6, RATE, seed=1)], ids=["silent", "short"])
def test_features_are_finite(wav: Tensor) -> None:
    features = describe(wav, RATE)
    assert features.shape == (len(FEATURES),) and np.isfinite(features).all()


def test_one_odd_feature_cannot_decide_alone() -> None:
    model = PerformanceModel(np.zeros(2), np.ones(2), np.array([1.0, 0.0]), LogisticCalibration(1.0, 0.0))
    assert model.llr(np.array([1e6, 0.0])) == pytest.approx(3.0 / np.log(10))


@pytest.mark.parametrize(
    ("llr", "answer"), [(None, "not_measured"), (0.3, "open"), (1.4, "supported"), (-1.2, "not_supported")]
)
def test_the_proposition_says_how_weak_it_is(llr: float | None, answer: str) -> None:
    found = composition_proposition(llr)
    assert found.name == "C" and found.answer == answer and found.llr == llr
