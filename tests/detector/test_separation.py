import pytest

from detector.separation import auc


def test_auc_counts_ties_half_and_is_never_folded() -> None:
    assert auc([2, 3], [0, 1]) == 1.0
    assert auc([0, 1], [2, 3]) == 0.0
    assert auc([1, 1], [1, 1]) == 0.5
    assert auc([0.5, 2], [1]) == 0.5


def test_a_class_without_scores_is_an_error() -> None:
    with pytest.raises(ValueError, match="at least one"):
        auc([], [1.0])
