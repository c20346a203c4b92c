"""A speech-quality network as a fixed listener: its layers hear how a voice was made.

DistillMOS 0.9.1 (Stahl and Gamper 2025; Microsoft, MIT) predicts how natural people find speech. It was
distilled from a predictor on top of a self-supervised model and has learned from rated synthesis and
transmission what our few recordings cannot teach. Only its layers are used, never the opinion; the weights
are the published ones in half precision, its two input normalisations folded into the projection.
"""

import math
from itertools import pairwise
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from core.cards import load
from core.errors import WeightsError
from detector.voice.convolution import Convolution, Plane, Whole, pooled

_CARD = Path(__file__).with_name("quality.toml")
_WINDOW, _HOP = 320, 160
_CHANNELS = (2, 64, 64, 128, 256, 256, 256)
_WIDTH, _HEADS, _LAYERS = 200, 8, 7
_INPUTS = 1024
_POSITIONS = 384
TEXTURE = 2 * sum(_CHANNELS[1:])
"""Values that the convolutions give: what the sound is like from moment to moment."""
COURSE = 2 * _WIDTH * _LAYERS
"""Values that the transformer gives: how it goes on."""


class SpeechQuality(nn.Module):
    """Convolutions over the compressed complex spectrum, then a transformer over time."""

    def __init__(self) -> None:
        super().__init__()
        pairs = list(pairwise(_CHANNELS))
        self.convolutions = nn.ModuleList(
            [Whole(*pairs[0], 1), *(Convolution(a, b) for a, b in pairs[1:-1]), Whole(*pairs[-1], 2)]
        )
        self.projection = nn.Linear(_INPUTS, _WIDTH)
        self.transformer = nn.ModuleList(
            nn.TransformerEncoderLayer(_WIDTH, _HEADS, 2 * _WIDTH, batch_first=True) for _ in range(_LAYERS)
        )
        self.places: Tensor
        self.register_buffer("places", _places(), persistent=False)

    @classmethod
    def load(cls, card: Path = _CARD) -> "SpeechQuality":
        """Read the weights beside `card`.

        Raises:
            WeightsError: card and weights do not agree, or the tensors are not this network's.
        """
        network = cls()
        try:
            network.load_state_dict(load(card)[1], strict=True)
        except RuntimeError as error:
            raise WeightsError(f"{card.name}: not the weights of this network: restore the file") from error
        return network.eval()

    @torch.inference_mode()
    def layers(self, wav: Tensor) -> Tensor:
        """Mean and spread of every layer's units over a window.

        Args:
            wav: windows, [W, T] at 16 kHz, 4,000 <= T <= 122,880; any level.

        Returns:
            First the convolutions, then the transformer: [W, TEXTURE + COURSE].
        """
        # One by one: the first convolutions alone hold 20 MB a window, and together are no faster.
        return torch.cat([self._heard(window) for window in torch.split(wav, 1)])

    def _heard(self, window: Tensor) -> Tensor:
        """Of one window, [1, T] -> [1, TEXTURE + COURSE]."""
        first, *others, last = self.convolutions
        plane = Plane.of(first, _compressed(window)[0])
        found = [plane.pooled()]
        for convolution in others:
            plane = convolution(plane)
            found.append(plane.pooled())
        sound = last(plane.values[: plane.frames + 2])
        found.append(pooled(sound, sound.shape[1]))
        moments = self.projection(sound.transpose(1, 2).flatten(1))[None]
        moments = moments + self.places[: moments.shape[1]]
        for layer in self.transformer:
            moments = layer(moments)
            found.append(pooled(moments.transpose(0, 1), 1))
        return torch.cat(found)[None]


def _compressed(wav: Tensor) -> Tensor:
    """Complex spectrum at full scale, magnitudes to the power of 0.3, [W, T] -> [W, N, F, 2]."""
    level = wav / (wav.abs().amax(1, keepdim=True) + 1e-8)
    edge = (_WINDOW - _HOP) // 2
    padded = functional.pad(level, (edge, edge), mode="reflect")
    window = torch.hann_window(_WINDOW)
    spectrum = torch.stft(padded, _WINDOW, _HOP, window=window, center=False, return_complex=True)
    size = spectrum.abs().clamp(min=1e-12)
    return torch.view_as_real(spectrum * size**-0.7).transpose(1, 2)


def _places() -> Tensor:
    """Sines and cosines that tell the transformer when a moment is, [_POSITIONS, _WIDTH]."""
    turns = torch.arange(0, _WIDTH, 2) * (-math.log(2 * _POSITIONS) / _WIDTH)
    angle = torch.arange(_POSITIONS)[:, None] * torch.exp(turns)
    return torch.stack([angle.sin(), angle.cos()], -1).flatten(1)
