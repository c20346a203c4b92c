"""One channel out of many, without losing what the channels cancel; and the further ones worth a look.

See docs/decisions/0004 and 0209.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from core import scratch

CANCELLED = 4.0
"""How many times the energy of the middle the side must have to be taken instead: 6 dB. In ordinary stereo
the middle is the stronger one, and independent channels are even."""
FAINT = 0.1
"""A look with less of the strongest one's energy is not worth its price."""
TOLD = 0.6
"""Nor is one of whose energy a look taken before tells more than this share."""
MOST_LOOKS = 4
"""Of one recording, the downmix included."""


@dataclass(frozen=True)
class Look:
    """A way to mix channels into one.

    Attributes:
        name: for a person.
        weights: one per channel.
    """

    name: str
    weights: tuple[float, ...]

    def of(self, wav: Tensor) -> Tensor:
        """The one channel, [C, T] -> [T]."""
        return scratch.made(wav, lambda part: torch.tensor(self.weights) @ part)


def downmix(wav: Tensor) -> Tensor:
    """The mean of all channels; where they cancel out, half the difference of two, or the loudest of more.

    Args:
        wav: [C, T], at least one channel.

    Returns:
        [T]; exactly `wav.mean(0)` wherever the channels do not cancel.

    >>> left = torch.ones(1, 4)
    >>> downmix(torch.cat([left, -left]))
    tensor([1., 1., 1., 1.])
    """
    return scratch.made(wav, mixing(wav))


def cancelled(wav: Tensor) -> bool:
    """Whether the middle of two channels, [2, T], cancels: `downmix` then takes the difference."""
    return mixing(wav) is _half_difference


def mixing(wav: Tensor) -> Callable[[Tensor], Tensor]:
    """How `downmix` makes one channel of audio: for its parts, where the whole is long.

    Args:
        wav: [C, T], at least one channel.

    Returns:
        From a part, [C, N], to its one channel, [N].
    """
    count = wav.shape[0]
    if count == 1 or wav.shape[-1] == 0:
        return _mean
    gram = _gram(wav)
    middle = float(gram.sum()) / count**2
    if count == 2:
        side = (float(gram.trace()) - 2.0 * float(gram[0, 1])) / 4.0
        return _half_difference if side > CANCELLED * middle else _mean
    levels = gram.diagonal()
    loudest = int(levels.argmax())
    # a channel that plays alone leaves 1 / C² of its energy in the mean
    cancelled = float(levels[loudest]) > CANCELLED * count**2 * middle
    return (lambda part: part[loudest]) if cancelled else _mean


def _mean(part: Tensor) -> Tensor:
    return part.mean(0)


def _half_difference(part: Tensor) -> Tensor:
    return (part[0] - part[1]) / 2.0


def _gram(wav: Tensor) -> Tensor:
    """Energy that each pair of channels shares, float64 [C, C]; only short parts in single precision."""
    total = torch.zeros(len(wav), len(wav), dtype=torch.float64, device=wav.device)
    for block in scratch.stretches(wav.detach()):
        total += (block @ block.T).double()
    return total


def further_looks(wav: Tensor) -> tuple[Look, ...]:
    """What is worth a look beside the downmix: the other of middle and side, left, right, or single channels.

    Args:
        wav: [C, T], at least one channel.

    Returns:
        At most `MOST_LOOKS` - 1, none of them faint or told by the downmix or by one before it.

    >>> left = torch.ones(1, 4)
    >>> further_looks(torch.cat([left, 0.5 * left]))
    ()
    """
    count = wav.shape[0]
    if count == 1 or wav.shape[-1] == 0:
        return ()
    gram = _gram(wav)

    def shared(one: Look, other: Look) -> float:
        return float(torch.tensor(one.weights).double() @ gram @ torch.tensor(other.weights).double())

    middle = Look("the middle", (1.0 / count,) * count)
    singles = [_single(k, count) for k in range(count)]
    if count == 2:
        side = Look("the side", (0.5, -0.5))
        cancelled = shared(side, side) > CANCELLED * shared(middle, middle)
        first, rest = (side, [middle, *singles]) if cancelled else (middle, [side, *singles])
    else:
        rest = sorted(singles, key=lambda look: -shared(look, look))
        cancelled = shared(rest[0], rest[0]) > CANCELLED * count**2 * shared(middle, middle)
        first = rest[0] if cancelled else middle
    strongest = max(shared(look, look) for look in (first, *rest))
    taken = [first]
    for look in rest:
        energy = shared(look, look)
        told = max(shared(look, one) ** 2 / (shared(one, one) or 1.0) for one in taken)
        if energy > 0.0 and energy >= FAINT * strongest and told <= TOLD * energy:
            taken.append(look)
    return tuple(taken[1:MOST_LOOKS])


def _single(number: int, count: int) -> Look:
    name = ("the left channel", "the right channel")[number] if count == 2 else f"channel {number + 1}"
    return Look(name, tuple(float(k == number) for k in range(count)))
