"""The picture of an audit."""

from pathlib import Path

import numpy as np
import pytest

from api.audit.audit import audit_file
from api.report.picture import BANDS, FLOOR_DB, envelope, picture, spectrogram_db
from api.settings import Settings
from tests import fakes
from tests.api.report.test_sound import packed_quickly
from tests.signals import sine


def test_the_envelope_holds_every_sample() -> None:
    wave = np.random.default_rng(1).standard_normal(100_003).astype(np.float32)
    low, high = envelope(wave, 700)
    assert len(low) == 700
    assert low.min() == wave.min()
    assert high.max() == wave.max()


def test_a_tone_is_brightest_in_its_band() -> None:
    wave = sine(2.0, 16_000, 2_000.0)[0].numpy()
    levels = spectrogram_db(wave, 16_000, 8_000.0)
    assert levels.shape[0] == BANDS
    assert abs(int(levels.mean(axis=1).argmax()) / BANDS * 8_000 - 2_000) < 100
    assert levels.max() == 0
    assert levels.min() >= FLOOR_DB


@pytest.mark.parametrize("samples", [1, 7, 3_000])
def test_even_a_single_sample_can_be_drawn(samples: int, tmp_path: Path) -> None:
    audio = fakes.clip(samples / 8000)
    result = audit_file(
        "x.wav",
        registry=fakes.Registry(),  # type: ignore[arg-type]  # a fake of the parts that an audit uses
        settings=Settings(home=tmp_path),
        engines=fakes.engines(audio=audio),
    )
    picture(audio, result, tmp_path / "x.png")
    assert packed_quickly((tmp_path / "x.png").read_bytes())


def test_silence_is_drawn_as_silence() -> None:
    levels = spectrogram_db(np.zeros(8_000, np.float32), 8_000, 4_000.0)
    assert (levels == FLOOR_DB).all()
