import torch

from core.resample import resample
from provenance.watermark.headroom import fade
from tests.signals import sine

RATE = 44_100


def true_peak(wav: torch.Tensor) -> float:
    return float(resample(wav, 1, 4)[:, 4000:-4000].abs().max())  # the ends of a cut tone ring


def test_peaks_between_samples_count() -> None:
    # a quarter of the sampling rate at 45 degrees: samples reach 0.707 of the true peak
    time = torch.arange(RATE) / RATE
    wav = 0.99 * torch.sin(2.0 * torch.pi * RATE / 4.0 * time + torch.pi / 4.0)[None]
    change = 0.05 * wav
    assert float((wav + change).abs().max()) < 0.75
    assert true_peak(wav + change) > 1.03
    kept = fade(wav, change, RATE)
    assert true_peak(wav + change * kept) < 1.0


def test_quiet_audio_keeps_the_whole_mark() -> None:
    wav = sine(1.0, RATE, 300.0, 0.3)
    assert torch.equal(fade(wav, 0.02 * wav, RATE), torch.ones(1, wav.shape[-1]))


def test_only_the_neighbourhood_of_a_peak_fades() -> None:
    wav = torch.zeros(1, RATE)
    wav[0, 20_000] = 1.0
    change = torch.full_like(wav, 0.01)
    kept = fade(wav, change, RATE)
    assert float(kept[0, 20_000]) == 0.0
    assert torch.equal(kept[0, :19_800], torch.ones(19_800))
    assert torch.equal(kept[0, 20_200:], torch.ones(RATE - 20_200))


def test_slices_leave_no_gap() -> None:
    wav = torch.zeros(1, 300_000)
    peaks = [131_071, 131_072, 262_143]
    wav[0, peaks] = 1.0
    kept = fade(wav, torch.full_like(wav, 0.01), RATE)
    assert float(kept[0, peaks].max()) == 0.0
