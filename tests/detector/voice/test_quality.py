"""The speech-quality network as a listener, on generated sound."""

from pathlib import Path

import pytest
import torch

from core.cards import load, write
from core.errors import WeightsError
from detector.voice import quality
from detector.voice.quality import COURSE, TEXTURE, SpeechQuality
from tests.signals import music, noise

CARD = Path(quality.__file__).with_name("quality.toml")
RATE = 16000


@pytest.fixture(scope="module")
def network() -> SpeechQuality:
    return SpeechQuality.load()


def test_every_window_is_heard_as_alone_and_at_any_level(network: SpeechQuality) -> None:
    wav = torch.stack([music(2.0, RATE, seed=3)[0], noise(2.0, RATE)[0], torch.zeros(2 * RATE)])
    found = network.layers(wav)
    assert found.shape == (3, TEXTURE + COURSE) and bool(torch.isfinite(found).all())
    assert torch.allclose(found, torch.cat([network.layers(part[None]) for part in wav]), atol=2e-3)
    assert torch.allclose(found, network.layers(0.01 * wav), atol=2e-3)


@pytest.mark.parametrize("samples", [4000, 122_880])
def test_the_shortest_and_the_longest_window_are_heard(network: SpeechQuality, samples: int) -> None:
    assert bool(torch.isfinite(network.layers(0.1 * torch.ones(1, samples).cumsum(1).sin())).all())


def test_the_opinion_that_the_layers_were_made_for_is_in_them(network: SpeechQuality) -> None:
    """Layers of two different songs are nearer each other than either is to noise."""
    first, second = (music(3.0, RATE, seed=seed) for seed in (1, 2))
    heard = network.layers(torch.cat([first[:1], second[:1], noise(3.0, RATE)[:1]]))
    assert (heard[0] - heard[1]).norm() < (heard[0] - heard[2]).norm()


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    card, tensors = load(CARD)
    path = tmp_path / "quality.toml"
    write(card, {name: value for name, value in tensors.items() if name != "projection.bias"}, path)
    with pytest.raises(WeightsError, match="not the weights"):
        SpeechQuality.load(path)
