import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.errors import WeightsError
from detector.music import MusicDetector, local
from detector.music.local import LocalCalibration


@pytest.fixture(scope="module")
def detector() -> MusicDetector:
    return MusicDetector.load()


def own(detector: MusicDetector, count: int = 150, shift: float = 0.0) -> LocalCalibration:
    rng = np.random.default_rng(0)
    scores = tuple(float(s) for s in np.abs(rng.normal(1.0 + shift, 0.3, count)))
    groups = tuple("wide/long" if k % 2 else "wide/excerpt" for k in range(count))
    files = tuple(f"{k:064x}" for k in range(count))
    return LocalCalibration(detector.weights_sha256, "2026-01-01", scores, groups, files)


def test_a_calibration_comes_back_as_written_and_is_named_by_its_digest(
    detector: MusicDetector, tmp_path: Path
) -> None:
    path = tmp_path / "deep" / "calibration.json"
    written = local.write(path, own(detector))
    assert local.read(path) == written and len(written.digest) == 64
    np.testing.assert_allclose(written.scores, own(detector).scores, atol=1e-6)
    loaded = MusicDetector.load(calibration=path)
    assert loaded.origin == f"local sha256:{written.digest}"
    assert loaded.reference.rank(100.0, "wide/long").p_value == 1 / 151


def test_a_noisier_catalogue_makes_the_same_score_less_telling(detector: MusicDetector) -> None:
    quiet, noisy = detector.calibrated(own(detector)), detector.calibrated(own(detector, shift=1.0))
    assert noisy.reference.rank(2.0).p_value > quiet.reference.rank(2.0).p_value
    assert noisy.calibration.llr(2.0) < quiet.calibration.llr(2.0)


def test_other_weights_are_refused(detector: MusicDetector) -> None:
    with pytest.raises(WeightsError, match="other weights"):
        detector.calibrated(replace(own(detector), weights_sha256="0" * 64))


def test_too_few_recordings_are_refused(detector: MusicDetector, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="at least"):
        local.write(tmp_path / "c.json", own(detector, count=5))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": "x"}, "no trackmark"),
        ({"scores": [1.0]}, "fit together"),
        ({"scores": "1"}, "not a list"),
        ({"groups": []}, "fit together"),
    ],
)
def test_damaged_files_are_refused(
    detector: MusicDetector, tmp_path: Path, change: dict[str, object], message: str
) -> None:
    path = tmp_path / "c.json"
    local.write(path, own(detector))
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(WeightsError, match=message):
        local.read(path)
    path.write_text("{")
    with pytest.raises(WeightsError, match="JSON"):
        local.read(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="cannot be read"):
        local.read(tmp_path / "none.json")
