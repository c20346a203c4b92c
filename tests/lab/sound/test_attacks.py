"""Every attack changes the audio, keeps its length rule, and fails loudly."""

import numpy as np
import pytest
import torch
from torch import Tensor

from lab.sound.attacks import CATALOGUE, Attack, attack, mix_with
from lab.sound.published_attacks import CHAIN, REMOVAL, STRICT
from lab.sound.transforms import AttackError

RATE = 44100
EVERY = (*CATALOGUE, *STRICT, *CHAIN, *REMOVAL)


def tones(seconds: float = 3.0, freqs: tuple[float, ...] = (220.0, 441.0, 1760.0)) -> Tensor:
    """Plucked tones twice a second, left and right unequal."""
    time = torch.arange(int(seconds * RATE)) / RATE
    pluck = torch.exp(-6 * (time * 2 % 1))
    mono = sum((torch.sin(2 * torch.pi * f * time) for f in freqs), torch.zeros_like(time)) * pluck * 0.15
    noise = torch.randn(time.numel(), generator=torch.Generator().manual_seed(1)) * 0.01
    return torch.stack([mono, 0.6 * mono + noise])


def rng() -> np.random.Generator:
    return np.random.default_rng(7)


def dominant_hz(wav: Tensor) -> float:
    spectrum = torch.fft.rfft(wav[0] * torch.hann_window(wav.shape[-1])).abs()
    return float(spectrum.argmax()) * RATE / wav.shape[-1]


@pytest.mark.parametrize("case", EVERY, ids=lambda a: a.name)
def test_changes_the_audio_and_keeps_its_length_rule(case: Attack) -> None:
    wav = tones(5.0)
    attacked = case.apply(wav, RATE, rng())
    assert attacked.shape[0] == 2
    if case.length == "same":
        assert attacked.shape == wav.shape
        assert float((attacked - wav).square().mean()) > 1e-8
    elif case.length == "scaled":
        assert abs(attacked.shape[-1] * case.tempo - wav.shape[-1]) < 0.05 * RATE
        assert case.tempo != 1.0
    else:
        assert attacked.shape[-1] < wav.shape[-1]


def test_names_are_unique() -> None:
    assert len({a.name for a in EVERY}) == len(EVERY)


def test_same_seed_same_result() -> None:
    wav = tones(1.0)
    for name in ("white_20db", "reverb", "crop_70", "eq_6db", "echo"):
        assert torch.equal(attack(name).apply(wav, RATE, rng()), attack(name).apply(wav, RATE, rng()))


def test_an_attack_that_does_nothing_raises() -> None:
    lazy = Attack("lazy", "codec", lambda wav, rate, rng: wav.clone())
    with pytest.raises(AttackError, match="did not change"):
        lazy.apply(tones(1.0), RATE, rng())


def test_an_attack_that_breaks_its_rule_raises() -> None:
    with pytest.raises(AttackError, match="wrong shape"):
        Attack("short", "codec", lambda wav, rate, rng: wav[:, 1:]).apply(tones(1.0), RATE, rng())
    with pytest.raises(AttackError, match="not finite"):
        Attack("nan", "codec", lambda wav, rate, rng: wav * float("nan")).apply(tones(1.0), RATE, rng())


def test_stereo_attacks_refuse_mono() -> None:
    mono = tones(1.0)[:1]
    for case in CATALOGUE:
        if case.needs_stereo:
            assert not case.applies_to(mono)
    with pytest.raises(AttackError):
        attack("mono_downmix").apply(mono, RATE, rng())


@pytest.mark.parametrize("snr_db", [30, 20, 10])
def test_noise_has_the_stated_level(snr_db: int) -> None:
    wav = tones()
    noise = attack(f"white_{snr_db}db").apply(wav, RATE, rng()) - wav
    measured = 10 * torch.log10(wav.square().mean() / noise.square().mean())
    assert abs(float(measured) - snr_db) < 0.1


