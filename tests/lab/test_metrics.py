import math

import numpy as np
import pytest

from lab import metrics


def test_eer_of_known_normals() -> None:
    rng = np.random.default_rng(0)
    # unit normals two apart: EER = Phi(-1) = 15.87 %; 20,000 draws have a standard deviation of 0.3 %
    found = metrics.eer(rng.normal(2, 1, 20000), rng.normal(0, 1, 20000))
    assert found == pytest.approx(0.1587, abs=0.012)
    assert metrics.eer([2, 3], [0, 1]) == 0.0
    assert metrics.eer([0, 1], [2, 3]) == 1.0


def test_threshold_never_exceeds_the_false_alarm_rate() -> None:
    human = np.arange(100.0)
    threshold = metrics.threshold_at_fpr(human, 0.01)
    assert (human > threshold).mean() == 0.01
    assert metrics.tpr_at_fpr([98.5, 99.5, 0.0, 50.0], human, 0.01) == 0.5
    assert metrics.tpr_at_fpr([98.5, 99.5], human, 0.0) == 0.5


def test_cllr_of_no_perfect_and_misleading_information() -> None:
    assert metrics.cllr([0.0], [0.0]) == pytest.approx(1.0)
    assert metrics.cllr([9.0], [-9.0]) == pytest.approx(0.0, abs=1e-6)
    assert metrics.cllr([-2.0], [2.0]) > 6
    assert metrics.cllr([1.0], [-1.0]) == pytest.approx(math.log2(1.1))


def test_the_lowest_cllr_is_what_a_monotone_map_can_reach() -> None:
    assert metrics.min_cllr([3.0, 4.0], [1.0, 2.0]) == pytest.approx(0.0)
    assert metrics.min_cllr([1.0], [1.0]) == pytest.approx(1.0)
    assert metrics.min_cllr([1.0, 2.0], [3.0, 4.0]) == pytest.approx(1.0)  # inverted scores: nothing to gain
    # two thirds of one class against one third of the other on either side of a threshold
    expected = -(2 * math.log2(2 / 3) + math.log2(1 / 3)) / 3
    assert metrics.min_cllr([1.0, 1.0, 0.0], [1.0, 0.0, 0.0]) == pytest.approx(expected)
    rng = np.random.default_rng(5)
    s, b = rng.normal(1, 1, 500), rng.normal(-1, 1, 500)
    ratios = 2 / math.log(10)  # of two unit Gaussians at -1 and 1: 2 x nats
    assert metrics.min_cllr(s, b) <= metrics.cllr(ratios * s, ratios * b)
    assert metrics.min_cllr(s, b) == pytest.approx(metrics.cllr(ratios * s, ratios * b), abs=0.05)


def test_ece_measures_the_gap_between_words_and_facts() -> None:
    assert metrics.ece([1.0, 1.0, 0.0, 0.0], [1, 1, 0, 0]) == 0.0
    assert metrics.ece([0.95, 0.95], [0, 1]) == pytest.approx(0.45)


def test_upper_bound_follows_the_rule_of_three() -> None:
    assert metrics.upper_bound(0, 3000) == pytest.approx(0.001, rel=0.01)
    assert metrics.upper_bound(0, 0) == 1.0
    assert metrics.upper_bound(5, 5) == 1.0


def test_bootstrap_contains_the_value_and_repeats() -> None:
    rng = np.random.default_rng(3)
    s, b = rng.normal(1, 1, 60), rng.normal(0, 1, 60)
    low, high = metrics.bootstrap(metrics.auc, s, b)
    assert low < metrics.auc(s, b) < high
    assert (low, high) == metrics.bootstrap(metrics.auc, s, b)


def test_a_class_without_scores_is_an_error() -> None:
    with pytest.raises(ValueError, match="at least one"):
        metrics.eer([], [1.0])
