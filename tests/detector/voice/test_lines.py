"""Spectral lines of decoders: found where they are, nowhere else."""

import pytest
import torch
from torch import Tensor

from detector.decoders import VOICE_SPACINGS_HZ
from detector.voice.lines import COUNT, contrasts_of_lines, strongest
from tests.signals import music, noise


def combed(spacing_hz: float, level: float) -> Tensor:
    """Noise under a comb of lines at multiples of a spacing."""
    t = torch.arange(5 * 16000, dtype=torch.float64) / 16000
    comb = sum(
        torch.cos(6.283185307 * spacing_hz * k * t + k * k) for k in range(1, int(7900 / spacing_hz) + 1)
    )
    assert isinstance(comb, Tensor)
    return noise(5, 16000, seed=1)[0] + level * comb.float()


@pytest.mark.parametrize("spacing_hz", [689.0625, 600.0, 400.0])
def test_a_comb_is_found_at_its_spacing(spacing_hz: float) -> None:
    contrasts = contrasts_of_lines(combed(spacing_hz, 0.004))
    found_hz = VOICE_SPACINGS_HZ[int(contrasts.argmax())]
    assert float(contrasts.max()) >= 4.0
    # Grids that share teeth (multiples and divisors of the spacing) may stand out as well.
    assert found_hz / spacing_hz % 1 == 0 or spacing_hz / found_hz % 1 < 0.02


def test_noise_and_a_song_have_no_lines() -> None:
    # 40 draws x 19 grids; the largest of 760 standard normal values exceeds 5 with a chance of 0.0002.
    highest = max(float(contrasts_of_lines(noise(5, 16000, seed=n)[0]).max()) for n in range(40))
    assert highest < 5.0
    assert float(contrasts_of_lines(music(5, 16000, seed=3)[0]).max()) < 5.0


def test_level_makes_no_difference() -> None:
    wav = combed(689.0625, 0.004)
    assert torch.allclose(contrasts_of_lines(wav), contrasts_of_lines(wav * 0.1), atol=0.05)


def test_strongest_forgets_which_grid() -> None:
    values = torch.randn(len(VOICE_SPACINGS_HZ), generator=torch.Generator().manual_seed(0))
    assert torch.equal(strongest(values), strongest(values.flip(0)))
    assert strongest(values).shape == (COUNT,)


def test_silence_is_finite() -> None:
    assert torch.isfinite(contrasts_of_lines(torch.zeros(16000))).all()
