"""Counts come from the page that the same run wrote, or not at all."""

import pytest

from core.cards import read
from lab.evaluation import counts
from provenance.watermark import model

PAGE = """| attack | clips | 30 s |
|---|---|---|
| clean | 57 | 100 (94-100) |
| opus_64 | 56 | 95 (85-98) |
"""


def test_clips_are_told_for_each_rate() -> None:
    rates = {"message_accuracy_5s_clean": 1.0, "message_accuracy_5s_opus_64": 0.9464, "snr_median_db": 37.0}
    assert counts.marks(PAGE, rates) == {
        "message_accuracy_5s_clean_n": 57,
        "message_accuracy_5s_opus_64_n": 56,
    }


def test_a_rate_of_another_page_is_refused() -> None:
    with pytest.raises(ValueError, match="measure it again"):
        counts.marks(PAGE, {"message_accuracy_5s_clean": 0.99})


def test_comparisons_are_told_for_both_rates() -> None:
    page = "".join(f"| {row} | 7{n} / 29{n} | 0.9 | 8 % |\n" for n, row in enumerate(counts.TRIALS.values()))
    assert counts.comparisons(page)["eer_clones_n_others"] == 291
    with pytest.raises(ValueError, match="no row"):
        counts.comparisons("")


def test_every_rate_of_the_shipped_card_has_its_count() -> None:
    metrics = read(model.CARD).metrics
    rates = [name for name in metrics if name.startswith("message_accuracy") and not name.endswith("_n")]
    assert len(rates) == 26 and all(metrics[f"{name}_n"] >= 49 for name in rates)
