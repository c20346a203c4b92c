import torch

from core.downmix import downmix
from tests.signals import music, noise

RATE = 16_000


def test_ordinary_sound_gives_exactly_the_mean() -> None:
    for wav in (music(1.0, RATE), noise(1.0, RATE, channels=2), music(1.0, RATE)[:1]):
        assert torch.equal(downmix(wav), wav.mean(0))
    one_sided = torch.cat([music(1.0, RATE)[:1], torch.zeros(1, RATE)])
    assert torch.equal(downmix(one_sided), one_sided.mean(0))
    alone = torch.zeros(6, RATE)
    alone[4] = music(1.0, RATE)[0]
    assert torch.equal(downmix(alone), alone.mean(0))


def test_what_channels_cancel_is_heard() -> None:
    left = music(1.0, RATE)[:1]
    for other in (-left, -0.9 * left, -left + noise(1.0, RATE, channels=1, amplitude=1e-3)):
        kept = downmix(torch.cat([left, other]))
        assert float(kept.square().mean()) > 0.8 * float(left.square().mean())
    surround = torch.cat([left, -left, torch.zeros(4, RATE)])
    assert torch.equal(downmix(surround), left[0])


def test_nothing_stays_nothing() -> None:
    assert downmix(torch.zeros(2, 0)).shape == (0,)
    assert not downmix(torch.zeros(3, 8)).any()
