"""One channel out of many, without losing what the channels cancel."""

from torch import Tensor

CANCELLED = 4.0
"""How many times the energy of the middle the side must have to be taken instead: 6 dB. In ordinary stereo
the middle is the stronger one, and independent channels are even."""


def downmix(wav: Tensor) -> Tensor:
    """The mean of all channels; where they cancel out, half the difference of two, or the loudest of more.

    Args:
        wav: [C, T], at least one channel.

    Returns:
        [T]; exactly `wav.mean(0)` wherever the channels do not cancel.

    >>> import torch
    >>> left = torch.ones(1, 4)
    >>> downmix(torch.cat([left, -left]))
    tensor([1., 1., 1., 1.])
    """
    middle = wav.mean(0)
    if wav.shape[0] == 1 or wav.shape[-1] == 0:
        return middle
    energy = float(middle.square().mean())
    if wav.shape[0] == 2:
        side = (wav[0] - wav[1]) / 2.0
        return side if float(side.square().mean()) > CANCELLED * energy else middle
    levels = wav.square().mean(1)
    loudest = int(levels.argmax())
    # a channel that plays alone leaves 1 / C² of its energy in the mean
    cancelled = float(levels[loudest]) > CANCELLED * wav.shape[0] ** 2 * energy
    return wav[loudest] if cancelled else middle
