"""The speaker encoder: the published front end and weights."""

import math

import pytest
import torch

from detector.voice.encoder import Ge2eEncoder, slaney_mel
from tests.signals import music, noise

# librosa.filters.mel(sr=16000, n_fft=400, n_mels=40), librosa 0.11.0: values at [band, bin].
LIBROSA = {(0, 1): 0.007390, (5, 10): 0.005940, (39, 190): 0.001215}


@pytest.fixture(scope="module")
def encoder() -> Ge2eEncoder:
    return Ge2eEncoder.load()


def test_mel_filters_are_librosas() -> None:
    filters = slaney_mel(40, 400, 16000)
    assert filters.shape == (40, 201)
    for (band, bin_), value in LIBROSA.items():
        assert float(filters[band, bin_]) == pytest.approx(value, abs=2e-6)


def test_embeddings_are_unit_vectors_and_repeatable(encoder: Ge2eEncoder) -> None:
    wav = music(4.0, 16000, seed=4)[0]
    first, second = encoder.embed(wav), encoder.embed(wav)
    assert first.shape == (4, 256)
    assert torch.allclose(first.norm(dim=1), torch.ones(4), atol=1e-5)
    assert torch.equal(first, second)


def test_level_makes_no_difference(encoder: Ge2eEncoder) -> None:
    wav = music(2.0, 16000, seed=4)[0]
    assert torch.allclose(encoder.embed(wav), encoder.embed(wav * 0.05), atol=1e-4)


def test_a_very_short_voice_gives_one_embedding(encoder: Ge2eEncoder) -> None:
    found = encoder.embed(noise(0.3, 16000)[0])
    assert found.shape == (1, 256)
    assert math.isfinite(float(found.sum()))


def test_different_sounds_are_further_apart_than_one_sound(encoder: Ge2eEncoder) -> None:
    song, other = music(6.0, 16000, seed=5)[0], noise(3.0, 16000, seed=6)[0]
    halves = encoder.embed(song[:48000]).mean(0), encoder.embed(song[48000:]).mean(0)
    assert halves[0] @ halves[1] > halves[0] @ encoder.embed(other).mean(0)
