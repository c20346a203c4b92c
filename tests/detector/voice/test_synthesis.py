"""The fused synthetic-voice score and what it measures, on generated sound."""

from pathlib import Path

import pytest
import torch
from torch import Tensor

from core.cards import load, write
from core.errors import WeightsError
from core.resample import resample
from detector.voice import synthesis
from detector.voice.countermeasure import Countermeasure
from detector.voice.frontend import mono
from detector.voice.quality import SpeechQuality
from detector.voice.synthesis import VIEWS, Fusion, ScoreConfig, SyntheticVoice, VoiceNetwork, measure
from detector.voice.tidy import level, tidy
from tests.signals import music, noise, silence

CARD = Path(synthesis.__file__).with_name("synthesis.toml")
RATE = 16000


INPUTS = max(place.stop for place in VIEWS.values())


@pytest.fixture(scope="module")
def quality() -> SpeechQuality:
    return SpeechQuality.load()


@pytest.fixture(scope="module")
def shipped() -> SyntheticVoice:
    return SyntheticVoice.load()


def song(sample_rate: int, seconds: float = 5.0) -> Tensor:
    return music(seconds, sample_rate, seed=3)


def heard(voice: SyntheticVoice, wav: Tensor, sample_rate: int) -> float:
    return float(voice.listen(mono(wav, sample_rate)).logits.mean())


def test_what_is_measured_has_one_shape_and_repeats(quality: SpeechQuality) -> None:
    wav = mono(song(RATE), RATE)[None]
    first = measure(quality, wav)
    assert first.shape == (1, INPUTS) and bool(torch.isfinite(first).all())
    assert torch.equal(first, measure(quality, wav))


def test_windows_measured_together_are_measured_as_alone(quality: SpeechQuality) -> None:
    wav = torch.stack([mono(song(RATE, 2.0), RATE), 0.1 * noise(2.0, RATE)[0], torch.zeros(2 * RATE)])
    alone = torch.cat([measure(quality, part[None]) for part in wav])
    assert torch.allclose(measure(quality, wav), alone, atol=1e-5)


def test_only_windows_with_a_voice_are_scored_where_it_is_known(shipped: SyntheticVoice) -> None:
    wav = mono(song(RATE, 15.0), RATE)
    every = shipped.listen(wav)
    voiced = torch.zeros(wav.numel(), dtype=torch.bool)
    voiced[: 4 * RATE] = True
    some = shipped.listen(wav, voiced)
    assert some.starts_s.tolist() == [0.0, 2.5]
    assert torch.allclose(some.logits, every.logits[:2], atol=1e-5)


@pytest.mark.parametrize("seconds", [0.3, 1.0, 2.5])
def test_short_windows_are_measured(quality: SpeechQuality, seconds: float) -> None:
    found = measure(quality, mono(song(RATE, seconds), RATE)[None])
    assert found.shape == (1, INPUTS) and bool(torch.isfinite(found).all())


@pytest.mark.parametrize("wav", [torch.zeros(RATE), torch.cat([torch.zeros(RATE), noise(0.1, RATE)[0]])])
def test_silence_gives_finite_values(quality: SpeechQuality, wav: Tensor) -> None:
    assert bool(torch.isfinite(measure(quality, wav[None])).all())


def test_tidy_levels_and_cuts_above_the_band() -> None:
    clean = tidy(noise(1.0, RATE)[0])
    assert float(clean.square().mean().sqrt()) == pytest.approx(0.06, rel=1e-3)
    power = torch.fft.rfft(clean).abs().square()
    assert float(power[7900:].sum()) < 1e-4 * float(power.sum())
    assert torch.equal(level(torch.zeros(10)), torch.zeros(10))