@pytest.mark.parametrize(
    "name", ["speed_1.05", "speed_0.90", "tempo_1.05", "tempo_0.95", "pitch_1.05", "pitch_0.95"]
)
def test_time_scales_do_what_their_fields_say(name: str) -> None:
    case, seconds = attack(name), 6.0
    time = torch.arange(int(seconds * RATE)) / RATE
    wav = torch.sin(2 * torch.pi * 441 * time).repeat(2, 1) * 0.3
    wav[:, int(4 * RATE) :] = 0  # the tone ends at 4 s
    attacked = case.apply(wav, RATE, rng())
    sounding = (
        attacked[0].abs().reshape(-1)[: attacked.shape[-1] // 441 * 441].reshape(-1, 441).amax(1) > 0.05
    )
    end_s = float(sounding.nonzero().max() + 1) * 441 / RATE
    assert end_s == pytest.approx(4.0 / case.tempo, abs=0.05)
    assert dominant_hz(attacked) == pytest.approx(441 * case.pitch, rel=0.01)


def test_filters_remove_what_they_should() -> None:
    wav = tones(freqs=(100.0, 1000.0, 8000.0))

    def kept(attacked: Tensor, hz: float) -> float:
        band = round(hz * wav.shape[-1] / RATE)
        before, after = (torch.fft.rfft(x[0]).abs()[band - 9 : band + 10].sum() for x in (wav, attacked))
        return float(after / before)

    low = attack("lowpass_4000").apply(wav, RATE, rng())
    assert kept(low, 8000) < 0.05 and kept(low, 1000) > 0.95
    high = attack("highpass_500").apply(wav, RATE, rng())
    assert kept(high, 100) < 0.05 and kept(high, 1000) > 0.95
    phone = attack("telephone").apply(wav, RATE, rng())
    assert kept(phone, 100) < 0.05 and kept(phone, 8000) < 0.05 and kept(phone, 1000) > 0.5


def test_limiter_reduces_the_crest_factor() -> None:
    def crest(wav: Tensor) -> float:
        return float(wav.abs().max() / wav.square().mean().sqrt())

    wav = tones()
    assert crest(attack("limiter").apply(wav, RATE, rng())) < 0.8 * crest(wav)


def test_compressor_brings_loud_and_quiet_together() -> None:
    time = torch.arange(4 * RATE) / RATE
    wav = (torch.sin(2 * torch.pi * 300 * time) * torch.where(time < 2, 0.8, 0.08)).repeat(2, 1)

    def contrast_db(wav: Tensor) -> float:
        loud, quiet = wav[:, RATE : 2 * RATE], wav[:, 3 * RATE :]
        return float(10 * torch.log10(loud.square().mean() / quiet.square().mean()))

    assert contrast_db(wav) == pytest.approx(20, abs=0.1)
    # 12 dB over the threshold at 4:1 loses 9 dB of the contrast of 20 dB.
    assert contrast_db(attack("compressor").apply(wav, RATE, rng())) == pytest.approx(11, abs=1)


def test_mix_is_one_to_one() -> None:
    wav, other = tones(), tones(1.0, (333.0,))
    mixed = mix_with(other).apply(wav, RATE, rng())
    fitted = float((mixed * wav).sum() / wav.square().sum())
    rest = mixed - fitted * wav
    ratio_db = 10 * torch.log10((fitted * wav).square().mean() / rest.square().mean())
    assert abs(float(ratio_db)) < 1.0


def test_silence_and_scraps_are_refused() -> None:
    with pytest.raises(AttackError):
        attack("white_20db").apply(torch.zeros(1, RATE), RATE, rng())
    with pytest.raises(AttackError):
        attack("polarity").apply(torch.zeros(1, RATE), RATE, rng())
    with pytest.raises(AttackError, match="at least"):
        attack("polarity").apply(torch.ones(1, 10), RATE, rng())


def test_unknown_name() -> None:
    with pytest.raises(KeyError, match="mp3_64"):
        attack("mp3_65")
