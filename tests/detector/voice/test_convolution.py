"""Convolutions with half the multiplications are the ordinary ones."""

import pytest
import torch
from torch.nn import functional

from detector.voice.convolution import Convolution, Plane, Whole, pooled

FRAMES = [1, 4, 25, 26, 27, 500]


@pytest.mark.parametrize("frames", FRAMES)
@torch.inference_mode()
def test_a_chain_of_convolutions_is_the_ordinary_one(frames: int) -> None:
    """Of a length that fills the last four frames and of some that do not, long enough for several turns."""
    torch.manual_seed(frames)
    first, *others = Whole(2, 16, 1), Convolution(16, 24), Convolution(24, 32)
    sound = torch.randn(frames, 161, 2)
    plane = Plane.of(first, sound)
    wanted = functional.conv2d(sound.permute(2, 1, 0)[None], first.weight, first.bias, padding=(0, 1))
    wanted = functional.leaky_relu(wanted, 0.1)
    for convolution in others:
        plane = convolution(plane)
        wanted = functional.conv2d(wanted, convolution.weight, convolution.bias, (2, 1), (0, 1))
        wanted = functional.leaky_relu(wanted, 0.1)
    found = plane.values[1 : frames + 1, : plane.places].permute(2, 1, 0)
    assert found.shape == wanted[0].shape and torch.allclose(found, wanted[0], atol=2e-6)


@torch.inference_mode()
def test_a_convolution_with_a_stride_is_the_ordinary_one() -> None:
    torch.manual_seed(1)
    last, values = Whole(8, 6, 2), torch.randn(27, 10, 8)
    wanted = functional.conv2d(values.permute(2, 1, 0)[None], last.weight, last.bias, 2)[0]
    assert torch.allclose(last(values).permute(2, 1, 0), functional.leaky_relu(wanted, 0.1), atol=1e-6)


def test_units_are_told_by_mean_and_spread_over_what_is_meant() -> None:
    values = 5 + 0.1 * torch.randn(700, 6, 3, generator=torch.Generator().manual_seed(1))
    wanted = values[:, :5].flatten(0, 1)
    values[:, 5] = 1e6
    assert torch.allclose(pooled(values, 5), torch.cat([wanted.mean(0), wanted.std(0)]), rtol=1e-4)
