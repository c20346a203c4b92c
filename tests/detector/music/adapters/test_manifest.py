from pathlib import Path

import pytest

from core.errors import WeightsError
from detector.music.adapters import checkpoint
from tests.detector.music.adapters import models


def test_a_manifest_and_its_file_come_back(tmp_path: Path) -> None:
    adapter, data = checkpoint(models.written(tmp_path, models.brightness()))
    assert data == models.brightness()
    assert (adapter.window, adapter.shape) == (16000, (1, 1, 16000))
    assert adapter.score([1.0, 3.0]) == 2.0


def test_the_declared_polarity_turns_the_score(tmp_path: Path) -> None:
    adapter, _ = checkpoint(models.written(tmp_path, models.brightness(), high="bona_fide"))
    assert adapter.score([1.0, 3.0]) == -2.0


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"licence": None}, "missing"),
        ({"licence": " "}, "licence is empty"),
        ({"colour": "red"}, "unknown"),
        ({"file": "../model.bin"}, "plain name"),
        ({"sha256": "0" * 64}, "not the file"),
        ({"sha256": "zz"}, "64 hex digits"),
        ({"format": "pickle"}, "format"),
        ({"high": "fake"}, "high"),
        ({"output": "label"}, "output"),
        ({"sample_rate": 44100.5}, "wrong type"),
        ({"sample_rate": 100}, "sample_rate"),
        ({"window_s": 3600}, "window_s"),
        ({"index": -1}, "index"),
        ({"batched": 1}, "wrong type"),
        ({"name": "../evil"}, "name"),
        ({"format": "torchscript"}, "does not look like"),
    ],
)
def test_a_manifest_that_does_not_fit_is_refused(
    tmp_path: Path, changes: dict[str, object], reason: str
) -> None:
    with pytest.raises(WeightsError, match=reason):
        checkpoint(models.written(tmp_path, models.brightness(), **changes))


def test_a_pickle_is_never_opened(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="pickle"):
        checkpoint(models.written(tmp_path, b"\x80\x04\x95 whatever follows"))


def test_missing_files_are_named(tmp_path: Path) -> None:
    manifest = models.written(tmp_path, models.brightness())
    (tmp_path / "model.bin").unlink()
    with pytest.raises(WeightsError, match=r"model\.bin cannot be read"):
        checkpoint(manifest)
    manifest.unlink()
    with pytest.raises(WeightsError, match="cannot be read"):
        checkpoint(manifest)
