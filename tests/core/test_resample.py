"""Resampling: tones keep their pitch and level, what does not fit is removed, lengths are exact."""

import math

import pytest
import torch

from core.downmix import downmix
from core.resample import one_channel, resample
from tests.signals import noise, sine

TOLERANCE = 2e-3  # of full scale


@pytest.mark.parametrize(
    ("from_rate", "to_rate"),
    [
        (44_100, 48_000),
        (48_000, 44_100),
        (44_100, 16_000),
        (44_100, 22_050),
        (8000, 44_100),
        (44_099, 48_000),
    ],
)
def test_a_tone_stays_the_tone(from_rate: int, to_rate: int) -> None:
    wav = resample(sine(0.5, from_rate, 1000.0), from_rate, to_rate)
    expected = sine(0.5, to_rate, 1000.0)
    assert abs(wav.shape[1] - expected.shape[1]) <= 1
    middle = slice(wav.shape[1] // 4, wav.shape[1] // 2)
    assert torch.allclose(wav[:, middle], expected[:, middle], atol=TOLERANCE)


@pytest.mark.parametrize("from_rate", [44_100, 44_099])
def test_what_lies_above_the_new_nyquist_frequency_is_removed(from_rate: int) -> None:
    wav = resample(sine(0.5, from_rate, 9500.0), from_rate, 16_000)
    assert float(wav[:, 1000:-1000].abs().max()) < 0.01


@pytest.mark.parametrize(
    ("samples", "from_rate", "to_rate"), [(1, 44_100, 16_000), (44_101, 44_100, 16_000), (7, 3, 2)]
)
def test_the_length_is_the_ratio_rounded_up(samples: int, from_rate: int, to_rate: int) -> None:
    assert resample(torch.ones(2, samples), from_rate, to_rate).shape == (
        2,
        math.ceil(samples * to_rate / from_rate),
    )


@pytest.mark.parametrize(("from_rate", "to_rate"), [(44_100, 16_000), (44_100, 11_025), (16_000, 44_100)])
@pytest.mark.parametrize("samples", [3000, 3001, 20_011])
def test_long_audio_is_converted_in_blocks_as_it_is_whole(
    samples: int, from_rate: int, to_rate: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    wav = noise(samples / 8000, 8000, channels=2)[:, :samples]
    whole = resample(wav, from_rate, to_rate)
    monkeypatch.setattr("core.resample.BLOCK", 1000)
    assert torch.allclose(resample(wav, from_rate, to_rate), whole, atol=1e-6)
    wav.requires_grad_()
    (gradient,) = torch.autograd.grad(resample(wav, from_rate, to_rate).square().sum(), wav)
    assert bool(gradient.any(0)[-100:].any()) and bool(gradient[:, :100].any())


@pytest.mark.parametrize("rate", [8000, 11_025, 4000, 7999])
def test_one_channel_is_the_downmix_at_another_rate(rate: int, monkeypatch: pytest.MonkeyPatch) -> None:
    left, right = noise(1.0, 8000, channels=2)
    fading = torch.linspace(0.0, 4.0, 8000)
    # the channels cancel in the whole, and in some blocks by themselves they do not
    cancelling = torch.stack([left * fading + right, -left * fading + right])
    for wav in (left[None], torch.stack([left, right]), cancelling):
        wanted = resample(downmix(wav)[None], 8000, rate)[0]
        assert torch.equal(one_channel(wav, 8000, rate), wanted)
        with monkeypatch.context() as context:
            context.setattr("core.resample.BLOCK", 1000)
            assert torch.allclose(one_channel(wav, 8000, rate), wanted, atol=1e-6)
    with pytest.raises(ValueError, match="positive"):
        one_channel(left[None], 0, rate)


def test_equal_rates_return_the_same_tensor() -> None:
    wav = noise(0.1, 8000)
    assert resample(wav, 8000, 8000) is wav


def test_an_odd_rate_needs_no_giant_kernel() -> None:
    assert resample(torch.zeros(1, 191_999), 191_999, 44_100).shape == (1, 44_100)


def test_it_is_differentiable() -> None:
    wav = noise(0.1, 8000).requires_grad_()
    (gradient,) = torch.autograd.grad(resample(wav, 8000, 16_000).square().sum(), wav)
    assert float(gradient.abs().sum()) > 0


def test_batches_and_silence() -> None:
    assert resample(torch.zeros(3, 2, 800), 8000, 4000).shape == (3, 2, 400)
    assert resample(torch.zeros(2, 0), 8000, 4000).shape == (2, 0)


@pytest.mark.parametrize(("from_rate", "to_rate"), [(0, 8000), (8000, 0), (-1, 8000)])
def test_impossible_rates_are_refused(from_rate: int, to_rate: int) -> None:
    with pytest.raises(ValueError, match="positive"):
        resample(torch.zeros(1, 10), from_rate, to_rate)
