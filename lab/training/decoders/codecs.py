"""Codecs that are trained in the lab: learned frames, quantised or drawn, between two networks.

`Codec` is residual vector quantisation between any two networks: audiocraft's SEANet for an EnCodec, Snake
networks for a DAC. `Autoencoder` draws its frames from a normal distribution, as the oobleck autoencoder of
Stable Audio does; what generates music there predicts those frames.

Sources: A. Défossez et al., High Fidelity Neural Audio Compression, 2022; R. Kumar et al., Improved RVQGAN,
2023 (Snake); Z. Evans et al., Fast Timing-Conditioned Latent Audio Diffusion, 2024 (oobleck, its bottleneck).
"""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lab.training.decoders import codebooks
from lab.training.decoders.networks import Residual, Upsampler, activation
from provenance.generate import audiocraft_models

DIMENSION = 64
BOOKS, CODES = 8, 1024
DIVERGENCE = 1e-4
"""Weight of the Kullback-Leibler term beside a loss of spectra."""
HEADROOM = 6.0
"""Audio over its own level before a network that ends in tanh: peaks of music stay in its range."""


class Downsampler(nn.Module):
    """Samples to frames by strided convolutions and Snake, [B, 1, T] -> [B, D, T / product of strides]."""

    def __init__(self, outputs: int, strides: Sequence[int], width: int) -> None:
        super().__init__()
        narrow = max(8, width >> len(strides))
        layers: list[nn.Module] = [nn.Conv1d(1, narrow, 7, padding=3)]
        for stride in strides:
            wider = min(2 * narrow, width)
            layers += [
                Residual(narrow, snake=True),
                activation(narrow, snake=True),
                nn.Conv1d(narrow, wider, 2 * stride, stride, padding=(stride + 1) // 2),
            ]
            narrow = wider
        layers += [activation(narrow, snake=True), nn.Conv1d(narrow, outputs, 3, padding=1)]
        self.layers = nn.Sequential(*layers)

    def forward(self, wav: Tensor) -> Tensor:
        """Analyse."""
        frames: Tensor = self.layers(wav)
        return frames


class Codec(nn.Module):
    """Quantised frames between two networks, [B, T] -> audio and commitment penalty, [B, T] and [].

    Attributes:
        quantise: whether frames are quantised; codebooks start better from frames that mean something.
    """

    def __init__(self, encoder: nn.Module, decoder: nn.Module, frame_rate: int, headroom: float) -> None:
        super().__init__()
        audiocraft_models()
        from audiocraft.quantization.vq import ResidualVectorQuantizer

        self.frame_rate, self.headroom = frame_rate, headroom
        self.encoder, self.decoder = encoder, decoder
        # no code is ever declared dead: a batch holds fewer frames than there are codes
        self.quantizer = ResidualVectorQuantizer(
            dimension=DIMENSION, n_q=BOOKS, bins=CODES, threshold_ema_dead_code=0
        )
        self.quantise = True

    @property
    def started(self) -> bool:
        """Whether the codebooks hold anything."""
        return codebooks.started(self.quantizer)

    @torch.no_grad()
    def start(self, wav: Tensor) -> None:
        """Fill the codebooks with the k-means of these frames, audio [B, T]."""
        frames = self.encoder(normalised(wav, self.headroom)[0][:, None])
        codebooks.start(self.quantizer, frames.transpose(1, 2).flatten(0, 1))

    def forward(self, wav: Tensor) -> tuple[Tensor, Tensor]:
        """Encode and decode at the level of the audio, as EnCodec's renormalised models do."""
        own, scale = normalised(wav, self.headroom)
        frames = self.encoder(own[:, None])
        penalty = torch.zeros(())
        if self.quantise:
            result = self.quantizer(frames, self.frame_rate)
            frames, penalty = result.x, result.penalty
        return self.decoder(frames).flatten(1)[:, : wav.shape[-1]] * scale, penalty


class Autoencoder(nn.Module):
    """Frames drawn from a learned normal distribution, [B, T] -> audio and divergence, [B, T] and []."""

    def __init__(self, strides: Sequence[int], width: int) -> None:
        super().__init__()
        self.encoder = Downsampler(2 * DIMENSION, tuple(reversed(strides)), width)
        self.decoder = Upsampler(DIMENSION, strides, width, snake=True)

    def forward(self, wav: Tensor) -> tuple[Tensor, Tensor]:
        """Encode, draw (in training; the mean otherwise) and decode."""
        own, scale = normalised(wav, HEADROOM)
        mean, spread = self.encoder(own[:, None]).chunk(2, 1)
        deviation = F.softplus(spread) + 1e-4
        frames = mean + deviation * torch.randn_like(mean) if self.training else mean
        variance = deviation.square()
        divergence = (mean.square() + variance - variance.log() - 1).sum(1).mean()
        return self.decoder(frames)[:, : wav.shape[-1]] * scale, DIVERGENCE * divergence


def seanet(rate: int, strides: Sequence[int], width: int) -> Codec:
    """An EnCodec of audiocraft's own classes, strides from the first to the last decoder layer."""
    audiocraft_models()
    from audiocraft.modules.seanet import SEANetDecoder, SEANetEncoder

    shape: dict[str, Any] = {
        "channels": 1,
        "dimension": DIMENSION,
        "n_filters": width,
        "n_residual_layers": 1,
        "ratios": list(strides),
        "norm": "weight_norm",
    }
    return Codec(SEANetEncoder(**shape), SEANetDecoder(**shape), rate // math.prod(strides), 1.0)


def snake_codec(rate: int, strides: Sequence[int], width: int) -> Codec:
    """A DAC: Snake networks on both sides of the codebooks."""
    encoder = Downsampler(DIMENSION, tuple(reversed(strides)), width)
    decoder = Upsampler(DIMENSION, strides, width, snake=True)
    return Codec(encoder, decoder, rate // math.prod(strides), HEADROOM)


def normalised(wav: Tensor, headroom: float) -> tuple[Tensor, Tensor]:
    """Audio, [B, T], at one level, and the scale that undoes it, [B, 1]."""
    scale = (wav.square().mean(-1, keepdim=True).sqrt() + 1e-5) * headroom
    return wav / scale, scale
