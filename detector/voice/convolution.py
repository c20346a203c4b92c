"""Convolutions along time with half the multiplications, for the listener that takes most of a voice's time.

Of three taps along time, four outputs are made at once from six products instead of twelve (S. Winograd,
Arithmetic Complexity of Computations, 1980; A. Lavin and S. Gray, Fast algorithms for convolutional neural
networks, CVPR 2016, F(4, 3)). Along frequency nothing is saved: every second place is left out anyway.
Planes lie as [N, F, C], frames first: six frames are then one matrix, and so are two or three neighbouring
places of a frame, so that all steps are matrix products over memory as it lies.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

_FRAMES = 4
"""Frames made at once."""
_HELD = 1_000_000
"""Values that are held transformed: a few megabytes, which stay near the processor."""
_POOLED = 2560
"""Rows that are pooled together."""
_INTO = torch.tensor(
    [
        [4.0, 0, -5, 0, 1, 0],
        [0, -4, -4, 1, 1, 0],
        [0, 4, -4, -1, 1, 0],
        [0, -2, -1, 2, 1, 0],
        [0, 2, -1, -2, 1, 0],
        [0, 4, 0, -5, 0, 1],
    ]
)
_TAPS = torch.tensor(
    [[6, 0, 0], [-4, -4, -4], [-4, 4, -4], [1, 2, 4], [1, -2, 4], [0, 0, 24]], dtype=torch.float64
)
_OUT_OF = torch.tensor([[1.0, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]])


class Whole(nn.Conv2d):
    """An ordinary 3 by 3 convolution with leaky rectification of 0.1, [N, F, I] -> [N', F', O].

    Nothing is put around what it is given.
    """

    bias: Tensor

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__(inputs, outputs, 3, stride)
        self._turned: Tensor | None = None

    def forward(self, values: Tensor) -> Tensor:
        """As one product of matrices: each row holds what one place and frame is made of."""
        if self._turned is None:
            self._turned = self.weight.permute(3, 2, 1, 0).flatten(0, 2).contiguous()
        taps = values.unfold(0, 3, self.stride[0]).unfold(1, 3, self.stride[1]).permute(0, 1, 3, 4, 2)
        made = torch.addmm(self.bias, taps.reshape(-1, len(self._turned)), self._turned)
        return functional.leaky_relu_(made, 0.1).view(*taps.shape[:2], -1)


class Plane:
    """Units over time and frequency, with a frame of silence before and after.

    Attributes:
        values: [4 n + 2, F', C] for N <= 4 n; the first frame and those from N + 1 on are 0.
        frames: N.
        places: F, of which F' may be more: what the further ones hold means nothing.
    """

    def __init__(self, values: Tensor, frames: int, places: int) -> None:
        values[0] = 0.0
        values[frames + 1 :] = 0.0
        self.values, self.frames, self.places = values, frames, places

    @classmethod
    def of(cls, convolution: nn.Module, values: Tensor) -> "Plane":
        """What a convolution makes of values, [N, F, I] with odd F; they end in silence at both ends."""
        frames, places, _ = values.shape
        longer = _FRAMES * -(-frames // _FRAMES) + 2
        padded = functional.pad(values, (0, 0, 0, 1, 2, longer - frames))
        return cls(convolution(padded), frames, places - 2)

    def pooled(self) -> Tensor:
        """Mean and spread of each unit, [2 C]."""
        return pooled(self.values[1 : self.frames + 1], self.places)


class Convolution(nn.Conv2d):
    """3 places by 3 frames, of which every second place is made and every frame, from `Plane` to `Plane`.

    What `forward` multiplies by is made from the weights when it is first asked.
    """

    bias: Tensor

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs, 3, stride=(2, 1), padding=(0, 1))
        self._made: tuple[Tensor, Tensor] | None = None

    def _transformed(self) -> tuple[Tensor, Tensor]:
        """Of the first two places, [6, 2 I, O], and of the third, [6, I, O]."""
        if self._made is None:
            taps = torch.einsum("pk,oifk->pfio", _TAPS / 24, self.weight.double()).float()
            self._made = taps[:, :2].flatten(1, 2).contiguous(), taps[:, 2].contiguous()
        return self._made

    def forward(self, plane: Plane) -> Plane:  # type: ignore[override]  # planes, and no tensors
        """With leaky rectification of 0.1; F' must be even."""
        given = plane.values
        frames, (height, inputs) = len(given) // _FRAMES, given.shape[1:]
        size, made = height * inputs, torch.empty(len(given), height // 2, self.out_channels)
        pairs, third = self._transformed()
        most = max(1, _HELD // (6 * size))
        # the last place of the last frame, which means nothing, reaches beyond it
        held = torch.zeros(6 * most * size + 2 * inputs)
        for first in range(0, frames, most):
            count = min(most, frames - first)
            rows = count * height // 2
            six = given.as_strided((count, 6, size), (_FRAMES * size, size, 1), _FRAMES * first * size)
            into = held[: 6 * count * size].view(6, count, size)
            torch.bmm(_INTO.expand(count, 6, 6), six, out=into.transpose(0, 1))
            products = torch.bmm(into.view(6, rows, 2 * inputs), pairs)
            thirds = held.as_strided((6, rows, inputs), (count * size, 2 * inputs, 1), 2 * inputs)
            products.baddbmm_(thirds, third)
            part = made[1 + _FRAMES * first : 1 + _FRAMES * (first + count)]
            turned = products.view(6, count, -1).transpose(0, 1)
            torch.bmm(_OUT_OF.expand(count, 4, 6), turned, out=part.view(count, _FRAMES, -1))
            functional.leaky_relu_(part.add_(self.bias), 0.1)
        return Plane(made, plane.frames, (plane.places - 1) // 2)


def pooled(values: Tensor, places: int) -> Tensor:
    """Mean and spread of each unit over time and the first `places`, [N, F', C] -> [2 C]."""
    rows = values.flatten(0, 1)
    meant = (torch.arange(values.shape[1]) < places).float().repeat(len(values))
    mean = meant @ rows / meant.sum()
    squares = torch.zeros_like(mean)
    # Products go over memory as it lies; torch's own deviation takes values one by one.
    for some, chosen in zip(torch.split(rows, _POOLED), torch.split(meant, _POOLED), strict=True):
        squares += chosen @ (some - mean).square_()
    return torch.cat([mean, (squares / (meant.sum() - 1)).sqrt()])
