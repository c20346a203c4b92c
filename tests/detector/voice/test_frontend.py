"""The common signal path: nothing about the file may leak into the score."""

import pytest
import torch
from torch.nn import functional

from detector.voice.frontend import BINS, SAMPLE_RATE, contrasts, mono, spectrogram, windows
from tests.signals import music, noise


def test_rate_channels_and_level_make_no_difference() -> None:
    stereo = music(2.0, 48000, seed=1)
    same = mono(stereo, 48000)
    assert same.shape == (2 * SAMPLE_RATE,)
    quiet_mono = mono(stereo.mean(0, keepdim=True) * 0.01, 48000)
    assert torch.allclose(same, quiet_mono, atol=1e-5)
    assert float(same.square().mean().sqrt()) == pytest.approx(0.06, rel=1e-3)


def test_silence_stays_silent() -> None:
    assert not mono(torch.zeros(2, 48000), 48000).any()


def test_spectrogram_is_bounded_and_blind_above_7_khz() -> None:
    t = torch.arange(SAMPLE_RATE) / SAMPLE_RATE
    low, high = torch.sin(6.2832 * 1000 * t), torch.sin(6.2832 * 7600 * t)
    assert spectrogram(low[None]).shape[1] == BINS
    inner = slice(2, -2)  # the clip's edges splash over all bins
    alone, both = spectrogram(low[None])[..., inner], spectrogram((low + 0.5 * high)[None])[..., inner]
    assert torch.allclose(alone[:, :200], both[:, :200], atol=1.5)
    assert float(spectrogram(low[None]).min()) >= -60.0


def test_contrasts_ignore_a_fixed_equaliser() -> None:
    decibel = spectrogram(noise(1.0, SAMPLE_RATE, seed=2))
    tilt = torch.linspace(-5, 5, BINS)[None, :, None]
    assert torch.allclose(contrasts(decibel)[:, 0], contrasts(decibel + tilt)[:, 0], atol=1e-4)
    # The neighbourhood view sees a smooth tilt only at its edges.
    assert (contrasts(decibel)[:, 1, 8:-8] - contrasts(decibel + tilt)[:, 1, 8:-8]).abs().max() < 1e-3


def test_fine_structure_is_told_against_eight_neighbours_on_either_side() -> None:
    decibel = spectrogram(noise(1.0, SAMPLE_RATE, seed=3))
    beside = functional.pad(decibel, (0, 0, 8, 8), mode="replicate").unfold(1, 17, 1).mean(-1)
    assert torch.allclose(contrasts(decibel)[:, 1], (decibel - beside).clamp(-30, 30) / 10, atol=1e-5)


@pytest.mark.parametrize("seconds", [0.01, 1.0, 3.0, 3.1, 4.4, 10.0])
def test_windows_cover_the_clip(seconds: float) -> None:
    wav = torch.arange(int(seconds * SAMPLE_RATE), dtype=torch.float32)
    found = windows(wav, 3.0, 1.5)
    cut = torch.cat(list(found.batches(2)))
    assert cut.shape == (len(found.starts_s), 3 * SAMPLE_RATE)
    if seconds >= 3.0:
        assert float(cut[0, 0]) == 0.0
        assert wav[-1] - cut[-1, -1] <= 1.5 * SAMPLE_RATE / 4


def test_windows_are_left_out_where_nothing_is_marked() -> None:
    wav = torch.zeros(10 * SAMPLE_RATE)
    marked = torch.zeros(wav.numel(), dtype=torch.bool)
    marked[4 * SAMPLE_RATE - 1] = True
    every = windows(wav, 3.0, 1.0)
    assert every.touching(marked).starts_s.tolist() == [1.0, 2.0, 3.0]
    assert torch.equal(every.touching(~marked).starts, every.starts)
    short = windows(wav[:SAMPLE_RATE], 3.0, 1.0)
    assert len(short.touching(torch.ones(SAMPLE_RATE, dtype=torch.bool)).starts) == 1
