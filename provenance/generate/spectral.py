"""A codec's two networks on short-time spectra: one vector a hop, so that a processor can train them.

Every layer runs at the rate of the frames, not of the samples. The encoder hears how large each bin is, and
of the lower bins its phase; the decoder says size and direction of each bin, and the frames are added up. The
bin at half the rate is left out.

Sources: H. Siuzdak, Vocos, 2023 (spectra as what a network plays); Z. Liu et al., A ConvNet for the 2020s,
2022 (the blocks).
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

OVERLAP = 4
"""Hops in a window."""
EXPANSION = 2
"""Of a block's channels within it."""
KERNEL = 7
PHASES = 3
"""A third of the bins are heard with their phases: above 4 kHz of 12 no code could keep them."""
COMPRESSION = 0.4
"""Power to which the size of a bin is raised before its phase is heard."""
QUIETEST = 1e-4
LOUDEST = 6.0
"""Natural logarithm of the largest bin that is played, some four times that of the loudest sine."""
FIRST = -4.0
"""Logarithm of what every bin has before anything is learned."""


def inputs(hop: int) -> int:
    """Numbers that the encoder hears of a frame."""
    bins = OVERLAP * hop // 2
    return bins + 2 * (bins // PHASES)


class Block(nn.Module):
    """A depthwise convolution over frames and two layers over channels, added to what came in."""

    def __init__(self, width: int, gain: float) -> None:
        super().__init__()
        self.mix = nn.Conv1d(width, width, KERNEL, padding=KERNEL // 2, groups=width)
        self.norm = nn.LayerNorm(width)
        self.widen = nn.Linear(width, EXPANSION * width)
        self.narrow = nn.Linear(EXPANSION * width, width)
        self.gain = nn.Parameter(torch.full((width,), gain))

    def forward(self, frames: Tensor) -> Tensor:
        """[B, N, W] -> [B, N, W]."""
        mixed = self.mix(frames.transpose(1, 2)).transpose(1, 2)
        told: Tensor = self.narrow(F.gelu(self.widen(self.norm(mixed))))
        return frames + self.gain * told


class _Spectral(nn.Module):
    window: Tensor

    def __init__(self, hop: int, width: int, blocks: int) -> None:
        super().__init__()
        self.hop = hop
        self.register_buffer("window", torch.hann_window(OVERLAP * hop), persistent=False)
        self.begin = nn.LayerNorm(width)
        self.blocks = nn.Sequential(*(Block(width, 1.0 / blocks) for _ in range(blocks)))
        self.end = nn.LayerNorm(width)

    @property
    def _margin(self) -> int:
        """Samples of a window before its own hop, and after it."""
        return (OVERLAP - 1) * self.hop // 2


class Encoder(_Spectral):
    """Audio to vectors."""

    def __init__(self, hop: int, width: int, blocks: int, dimension: int) -> None:
        super().__init__(hop, width, blocks)
        self.hear = nn.Linear(inputs(hop), width)
        self.tell = nn.Linear(width, dimension)

    def forward(self, wav: Tensor) -> Tensor:
        """Audio, [B, 1, T], to [B, D, N]; N hops are as long as the audio, the last one filled with silence.

        >>> Encoder(hop=8, width=4, blocks=1, dimension=3)(torch.zeros(2, 1, 17)).shape
        torch.Size([2, 3, 3])
        """
        filled = -wav.shape[-1] % self.hop
        padded = F.pad(wav[:, 0], (self._margin, self._margin + filled))
        frames = padded.unfold(-1, OVERLAP * self.hop, self.hop) * self.window
        told: Tensor = self.tell(self.end(self.blocks(self.begin(self.hear(_features(frames))))))
        return told.transpose(1, 2)


class Decoder(_Spectral):
    """Vectors to audio."""

    def __init__(self, hop: int, width: int, blocks: int, dimension: int) -> None:
        super().__init__(hop, width, blocks)
        self.hear = nn.Conv1d(dimension, width, KERNEL, padding=KERNEL // 2)
        bins = OVERLAP * hop // 2
        self.tell = nn.Linear(width, 3 * bins)
        with torch.no_grad():
            self.tell.bias.zero_()
            self.tell.bias[:bins] = FIRST

    def forward(self, frames: Tensor) -> Tensor:
        """[B, D, N] to audio, [B, 1, N * hop].

        >>> Decoder(hop=8, width=4, blocks=1, dimension=3)(torch.zeros(2, 3, 5)).shape
        torch.Size([2, 1, 40])
        """
        heard = self.begin(self.hear(frames).transpose(1, 2))
        size, real, imaginary = self.tell(self.end(self.blocks(heard))).chunk(3, -1)
        scale = size.clamp_max(LOUDEST).exp() * torch.rsqrt(real.square() + imaginary.square() + 0.1)
        spectrum = F.pad(torch.complex(real * scale, imaginary * scale), (0, 1))
        played = torch.fft.irfft(spectrum, OVERLAP * self.hop, norm="ortho") * self.window
        whole = self._added(played) / self._added(self.window.square().expand(1, frames.shape[-1], -1))
        return whole[:, None]

    def _added(self, played: Tensor) -> Tensor:
        """Windows, [B, N, samples], each a hop after the one before, without the margins, [B, N * hop]."""
        parts = played.reshape(*played.shape[:2], OVERLAP, self.hop)
        shifted = [F.pad(parts[:, :, k], (0, 0, k, OVERLAP - 1 - k)) for k in range(OVERLAP)]
        whole = torch.stack(shifted).sum(0).flatten(1)
        return whole[:, self._margin : self._margin + played.shape[1] * self.hop]


def _features(frames: Tensor) -> Tensor:
    """How large each bin of windows is and, of the lower ones, its phase, [..., samples] to [..., inputs]."""
    spectrum = torch.fft.rfft(frames, norm="ortho")[..., :-1]
    size = spectrum.abs() + QUIETEST
    low = slice(size.shape[-1] // PHASES)
    phases = torch.view_as_real(spectrum[..., low]) * size[..., low, None].pow(COMPRESSION - 1.0)
    return torch.cat([size.log() / 4.0 + 1.0, phases.flatten(-2)], -1)
