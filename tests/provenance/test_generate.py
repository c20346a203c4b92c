"""Generation by the model that ships, and by stand-ins for audiocraft's: no network."""

import hashlib
import sys
import types
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from core.cards import read as read_card
from core.clip import Clip, Source
from core.errors import GenerationError
from provenance.generate import (
    Abilities,
    AudiocraftGenerator,
    Generator,
    Order,
    composer,
    imported,
    load_generator,
    loading,
)
from tests.signals import music

PIANO = Order("a calm piano", seconds=3.0)
RATE = 24_000


@pytest.fixture(scope="module")
def generator() -> Iterator[Generator]:
    """The model that ships, loaded once (audiocraft's import takes seconds)."""
    yield load_generator()


def made(generator: Generator, order: Order, seed: int, **options: Any) -> Tensor:
    return torch.cat(list(generator.stream(order, seed, **options)), -1)


def clip(seconds: float, amplitude: float = 1.0) -> Clip:
    return Clip(
        amplitude * music(seconds, RATE, 1)[:1], RATE, Source("a.wav", "ab" * 32, 9, "wav", "pcm_s16le")
    )


class Played:
    """A model of audiocraft's manner that notes what it is asked and plays a tone for it."""

    sample_rate = RATE
    audio_channels = 1
    device = torch.device("cpu")
    max_duration = 10.0

    def __init__(self, amplitude: float = 0.5) -> None:
        self.asked: list[tuple[str, float]] = []
        self.amplitude = amplitude

    def set_generation_params(self, duration: float) -> None:
        self.duration = duration

    def set_custom_progress_callback(self, progress: object) -> None:
        self.progress = progress

    def _tone(self, kind: str, length: int) -> Tensor:
        self.asked.append((kind, length / RATE))
        noise = torch.randn(length) * self.amplitude
        return (noise + 0.2 * (self.amplitude > 0))[None, None]

    def generate(self, texts: list[str], progress: bool) -> Tensor:
        return self._tone(texts[0], int(self.duration * RATE))

    def generate_with_chroma(self, texts: list[str], tunes: Tensor, rate: int, progress: bool) -> Tensor:
        return self._tone(f"{texts[0]} to a tune of {tunes.shape[-1] / rate:g} s", int(self.duration * RATE))

    def generate_continuation(self, prompt: Tensor, rate: int, texts: list[str], progress: bool) -> Tensor:
        new = self._tone(f"{texts[0]} after {prompt.shape[-1] / rate:g} s", int(self.duration * RATE))
        return torch.cat([2.0 * prompt, new[..., prompt.shape[-1] :]], -1)


def test_the_model_that_ships_says_what_it_is(generator: Generator) -> None:
    card = read_card(composer.SHIPPED / composer.CARD)
    assert (generator.name, generator.licence) == ("trackmark-composer", "CC-BY-SA-4.0")
    assert generator.weights_sha256 == card.sha256
    assert (generator.sample_rate, generator.channels) == (RATE, 1)


def test_generation_is_audible_repeatable_and_seeded(generator: Generator) -> None:
    steps: list[tuple[int, int]] = []
    state = torch.random.get_rng_state()
    wav = made(generator, PIANO, 1, progress=lambda done, total: steps.append((done, total)))
    assert wav.shape == (1, 3 * RATE)
    assert wav.dtype == torch.float32
    assert torch.isfinite(wav).all()
    assert 0.05 < float(wav.square().mean().sqrt()) <= 0.13
    assert float(wav.abs().max()) <= 0.9
    assert steps and all(done <= total for done, total in steps)
    assert torch.equal(wav, made(generator, PIANO, 1))
    assert not torch.equal(wav, made(generator, PIANO, 2))
    assert torch.equal(state, torch.random.get_rng_state()), "the caller's random numbers were touched"


def test_most_of_the_energy_lies_where_a_watermark_does(generator: Generator) -> None:
    wav = made(generator, replace(PIANO, prompt=""), 4)
    power = torch.fft.rfft(wav[0]).abs().square()
    hz = torch.linspace(0, RATE / 2, power.numel())
    assert float(power[(hz > 300) & (hz < 7500)].sum() / power.sum()) > 0.25


def test_a_real_model_continues_a_beginning(generator: Generator) -> None:
    new = made(generator, Order("", seconds=2.5, beginning=clip(1.5)), 1)
    assert new.shape == (1, RATE)
    assert not torch.equal(new, made(generator, Order("", seconds=2.5, beginning=clip(1.5)), 2))


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"seconds": 0.0}, "cannot generate"),
        ({"seconds": -1.0}, "cannot generate"),
        ({"seconds": 1e9}, "cannot generate"),
        ({"seconds": float("nan")}, "cannot generate"),
        ({"prompt": "la " * 33_333}, "99999 characters"),
        ({"melody": clip(1.0), "beginning": clip(1.0)}, "not both"),
        ({"beginning": clip(4.0)}, "lasts 4.0 s already"),
    ],
)
def test_impossible_orders_are_refused_before_a_model_is_loaded(changes: dict[str, Any], why: str) -> None:
    with pytest.raises(GenerationError, match=why):
        replace(PIANO, **changes)


