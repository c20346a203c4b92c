import io
from pathlib import Path

import numpy as np
import pytest
import torch

from core.clip import Clip, Source
from core.errors import EmptyAudio, WeightsError
from detector.music.adapters import Limits, checkpoint, opened
from detector.music.adapters.session import MOST_WINDOWS, windows
from tests.detector.music.adapters import models

SOURCE = Source("tone", "0" * 64, 0, "wav", "pcm_f32le")


def tone(hz: float, seconds: float = 2.0, rate: int = models.RATE, level: float = 0.3) -> Clip:
    time = torch.arange(round(seconds * rate)) / rate
    return Clip(level * torch.sin(2 * torch.pi * hz * time)[None], rate, SOURCE)


class Brightness(torch.nn.Module):
    """The same measure as `models.brightness`, as a module."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return 20.0 * (x[..., 1:] - x[..., :-1]).abs().mean() / (x.abs().mean() + 1e-6)


def scripted(module: torch.nn.Module) -> bytes:
    data = io.BytesIO()
    torch.jit.save(torch.jit.script(module), data)
    return data.getvalue()


def expected(hz: float) -> float:
    x = np.sin(2 * np.pi * hz * np.arange(models.RATE) / models.RATE)
    return float(20 * np.abs(np.diff(x)).mean() / np.abs(x).mean())


def test_an_onnx_model_scores_a_clip(tmp_path: Path) -> None:
    adapter, data = checkpoint(models.written(tmp_path, models.brightness()))
    with opened(adapter, data) as session:
        assert session.score(tone(440)) == pytest.approx(expected(440), rel=1e-3)
        assert session.score(tone(440, level=0.01)) == pytest.approx(expected(440), rel=1e-3)
        assert session.score(tone(3000)) > session.score(tone(440))
        with pytest.raises(EmptyAudio):
            session.score(tone(440, level=0.0))


def test_a_torchscript_model_scores_alike(tmp_path: Path) -> None:
    manifest = models.written(tmp_path, scripted(Brightness()), format="torchscript")
    adapter, data = checkpoint(manifest)
    with opened(adapter, data) as session:
        assert session.score(tone(440)) == pytest.approx(expected(440), rel=1e-3)


class Thief(torch.nn.Module):
    """A model that reads a file when it is asked for a score."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.from_file(self.path, False, 4).mean() + 0.0 * x.mean()


def test_a_model_cannot_open_files(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(bytes(16))
    thief = scripted(Thief(str(secret)))
    adapter, data = checkpoint(models.written(tmp_path, thief, format="torchscript"))
    with pytest.raises(WeightsError, match="failed"), opened(adapter, data):
        raise AssertionError("the model was loaded")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"output": "probability"}, "no probability"),
        ({"index": 3, "output": "logits"}, "not what the manifest says"),
        ({"output": "logits"}, "two classes"),
    ],
)
def test_outputs_that_do_not_fit_are_named(tmp_path: Path, changes: dict[str, object], reason: str) -> None:
    adapter, data = checkpoint(models.written(tmp_path, models.brightness(1000.0), **changes))
    with opened(adapter, data) as session, pytest.raises(WeightsError, match=reason):
        session.score(tone(440))


def test_an_output_that_is_no_number_is_no_score(tmp_path: Path) -> None:
    adapter, data = checkpoint(models.written(tmp_path, models.broken()))
    with opened(adapter, data) as session, pytest.raises(WeightsError, match="not a number"):
        session.score(tone(440))


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    adapter, data = checkpoint(models.written(tmp_path, b"\x08\x08 nothing of the kind"))
    with pytest.raises(WeightsError, match="failed"), opened(adapter, data):
        raise AssertionError("the model was loaded")


def test_too_slow_a_model_is_given_up(tmp_path: Path) -> None:
    adapter, data = checkpoint(models.written(tmp_path, models.brightness()))
    with (
        opened(adapter, data, Limits(timeout_s=0.0)) as session,
        pytest.raises(WeightsError, match="too long"),
    ):
        session.score(tone(440))


def test_windows_are_few_loud_and_of_the_models_rate(tmp_path: Path) -> None:
    adapter, _ = checkpoint(models.written(tmp_path, models.brightness()))
    assert windows(tone(440, 100.0), adapter).shape == (MOST_WINDOWS, 16000)
    assert windows(tone(440, 2.0, rate=44100), adapter).shape == (2, 16000)
    assert windows(tone(440, 0.3), adapter).shape == (1, 16000)
    assert windows(tone(440, 2.0, level=0.0), adapter).shape == (0, 16000)
