import numpy as np
import pytest

from detector.music.finding import MusicFinding, Verdict
from detector.music.release import release


def finding(p_value: float | None, verdict: Verdict = "uncertain", llr: float = 0.0) -> MusicFinding:
    return MusicFinding(0.5, llr, p_value, verdict, (), (), (), None)


def test_one_bad_p_value_in_twenty_human_tracks_names_nothing() -> None:
    tracks = [finding(0.05 + 0.045 * k) for k in range(20)]
    tracks[7] = finding(0.01, "synthetic", 1.2)
    found = release(tracks)
    assert found.named == () and found.measured == found.tracks == 20
    assert found.p_value == pytest.approx(0.2)


def test_a_generated_release_is_named_track_by_track() -> None:
    tracks = [finding(0.005, "synthetic", 2.0) for _ in range(8)] + [finding(0.7), finding(None)]
    found = release(tracks)
    assert found.named == tuple(range(8))
    assert found.measured == 9 and found.tracks == 10
    assert found.p_value is not None and found.p_value < 0.01


def test_a_track_without_the_likelihood_is_not_named_by_its_p_value_alone() -> None:
    assert release([finding(0.001, "uncertain", 3.0), finding(0.001, "synthetic", 0.2)]).named == ()


def test_nothing_measured() -> None:
    found = release([finding(None), finding(None)])
    assert found.p_value is None and found.named == () and "no track" in found.text


def test_human_releases_keep_the_promised_rate() -> None:
    rng = np.random.default_rng(3)
    alarms = [
        (release([finding(float(p)) for p in rng.random(12)]).p_value or 1.0) <= 0.05 for _ in range(2000)
    ]
    # exactly 0.05 for independent tracks; 2000 releases have a standard deviation of 0.005
    assert np.mean(alarms) == pytest.approx(0.05, abs=0.025)