@pytest.mark.parametrize(
    "model", ["none/at/all", "/no/such/folder", "", "../..", "a b/c", "x" * 5000, __file__]
)
def test_a_path_that_is_no_model_is_told_before_anything_is_loaded(
    model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "audiocraft_models", lambda: pytest.fail("audiocraft was loaded"))
    with pytest.raises(GenerationError, match=r"neither a folder with a model nor|holds no model"):
        load_generator(model)


def test_a_folder_without_weights_or_with_others_is_named(tmp_path: Path, generator: Generator) -> None:
    with pytest.raises(GenerationError, match=r"state_dict\.bin"):
        load_generator(str(tmp_path))
    for name in loading.WEIGHTS:
        (tmp_path / name).write_bytes(b"no weights")
    with pytest.raises(GenerationError, match="no weights for"):
        load_generator(str(tmp_path))


def test_the_digest_of_a_folder_is_the_one_that_the_shell_tells(tmp_path: Path) -> None:
    lines = ""
    for name in loading.WEIGHTS:
        (tmp_path / name).write_bytes(name.encode())
        lines += f"{hashlib.sha256(name.encode()).hexdigest()}  {name}\n"
    assert loading._weights_sha256(tmp_path, "x") == hashlib.sha256(lines.encode()).hexdigest()


def test_long_music_is_made_window_by_window_at_one_loudness() -> None:
    model = Played()
    parts = list(AudiocraftGenerator("m", model, Abilities()).stream(replace(PIANO, seconds=20.0), 1))
    assert [text for text, _ in model.asked] == [
        "a calm piano",
        "a calm piano after 4 s",
        "a calm piano after 4 s",
    ]
    assert all(length <= Played.max_duration for _, length in model.asked)
    assert [round(part.shape[-1] / RATE) for part in parts] == [10, 6, 4]
    levels = [float(part.square().mean().sqrt()) for part in parts]
    assert levels[0] == pytest.approx(0.12, rel=0.02)
    assert abs(float(parts[0].mean())) < 0.01, "without the model's offset"


def test_a_continuation_is_as_loud_as_what_it_continues() -> None:
    model, loud = Played(), clip(2.0, amplitude=0.5)
    new = made(AudiocraftGenerator("m", model, Abilities()), replace(PIANO, beginning=loud), 1)
    assert model.asked == [("a calm piano after 2 s", 3.05)]
    assert new.shape[-1] == RATE
    # the model's copy of the beginning is twice as loud, so its continuation is halved
    assert float(new.std()) == pytest.approx(0.25, rel=0.05)


def test_a_melody_is_handed_to_a_model_that_hears_it() -> None:
    model, tune = Played(), replace(PIANO, melody=clip(1.0))
    made(AudiocraftGenerator("m", model, Abilities(follows_melody=True)), tune, 1)
    assert model.asked == [("a calm piano to a tune of 1 s", 3.05)]


@pytest.mark.parametrize(
    ("changes", "abilities", "why"),
    [
        ({"melody": clip(1.0)}, Abilities(), "follows no melody"),
        ({"beginning": clip(1.0)}, Abilities(continues=False), "continues nothing"),
        ({"seconds": 11.0}, Abilities(continues=False), "up to 10 s"),
        ({"seconds": 11.0, "melody": clip(1.0)}, Abilities(follows_melody=True), "up to 10 s"),
    ],
)
def test_what_a_model_cannot_do_is_told_with_one_that_can(
    changes: dict[str, Any], abilities: Abilities, why: str
) -> None:
    model = Played()
    with pytest.raises(GenerationError, match=why):
        made(AudiocraftGenerator("m", model, abilities), replace(PIANO, **changes), 1)
    assert not model.asked


def test_a_silent_model_is_an_error() -> None:
    with pytest.raises(GenerationError, match="silence"):
        made(AudiocraftGenerator("silent", Played(0.0), Abilities()), PIANO, 0)


def test_a_stand_in_lends_what_it_has_and_raises_for_the_rest() -> None:
    module = imported._stand_in("an_absent_package", known=7)
    try:
        assert isinstance(module, types.ModuleType)
        assert module.known == 7
        with pytest.raises(ImportError, match="needed after all"):
            module.unknown  # noqa: B018
        assert not hasattr(module, "__path__")
    finally:
        del sys.modules["an_absent_package"]
