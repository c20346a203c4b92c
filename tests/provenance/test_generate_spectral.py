"""The codec's networks: as many frames as hops, and windows that add up to what they were cut from."""

import math

import pytest
import torch
from torch import Tensor

from provenance.generate import spectral
from tests.signals import noise

HOP = 40


def encoder() -> spectral.Encoder:
    torch.manual_seed(0)
    return spectral.Encoder(HOP, width=8, blocks=1, dimension=4)


def decoder() -> spectral.Decoder:
    torch.manual_seed(0)
    return spectral.Decoder(HOP, width=8, blocks=1, dimension=4)


@pytest.mark.parametrize(("samples", "frames"), [(1, 1), (HOP, 1), (HOP + 1, 2), (10 * HOP, 10)])
def test_every_hop_that_was_begun_has_a_frame(samples: int, frames: int) -> None:
    heard = encoder()(torch.zeros(2, 1, samples))
    assert heard.shape == (2, 4, frames)
    assert decoder()(heard).shape == (2, 1, frames * HOP)


def windows(wav: Tensor) -> Tensor:
    """Windowed audio as both networks have it, [B, T] to [B, N, samples]."""
    made = decoder()
    margin = (spectral.OVERLAP - 1) * HOP // 2
    padded = torch.nn.functional.pad(wav, (margin, margin))
    return padded.unfold(-1, spectral.OVERLAP * HOP, HOP) * made.window


def test_windows_add_up_to_what_they_were_cut_from_to_the_edges() -> None:
    wav, made = noise(1.0, 20 * HOP), decoder()
    played = windows(wav) * made.window
    whole = made._added(played) / made._added(made.window.square().expand(1, played.shape[1], -1))
    assert torch.allclose(whole, wav, atol=1e-5)


def test_what_is_said_of_bins_is_played(monkeypatch: pytest.MonkeyPatch) -> None:
    """A decoder whose last layer says what a recording's spectrum is plays the recording."""
    wav, made = noise(1.0, 20 * HOP), decoder()
    spectrum = torch.fft.rfft(windows(wav), norm="ortho")[..., :-1]
    far = 1e3 * spectrum / (spectrum.abs() + 1e-12)  # a direction, long enough for its length not to matter
    told = torch.cat([(spectrum.abs() + 1e-12).log(), far.real, far.imag], -1)
    monkeypatch.setattr(made.tell, "forward", lambda _heard: told)
    played = made(torch.zeros(1, 4, 20))[:, 0]
    # what is missing is the bin at half the rate
    assert float((played - wav).square().mean()) < 0.05 * float(wav.square().mean())


def test_size_is_heard_of_all_bins_and_phase_of_the_lower_ones() -> None:
    bins = spectral.OVERLAP * HOP // 2
    quiet, loud = (spectral._features(gain * windows(noise(1.0, 20 * HOP))) for gain in (0.1, 1.0))
    assert quiet.shape == (1, 20, spectral.inputs(HOP))
    steps = (loud - quiet)[..., :bins]
    assert float(steps.median()) == pytest.approx(math.log(10.0) / 4.0, abs=0.01)
    ratio = loud[..., bins:].abs().sum() / quiet[..., bins:].abs().sum()
    assert float(ratio) == pytest.approx(10.0**spectral.COMPRESSION, rel=0.02)
    assert bool(torch.isfinite(spectral._features(torch.zeros(1, 2, 4 * HOP))).all())
