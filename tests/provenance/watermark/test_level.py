import torch

from provenance.watermark import level, model
from provenance.watermark.grid import CELL_BANDS, RATE, stft
from tests.signals import music, noise


def spectrum_of(wav: torch.Tensor) -> torch.Tensor:
    spectrum = stft(wav.mean(0, keepdim=True))
    return spectrum[..., : spectrum.shape[-1] // 2 * 2]


def snr_db(host: torch.Tensor, gain: torch.Tensor) -> float:
    power = host.abs().square()
    return float(10.0 * torch.log10(power.sum() / (gain.square() * power).sum()))


def chips_for(host: torch.Tensor) -> torch.Tensor:
    generator = torch.Generator().manual_seed(3)
    columns = host.shape[-1] // 6 + 1
    return torch.randint(0, 2, (CELL_BANDS, columns), generator=generator).float() * 2.0 - 1.0


def test_what_reads_badly_is_marked_louder_within_the_limits() -> None:
    levels = []
    for wav in (music(12.0, RATE), noise(12.0, RATE, amplitude=0.2)):
        host = spectrum_of(wav)
        gain = level.relative_gain_of(host, chips_for(host), model.shipped(), 1.0)
        levels.append(snr_db(host, gain))
    # noise hides chips far better than it lets them be read: it gets the louder mark
    assert levels[1] < levels[0] - 1.0
    assert all(shown > level.LOUDEST_DB - 1.0 for shown in levels)


def test_readability_is_one_for_certain_and_negative_for_wrong_logits() -> None:
    chips = torch.ones(CELL_BANDS, 40)
    for logit, low, high in ((20.0, 0.99, 1.0), (0.0, -0.01, 0.01), (-3.0, -10.0, -1.0)):
        bits = level.readability(torch.full((1, 44, 120), logit), chips)
        assert bits.shape == (1, 240)
        assert low <= float(bits.min()) and float(bits.max()) <= high + 1e-6


def test_the_level_follows_the_target() -> None:
    host = spectrum_of(music(12.0, RATE))
    pattern = torch.tanh(torch.randn(1, 88, host.shape[-1], generator=torch.Generator().manual_seed(0)))
    power = host.abs().square()
    shown = [
        snr_db(
            host,
            level.relative_gain(
                pattern, power, snr_db=torch.full((1, host.shape[-1]), wanted), ceiling_db=100.0
            ),
        )
        for wanted in (40.0, 34.0)
    ]
    assert 5.0 < shown[0] - shown[1] < 7.0
