"""Speaker encoders: from a voice to points on a sphere where the same speaker is close.

The embedded default is Resemblyzer's pretrained encoder (Apache-2.0; generalised end-to-end loss,
Wan et al. 2018, arXiv 1710.10467): a three-layer LSTM over 40 mel bands. Its published package
needs librosa, numba and webrtcvad only for the front end, which is rewritten here; the weights are
the published ones, stored without pickle. Any other encoder with the same few members can be given
to `VoiceDetector.load`, but its scores mean something only after calibration on its own trials.
"""

import math
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional

from core import scratch
from core.cards import load
from detector.voice.frontend import SAMPLE_RATE, rms

_CARD = Path(__file__).with_name("encoder.toml")
_LEVEL = 10 ** (-30 / 20)
_WINDOW, _HOP = 400, 160
_AT_ONCE = 6000
"""Frames whose spectra are held together: a minute."""


class SpeakerEncoder(Protocol):
    """What the voice detector asks of a speaker encoder."""

    @property
    def name(self) -> str:
        """Identifies encoder and weights; stored in every voice print."""

    @property
    def dimension(self) -> int:
        """Length D of an embedding."""

    def embed(self, wav: Tensor) -> Tensor:
        """Embed a voice.

        Args:
            wav: [T] at 16 kHz, voice only as far as possible, T >= 1.

        Returns:
            One unit vector per stretch of about 1.6 s, [P, D].
        """


def slaney_mel(bands: int, size: int, sample_rate: int) -> Tensor:
    """Area-normalised triangular filters on Slaney's mel scale, [M, size // 2 + 1].

    Linear below 1 kHz (200/3 Hz per mel), logarithmic above (Slaney, Auditory Toolbox 1998), as
    librosa's default, which the encoder was trained with.
    """
    top = 15.0 + math.log(sample_rate / 2 / 1000.0) * 27.0 / math.log(6.4)
    mels = torch.linspace(0.0, top, bands + 2, dtype=torch.float64)
    edges = torch.where(
        mels < 15.0, mels * 200.0 / 3.0, 1000.0 * torch.exp((mels - 15.0) * math.log(6.4) / 27.0)
    )
    bins = torch.linspace(0.0, sample_rate / 2, size // 2 + 1, dtype=torch.float64)
    rise = (bins - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    fall = (edges[2:, None] - bins) / (edges[2:] - edges[1:-1])[:, None]
    weights = torch.clamp(torch.minimum(rise, fall), min=0.0)
    return (weights * (2.0 / (edges[2:] - edges[:-2]))[:, None]).float()


class Ge2eEncoder(nn.Module):
    """The LSTM encoder of Resemblyzer, with its mel front end."""

    name = "resemblyzer-0.1.4"
    dimension = 256
    _frames = 160
    _step = 80

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(40, 256, 3, batch_first=True)
        self.linear = nn.Linear(256, 256)
        self.mel: Tensor
        self.register_buffer("mel", slaney_mel(40, _WINDOW, SAMPLE_RATE), persistent=False)

    @classmethod
    def load(cls, card: Path = _CARD) -> "Ge2eEncoder":
        """Read the weights beside `card`.

        Raises:
            WeightsError: card and weights do not agree.
        """
        encoder = cls()
        encoder.load_state_dict(load(card)[1], strict=True)
        return encoder.eval()

    def forward(self, mels: Tensor) -> Tensor:
        """Embed stretches of 160 frames, [P, 160, 40] -> unit vectors [P, 256]."""
        hidden = self.lstm(mels)[1][0]
        raw = torch.relu(self.linear(hidden[-1]))
        return functional.normalize(raw, dim=1)

    @torch.inference_mode()
    def embed(self, wav: Tensor) -> Tensor:
        """See `SpeakerEncoder.embed`: stretches of 1.6 s every 0.8 s at -30 dBFS."""
        return torch.cat([self(part) for part in torch.split(self.stretches(wav), 64)])

    def stretches(self, wav: Tensor) -> Tensor:
        """What the LSTM is given of a clip, [T] -> [P, 160, 40]."""
        gain, window = _LEVEL / max(rms(wav), 1e-9), torch.hann_window(_WINDOW)
        found = []
        for first in range(0, 1 + wav.numel() // _HOP, _AT_ONCE):
            last = min(first + _AT_ONCE, 1 + wav.numel() // _HOP)
            low, high = first * _HOP - _WINDOW // 2, (last - 1) * _HOP + _WINDOW // 2
            part = wav[max(0, low) : high]
            padded = functional.pad(part * gain, (max(0, -low), max(0, high - wav.numel())))
            spectrum = torch.stft(padded, _WINDOW, _HOP, window=window, center=False, return_complex=True)
            found.append((self.mel @ spectrum.abs().square()).T)
            scratch.forget(part)
        mels = torch.cat(found)
        if len(mels) < self._frames:
            mels = functional.pad(mels, (0, 0, 0, self._frames - len(mels)))
        return mels.unfold(0, self._frames, self._step).transpose(1, 2)
