import numpy as np
import pytest

from detector.music.adapters import Heard, judge
from detector.music.adapters.trial import LEAST


def recordings(
    score: float = 2.0, same: float = 2.0, rate: float = 0.0, count: int = 60, seed: int = 0
) -> list[Heard]:
    """Scores that lie `score` spreads apart, matched copies `same`, sample rates `rate`."""
    rng = np.random.default_rng(seed)
    heard = []
    for k in range(2 * count):
        synthetic = k % 2 == 1
        facts = rng.normal(size=6) + np.array([rate * synthetic, 0, 0, 0, 0, 0])
        values = rng.normal(size=2) + np.array([score, same]) * synthetic
        heard.append(
            Heard(f"{seed}-{k}", synthetic, float(values[0]), float(values[1]), tuple(facts.tolist()))
        )
    return heard


def test_a_detector_that_holds_may_vote() -> None:
    found = judge(recordings())
    assert found.problems == ()
    assert (found.human, found.generated) == (60, 60)
    low, high = found.auc[1:]
    assert 0.8 < low < found.auc[0] < high <= 1.0
    assert found.cllr is not None and found.cllr < 0.7
    assert 0.3 < found.probe_auc < 0.7  # 60 against 60 without any difference: four standard deviations


def test_a_wrong_polarity_is_told_from_a_weak_detector() -> None:
    assert any("opposite" in p for p in judge(recordings(-2.0, -2.0)).problems)
    weak = judge(recordings(0.0, 0.0))
    assert any("do not tell" in p for p in weak.problems) and not any("opposite" in p for p in weak.problems)


def test_a_detector_of_deliveries_is_found_out() -> None:
    assert any("how the recordings were delivered" in p for p in judge(recordings(3.0, 0.0)).problems)
    assert any("alone tell" in p for p in judge(recordings(2.0, 1.5, rate=5.0)).problems)


def test_too_few_recordings_give_no_vote() -> None:
    assert any("at least" in p for p in judge(recordings(count=LEAST - 1)).problems)
    with pytest.raises(ValueError, match="both classes"):
        judge([h for h in recordings() if h.synthetic])