@pytest.mark.parametrize("seconds", [1.0, 5.0, 7.0])
def test_every_window_of_the_countermeasure_gets_a_score(shipped: SyntheticVoice, seconds: float) -> None:
    wav = mono(song(RATE, seconds), RATE)
    found, lines = shipped.listen(wav), Countermeasure.load().listen(wav)
    assert torch.equal(found.starts_s, lines.starts_s) and torch.equal(found.ends_s, lines.ends_s)
    assert found.logits.shape == found.llr.shape == found.starts_s.shape
    assert bool(torch.isfinite(found.logits).all()) and bool((found.llr.abs() <= 3.0).all())
    again = shipped.listen(wav)
    assert torch.equal(found.logits, again.logits)


def test_gain_makes_no_difference_and_polarity_little(shipped: SyntheticVoice) -> None:
    wav = song(RATE)
    first = heard(shipped, wav, RATE)
    for gain in (0.01, 0.9):
        assert heard(shipped, wav * gain, RATE) == pytest.approx(first, abs=0.05)
    # The quality network sees the complex spectrum and was trained on one polarity.
    assert heard(shipped, -wav, RATE) == pytest.approx(first, abs=0.3)


@pytest.mark.parametrize("sample_rate", [44100, 48000])
def test_the_sample_rate_makes_little_difference(shipped: SyntheticVoice, sample_rate: int) -> None:
    wav = song(RATE)
    first = heard(shipped, wav, RATE)
    assert heard(shipped, resample(wav, RATE, sample_rate), sample_rate) == pytest.approx(first, abs=0.15)


def test_silence_is_scored_without_failing(shipped: SyntheticVoice) -> None:
    assert bool(torch.isfinite(shipped.listen(mono(silence(2, RATE), RATE)).llr).all())


def test_scores_are_fused_and_calibrated_as_the_card_says() -> None:
    fusion = Fusion(
        means=torch.tensor([1.0, 0.0, 2.0, 0.0]),
        spreads=torch.tensor([2.0, 4.0, 1.0, 1.0]),
        weight=torch.tensor([0.5]),
        calibration=torch.tensor([2.0, 1.0]),
        accusing=torch.tensor([1.0, -1.0]),
    )
    logits = torch.tensor([[3.0, 8.0, 2.0, 1.0], [1.0, 0.0, 4.0, 0.0]])
    score = fusion.score(logits)
    assert score.tolist() == [2.5, 1.0]
    assert fusion.llr(score).tolist() == [6.0, 3.0]
    assert fusion.accusing_llr(score).tolist() == [1.5, 0.0]
    mean = fusion.score(logits.mean(0))
    assert float(mean) == pytest.approx(float(score.mean())), "the mean of windows is the score of means"


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    card, tensors = load(CARD)
    flaws: dict[str, dict[str, Tensor]] = {
        "missing": {name: value for name, value in tensors.items() if name != "course.first"},
        "uncalibrated": {name: value for name, value in tensors.items() if name != "calibration"},
        "another shape": tensors | {"texture.low": tensors["texture.low"][:-1]},
        "too many": tensors | {"production.third": tensors["production.low"].clone()},
        "another network": tensors | {"third": tensors["production.low"].clone()},
        "half a calibration": tensors | {"calibration": tensors["calibration"][:1]},
        "a weight too many": tensors | {"weight": torch.ones(2)},
    }
    for flaw, wrong in flaws.items():
        path = tmp_path / f"{flaw.replace(' ', '-')}.toml"
        write(card, wrong, path)
        with pytest.raises(WeightsError, match="not the weights"):
            SyntheticVoice.load(path)


def test_damaged_weights_are_refused(tmp_path: Path) -> None:
    card, tensors = load(CARD)
    path = tmp_path / "synthesis.toml"
    written = write(card, tensors, path)
    weights = path.with_name(written.file)
    weights.write_bytes(weights.read_bytes()[:-1] + b"\xff")
    with pytest.raises(WeightsError, match="is not the file"):
        SyntheticVoice.load(path)


def test_an_untrained_network_says_nothing() -> None:
    network = VoiceNetwork(ScoreConfig(inputs=4, hidden=2))
    assert network(torch.randn(3, 4)).tolist() == [0.0, 0.0, 0.0]
