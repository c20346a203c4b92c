"""Generation from audiocraft's own classes: no weights, no network, still a real MusicGen."""

import sys
import types
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from core.errors import GenerationError
from provenance import generate
from provenance.generate import UNTRAINED, AudiocraftGenerator, Generator, load_generator


@pytest.fixture(scope="module")
def generator() -> Iterator[Generator]:
    """The untrained model, loaded once (audiocraft's import takes seconds)."""
    yield load_generator()


def test_the_untrained_model_says_what_it_is(generator: Generator) -> None:
    assert generator.name == UNTRAINED
    assert "untrained" in generator.name
    assert generator.sample_rate == 32_000


def test_generation_is_audible_repeatable_and_seeded(generator: Generator) -> None:
    steps: list[tuple[int, int]] = []
    state = torch.random.get_rng_state()
    wav = generator.generate(
        "a calm piano", 3, seed=1, progress=lambda done, total: steps.append((done, total))
    )
    assert wav.shape == (1, 3 * 32_000)
    assert wav.dtype == torch.float32
    assert torch.isfinite(wav).all()
    assert 0.05 < float(wav.square().mean().sqrt()) <= 0.13
    assert float(wav.abs().max()) <= 0.9
    assert steps and all(done <= total for done, total in steps)
    assert torch.equal(wav, generator.generate("a calm piano", 3, seed=1))
    assert not torch.equal(wav, generator.generate("a calm piano", 3, seed=2))
    assert torch.equal(state, torch.random.get_rng_state()), "the caller's random numbers were touched"


def test_most_of_the_energy_lies_where_a_watermark_does(generator: Generator) -> None:
    wav = generator.generate("", 3, seed=4)
    power = torch.fft.rfft(wav[0]).abs().square()
    hz = torch.linspace(0, 16_000, power.numel())
    assert float(power[(hz > 300) & (hz < 7500)].sum() / power.sum()) > 0.25


@pytest.mark.parametrize("seconds", [0, -1, 1e9, float("nan")])
def test_impossible_lengths_are_refused(generator: Generator, seconds: float) -> None:
    with pytest.raises(GenerationError, match="cannot generate"):
        generator.generate("", seconds, seed=0)


def test_a_folder_without_weights_is_named(tmp_path: Path, generator: Generator) -> None:
    with pytest.raises(GenerationError, match=r"state_dict\.bin"):
        load_generator(str(tmp_path))


def test_a_silent_model_is_an_error() -> None:
    class Silent:
        sample_rate = 32_000
        device = torch.device("cpu")

        def set_generation_params(self, duration: float) -> None:
            self.duration = duration

        def set_custom_progress_callback(self, progress: object) -> None:
            self.progress = progress

        def generate_unconditional(self, count: int, progress: bool) -> torch.Tensor:
            return torch.full((count, 1, int(self.duration * self.sample_rate)), 0.5)

    with pytest.raises(GenerationError, match="silence"):
        AudiocraftGenerator("silent", Silent(), reads_text=False).generate("", 1, seed=0)


def test_a_stand_in_lends_what_it_has_and_raises_for_the_rest() -> None:
    module = generate._stand_in("an_absent_package", known=7)
    try:
        assert isinstance(module, types.ModuleType)
        assert module.known == 7
        with pytest.raises(ImportError, match="needed after all"):
            module.unknown  # noqa: B018
        assert not hasattr(module, "__path__")
    finally:
        del sys.modules["an_absent_package"]
