import torch

from provenance.watermark import grid, masking
from tests.signals import music, noise, sine


def power_of(wav: torch.Tensor) -> torch.Tensor:
    spectrum = grid.stft(wav.mean(0, keepdim=True))
    return spectrum.real.square() + spectrum.imag.square()


def test_a_tone_masks_less_than_noise_of_the_same_power() -> None:
    tone, hiss = sine(1.0, grid.RATE, 1000.0, 0.5), noise(1.0, grid.RATE, amplitude=0.35)
    band = int(masking.bark(torch.tensor(1000.0)))
    ratios = []
    for wav in (tone, hiss):
        power = power_of(wav)
        energy = masking.band_matrix() @ power
        ratios.append(float((masking.threshold(power) / energy)[0, band, 20]))
    assert ratios[0] < ratios[1] / 4.0


def test_masking_spreads_upwards_further_than_downwards() -> None:
    threshold = masking.threshold(power_of(sine(1.0, grid.RATE, 1000.0, 0.5)))[0, :, 20]
    band = int(masking.bark(torch.tensor(1000.0)))
    assert threshold[band + 3] > 10.0 * threshold[band - 3]


def test_silence_is_ruled_by_the_threshold_in_quiet() -> None:
    threshold = masking.threshold(torch.zeros(1, grid.N_FFT // 2 + 1, 3))
    loudest_inaudible = masking._POWER_OF_FULL_SCALE_SINE * 10.0 ** (-60.0 / 10.0)
    assert float(threshold[:, 2:16].max()) < loudest_inaudible


def test_the_limiter_keeps_noise_under_its_ceiling_and_quiet_gains_alone() -> None:
    power = power_of(music(2.0, grid.RATE))
    gain = torch.randn(power.shape, generator=torch.Generator().manual_seed(0))
    limited = masking.limit(gain, power, -3.0)
    ratio = masking.noise_to_mask_db(limited.square() * power, power)
    assert float(ratio.max()) < -2.9
    tiny = gain * 1e-6
    assert torch.allclose(masking.limit(tiny, power, -3.0), tiny)


def test_a_change_rings_into_no_quiet_neighbour() -> None:
    loud = power_of(noise(1.0, grid.RATE, amplitude=0.3))
    loud[..., :30] *= 1e-8  # silence, then an onset
    gain = 0.3 * torch.ones_like(loud)
    limited = masking.limit(gain, loud, 0.0)[0]
    assert float(limited[100:400, 30].max()) < 0.05
    assert float(limited[100:400, 34:].min()) > 0.29


def test_nothing_is_above_the_mask_where_marks_are_heard_first() -> None:
    from lab.evaluation.watermark.quality import RATE, difficult_hosts, quality
    from provenance.watermark import WatermarkKey, embed

    for name, host in difficult_hosts().items():
        wav = host[:, : 6 * RATE]
        marked = embed(wav, RATE, b"trackmrk", WatermarkKey(bytes(32)))
        assert quality(wav, marked, RATE)["nmr_highest_db"] < 1.0, name
