import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.calibration import LARGEST_LLR, HumanReference, LogisticCalibration, probability, thin


def gaussians(separation: float, count: int = 4000) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1], count)
    return rng.normal(size=2 * count) + separation * labels, labels


def test_fit_recovers_the_true_likelihood_ratio() -> None:
    # Unit normals at 0 and 2: log LR = 2x - 2. Slope error at n = 8000 is about 0.05.
    scores, labels = gaussians(2.0)
    fitted = LogisticCalibration.fit(scores, labels, ridge=1e-6)
    assert fitted.slope == pytest.approx(2.0, abs=0.2)
    assert fitted.intercept == pytest.approx(-2.0, abs=0.2)
    assert fitted.llr(1.0) == pytest.approx(0.0, abs=0.1)


def test_fit_ignores_how_many_of_each_class_there_are() -> None:
    scores, labels = gaussians(2.0)
    keep = (labels == 1) | (np.arange(labels.size) % 10 == 0)
    few = LogisticCalibration.fit(scores[keep], labels[keep], ridge=1e-6)
    assert few.llr(1.0) == pytest.approx(0.0, abs=0.15)


def test_swapped_labels_are_refused() -> None:
    scores, labels = gaussians(2.0)
    with pytest.raises(ValueError, match="swapped"):
        LogisticCalibration.fit(scores, 1 - labels)


def test_one_class_is_refused() -> None:
    with pytest.raises(ValueError, match="both classes"):
        LogisticCalibration.fit([0.0, 1.0], [1, 1])


def test_separated_classes_stay_finite_and_capped() -> None:
    fitted = LogisticCalibration.fit([0.0, 0.1, 5.0, 5.1], [0, 0, 1, 1])
    assert math.isfinite(fitted.slope)
    assert LogisticCalibration(1.0, 0.0).llr(1e6) == LARGEST_LLR
    assert LogisticCalibration(1.0, 0.0).llr(-1e6) == -LARGEST_LLR


@given(st.floats(-4, 4), st.floats(0.001, 0.999))
def test_probability_is_bayes_rule(llr: float, prior: float) -> None:
    odds = 10**llr * prior / (1 - prior)
    assert probability(llr, prior) == pytest.approx(odds / (1 + odds), rel=1e-9)


def test_p_value_counts_ties_and_never_reaches_zero() -> None:
    reference = HumanReference.of([3.0, 1.0, 2.0])
    assert reference.p_value(10.0) == 1 / 4
    assert reference.p_value(3.0) == 2 / 4
    assert reference.p_value(-1.0) == 1.0


def test_p_values_of_exchangeable_scores_keep_their_promise() -> None:
    rng = np.random.default_rng(1)
    alarms = [
        HumanReference.of(rng.normal(size=199)).p_value(float(rng.normal())) <= 0.05 for _ in range(4000)
    ]
    # expected 0.05 exactly; 4000 draws have a standard deviation of 0.0035
    assert np.mean(alarms) == pytest.approx(0.05, abs=0.0175)


@given(st.lists(st.floats(-5, 5), min_size=20, max_size=60), st.sampled_from([0.1, 0.2, 0.5]))
def test_threshold_agrees_with_p_value(scores: list[float], alpha: float) -> None:
    reference = HumanReference.of(scores)
    threshold = reference.threshold(alpha)
    assert reference.p_value(threshold) <= alpha
    assert reference.p_value(float(np.nextafter(threshold, -np.inf))) > alpha


def test_threshold_of_a_small_reference_is_never_reached() -> None:
    assert HumanReference.of([1.0, 2.0]).threshold(0.01) == math.inf


def test_empty_reference_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        HumanReference.of([])


def test_thin_keeps_the_ends() -> None:
    kept = thin(np.arange(1000.0), 11)
    assert kept[0] == 0 and kept[-1] == 999 and kept.size == 11
    assert thin([2.0, 1.0], 11).tolist() == [1.0, 2.0]
