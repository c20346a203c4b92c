"""The two networks of the channel and the classical patchwork that they start from.

Both are fully convolutional over (row, frame), have no normalisation layers (so a chunked run
equals a whole-file run) and see only log-spectra relative to their surroundings, so gain and
polarity cannot matter. With their last layers at zero they *are* the patchwork: the embedder
raises a cell where the chip is +1 and lowers it where it is -1, the decoder averages the whitened
log-spectrum over a cell. Training adds what the patchwork cannot do: hide from the host, and look
through it.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from provenance.watermark.grid import CELL_FRAMES, FINE, STRIDE, relative_level, spread_chips, whiten

REACH_FRAMES = 28
"""How far to either side the convolutions of a decoder of four blocks look."""


@dataclass(frozen=True)
class NetworkConfig:
    """Widths and depths of both networks."""

    embedder_channels: int = 16
    embedder_blocks: int = 2
    decoder_channels: int = 24
    decoder_blocks: int = 4


class Residual(nn.Module):
    """Two 3x3 convolutions around which the input is carried."""

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=(1, dilation), dilation=(1, dilation))
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        nn.init.normal_(self.second.weight, std=0.01)

    def forward(self, plane: Tensor) -> Tensor:
        """[B, C, rows, columns] to the same shape."""
        hidden = self.first(nn.functional.silu(plane))
        return torch.add(plane, self.second(nn.functional.silu(hidden)))


class Embedder(nn.Module):
    """Chips, host and level in, gain pattern out: how much there is to share decides how it is shared."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        channels = config.embedder_channels
        self.stem = nn.Conv2d(4, channels, (4, 6), stride=(FINE, STRIDE), padding=(1, 2))
        self.blocks = nn.Sequential(*(Residual(channels, 1 + i % 2) for i in range(config.embedder_blocks)))
        self.head = nn.Conv2d(channels, FINE * STRIDE, 3, padding=1)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)  # type: ignore[arg-type]  # a convolution with bias has one

    def forward(self, rows: Tensor, chips: Tensor, snr_db: Tensor) -> Tensor:
        """Pattern of the mark.

        Args:
            rows: log power of the host in fine rows, [B, ROWS, N], N even.
            chips: ±1, [B, CELL_BANDS, columns], columns * CELL_FRAMES >= N.
            snr_db: level that the pattern will be scaled to, [B, N].

        Returns:
            Pattern in [-1, 1], [B, ROWS, N]; the gain is proportional to it.
        """
        plane = spread_chips(chips, rows.shape[-1])
        level = ((snr_db - 36.0) / 6.0)[:, None].expand_as(rows)
        hidden = self.blocks(self.stem(torch.stack([whiten(rows), relative_level(rows), plane, level], 1)))
        fine = nn.functional.pixel_shuffle(self.head(hidden), FINE)[:, 0]
        return torch.tanh(0.5 * plane + fine)


class Decoder(nn.Module):
    """Log-spectrum in, soft chips out at every band and second frame."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        channels = config.decoder_channels
        self.stem = nn.Conv2d(2, channels, (4, 6), stride=(FINE, STRIDE), padding=(1, 2))
        self.blocks = nn.Sequential(*(Residual(channels, 1 + i % 3) for i in range(config.decoder_blocks)))
        self.head = nn.Conv2d(channels, 1, 1)
        self.patchwork = nn.Parameter(torch.tensor(2.0))
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)  # type: ignore[arg-type]  # a convolution with bias has one

    def forward(self, rows: Tensor) -> Tensor:
        """Logit of the chip of a cell centred here.

        Args:
            rows: log power in fine rows, [B, ROWS, N], N even.

        Returns:
            Logits, [B, BANDS, N / STRIDE]; column m is centred on frame 2 m + 0.5.
        """
        return self.logits(self.features(rows))

    @staticmethod
    def features(rows: Tensor) -> Tensor:
        """What the convolutions see: whitened rows and their level, [B, ROWS, N] to [B, 2, ROWS, N].

        They reach half a second; the convolutions, with `REACH_FRAMES`, much less.
        """
        return torch.stack([whiten(rows), relative_level(rows)], 1)

    def logits(self, features: Tensor) -> Tensor:
        """`forward` from the features on."""
        hidden = self.blocks(self.stem(features))
        logits = self.head(nn.functional.silu(hidden))[:, 0]
        return torch.add(logits, self.patchwork * cell_mean(features[:, 0]))


def cell_mean(white: Tensor) -> Tensor:
    """The patchwork's own demodulator: mean over one cell around each output position.

    Args:
        white: whitened rows, [B, ROWS, N].

    Returns:
        [B, BANDS, N / STRIDE].
    """
    padded = nn.functional.pad(white[:, None].clamp(-2.0, 2.0), (2, 2, 0, 0))
    return nn.functional.avg_pool2d(padded, (FINE, CELL_FRAMES), stride=(FINE, STRIDE))[:, 0]
