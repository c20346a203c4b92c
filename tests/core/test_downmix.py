import torch

from core.downmix import downmix, further_looks
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


def names(*channels: torch.Tensor) -> list[str]:
    return [look.name for look in further_looks(torch.stack(channels))]


def test_what_one_look_tells_is_not_looked_at_again() -> None:
    left, other = music(2.0, RATE)[0], noise(2.0, RATE, channels=1)[0]
    for wav in (
        (left,),
        (left, left),
        (left, -left),
        (left, -0.8 * left),
        (left, 0 * left),
        (left, 0.5 * left),
    ):
        assert names(*wav) == []
    assert names(left, left + 0.1 * other * float(left.std() / other.std())) == [], "ordinary stereo"
    assert names(0 * left, 0 * left) == [] and further_looks(torch.zeros(2, 0)) == ()


def test_independent_channels_are_looked_at_alone() -> None:
    left, right = noise(2.0, RATE, channels=2)
    assert names(left, right) == ["the side", "the left channel", "the right channel"]
    assert names(left, 0.5 * right) == ["the side", "the right channel"]
    assert names(left, 0.1 * right) == []
    looks = {
        look.name: look.of(torch.stack([left, right])) for look in further_looks(torch.stack([left, right]))
    }
    assert torch.allclose(looks["the right channel"], right)
    assert torch.allclose(looks["the side"], (left - right) / 2, atol=1e-6)


def test_what_only_the_side_holds_is_looked_at() -> None:
    middle, side = noise(2.0, RATE, channels=2)
    assert names(middle + 0.5 * side, middle - 0.5 * side) == ["the side"]
    assert "the middle" in names(middle + 2.5 * side, middle - 2.5 * side)


def test_many_channels_are_four_looks_at_most() -> None:
    wav = noise(1.0, RATE, channels=8)
    wav[5] *= 3
    found = names(*wav)
    assert len(found) == 3 and found[0] == "channel 6"
    assert names(*([wav[0]] * 6)) == []
