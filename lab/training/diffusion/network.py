"""A network that hears noise in music: waveform in, waveform out, thinking on a short-time spectrum.

The diffusion is on the waveform. As in CQT-Diff the network looks at it through a transform that it undoes in
the end, because neighbouring bins and frames of music belong together as neighbouring samples do not. The
transform is a short-time spectrum in place of a constant-Q one: at a hop of a quarter of the window the phase
of a steady tone advances by k quarters of a turn from frame to frame in bin k, so that patches of four bins
look alike at every height, and plain convolutions serve all of them.

Nothing here is strided or transposed: coarser planes are means, finer ones are interpolated. The only clock
is the grid of frames, which playing moves at every step (`playing.play`).

Sources: E. Moliner et al., Solving Audio Inverse Problems with a Diffusion Model, ICASSP 2023 (CQT-Diff);
Z. Liu et al., A ConvNet for the 2020s, CVPR 2022 (the blocks); T. Salimans and J. Ho, Progressive
Distillation, ICLR 2022 (what is predicted); Y. Koizumi et al., SpecGrad, Interspeech 2022 (noise that is
coloured as music is).
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

BINS = 4
"""In a patch: as many as there are hops in a window."""
SEEN = 5
"""Numbers of a bin that the network sees: itself, itself limited in size, and its level."""
SAID = 4
"""Numbers of a bin that it says: two gains, and what is added."""
WAVES = 16
LEVEL = 64
SIDE = 5


@dataclass(frozen=True)
class Shape:
    """Size of a network.

    Attributes:
        rate: of the sound, in Hz.
        window: of its short-time spectrum, in samples.
        widths: channels of each plane, from the finest on; each has half the bands and frames of the last.
        blocks: of each plane, on the way down and again on the way up.
    """

    rate: int = 16_000
    window: int = 1024
    widths: tuple[int, ...] = (32, 64, 128, 192, 192)
    blocks: tuple[int, ...] = (1, 1, 2, 2, 2)

    @property
    def hop(self) -> int:
        """Samples from frame to frame."""
        return self.window // BINS

    @property
    def coarsest(self) -> int:
        """Frames of the finest plane in one of the coarsest."""
        return int(2 ** (len(self.widths) - 1))


class Block(nn.Module):
    """Neighbours first, then channels, as in ConvNeXt; told how much noise there is."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.near = nn.Conv2d(width, width, SIDE, padding=SIDE // 2, groups=width)
        self.told = nn.Linear(LEVEL, 2 * width)
        self.wide = nn.Linear(width, 2 * width)
        self.back = nn.Linear(2 * width, width)
        nn.init.zeros_(self.back.weight)
        nn.init.zeros_(self.back.bias)

    def forward(self, plane: Tensor, level: Tensor) -> Tensor:
        """A plane, [B, bands, N, width], and the embedded level of noise, [B, LEVEL]."""
        heard = self.near(plane.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
        scale, shift = self.told(level)[:, None, None].chunk(2, -1)
        heard = functional.layer_norm(heard, heard.shape[-1:]) * (1 + scale) + shift
        out: Tensor = plane + self.back(functional.silu(self.wide(heard)))
        return out


class Blocks(nn.ModuleList):
    """Blocks of one plane, one after the other."""

    def __init__(self, width: int, number: int) -> None:
        super().__init__([Block(width) for _ in range(number)])

    def forward(self, plane: Tensor, level: Tensor) -> Tensor:
        """As of a block."""
        for block in self:
            plane = block(plane, level)
        return plane


class Denoiser(nn.Module):
    """Says the velocity of a noisy waveform: `cos(angle) * noise - sin(angle) * music`."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.hann: Tensor
        self.waves: Tensor
        widths, bands = shape.widths, shape.window // 2 // BINS
        self.register_buffer("hann", torch.hann_window(shape.window).sqrt(), persistent=False)
        self.register_buffer("waves", torch.arange(1, WAVES + 1) / 2.0, persistent=False)
        self.level = nn.Sequential(nn.Linear(2 * WAVES, LEVEL), nn.SiLU(), nn.Linear(LEVEL, LEVEL), nn.SiLU())
        self.seen = nn.Linear(SEEN * BINS, widths[0])
        self.height = nn.ParameterList(
            [nn.Parameter(torch.zeros(bands >> n, 1, width)) for n, width in enumerate(widths)]
        )
        self.down, self.up = nn.ModuleList(), nn.ModuleList()
        self.coarser, self.finer = nn.ModuleList(), nn.ModuleList()
        for number, (width, blocks) in enumerate(zip(widths, shape.blocks, strict=True)):
            self.down.append(Blocks(width, blocks))
            if number + 1 < len(widths):
                self.up.append(Blocks(width, blocks))
                self.coarser.append(nn.Linear(width, widths[number + 1]))
                self.finer.append(nn.Linear(widths[number + 1], width))
        self.said = nn.Linear(widths[0], SAID * BINS)
        nn.init.normal_(self.said.weight, std=1e-2)
        nn.init.zeros_(self.said.bias)

    def forward(self, noisy: Tensor, angle: Tensor) -> Tensor:
        """The velocity.

        Args:
            noisy: `cos(angle) * music + sin(angle) * noise`, both of variance one, [B, T].
            angle: 0 for music to pi / 2 for noise, [B].

        Returns:
            Velocity, [B, T].
        """
        heard = self._spectrum(noisy)
        noise = angle.sin()[:, None, None]
        power = heard.real.square() + heard.imag.square() + noise.square() + 1e-6
        limited = heard / power.sqrt()
        seen = torch.stack([heard.real, heard.imag, limited.real, limited.imag, 0.3 * power.log()], -1)
        plane = self.seen(_patches(seen))
        said = _bins(self.said(self._planes(plane, self._embedded(angle))), SAID)
        velocity = said[..., 0] * heard + said[..., 1] * limited + torch.complex(said[..., 2], said[..., 3])
        return self._wave(velocity, noisy.shape[-1])

    def _planes(self, plane: Tensor, level: Tensor) -> Tensor:
        """Down to the coarsest plane and up again."""
        kept = []
        for number, blocks in enumerate(self.down):
            plane = blocks(plane + self.height[number], level)
            if number < len(self.coarser):
                kept.append(plane)
                halved = functional.avg_pool2d(plane.permute(0, 3, 1, 2), 2).permute(0, 2, 3, 1)
                plane = self.coarser[number](halved)
        for number in reversed(range(len(kept))):
            raised = self.finer[number](plane).permute(0, 3, 1, 2)
            raised = functional.interpolate(raised, scale_factor=2.0, mode="bilinear", align_corners=False)
            plane = self.up[number](kept[number] + raised.permute(0, 2, 3, 1), level)
        return plane

    def _embedded(self, angle: Tensor) -> Tensor:
        turns = 2 * angle[:, None] * self.waves
        embedded: Tensor = self.level(torch.cat([turns.sin(), turns.cos()], -1))
        return embedded

    def _spectrum(self, wav: Tensor) -> Tensor:
        """Bins below half the rate by frames, as many as the coarsest plane needs; noise has variance one."""
        frames = wav.shape[-1] // self.shape.hop + 1
        missing = -frames % self.shape.coarsest * self.shape.hop
        wav = functional.pad(wav, (0, missing))
        spectrum = torch.stft(
            wav,
            self.shape.window,
            self.shape.hop,
            window=self.hann,
            pad_mode="constant",
            normalized=True,
            return_complex=True,
        )
        return spectrum[:, :-1] * math.sqrt(2)

    def _wave(self, spectrum: Tensor, length: int) -> Tensor:
        whole = functional.pad(spectrum / math.sqrt(2), (0, 0, 0, 1))
        return torch.istft(
            whole, self.shape.window, self.shape.hop, window=self.hann, normalized=True, length=length
        )


def _patches(bins: Tensor) -> Tensor:
    """Bins by frames by numbers, [B, F, N, M], to patches of `BINS`, [B, F / BINS, N, BINS * M]."""
    batch, count, frames, numbers = bins.shape
    return bins.reshape(batch, count // BINS, BINS, frames, numbers).transpose(2, 3).flatten(3)


def _bins(patches: Tensor, numbers: int) -> Tensor:
    """What `_patches` made, undone, [B, F, N, numbers]."""
    batch, bands, frames, _ = patches.shape
    apart = patches.reshape(batch, bands, frames, BINS, numbers).transpose(2, 3)
    return apart.reshape(batch, bands * BINS, frames, numbers)
