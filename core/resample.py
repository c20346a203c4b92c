"""Change of sample rate: band-limited interpolation by a windowed sinc.

Ordinary ratios run as one strided convolution (torchaudio's `Resample`, kernel kept between calls;
as fast as julius and scipy on these ratios, differentiable, on any device). Long audio is converted
a block at a time, with the same result to the last bit: memory beyond in- and output does not grow
with the length. The kernel holds
`to * from / gcd^2` numbers, which explodes for odd rates (44,099 Hz to 48 kHz: 8 GB): those go
through SciPy's polyphase filter, whose memory does not depend on the ratio.

Source: J. O. Smith, Digital Audio Resampling, https://ccrma.stanford.edu/~jos/resample/.
"""

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any, cast

import torch
from torch import Tensor

from core import scratch
from core.downmix import mixing
from core.native import torchaudio

ZERO_CROSSINGS = 24
ROLLOFF = 0.99
LARGEST_KERNEL = 1 << 20
BLOCK = 1 << 18
"""Samples converted at a time."""


def resample(wav: Tensor, from_rate: int, to_rate: int) -> Tensor:
    """Bring audio to another sample rate.

    Args:
        wav: audio, [..., T] float32.
        from_rate: rate of `wav`, in Hz.
        to_rate: wanted rate, in Hz.

    Returns:
        Audio at `to_rate`, [..., ceil(T * to_rate / from_rate)]; `wav` itself where the rates agree.
        Frequencies above 0.99 of the lower Nyquist frequency are removed. Differentiable, except
        for odd ratios (see the module's text).

    Raises:
        ValueError: a rate is not positive.

    Shape:
        >>> resample(torch.zeros(2, 44_100), 44_100, 16_000).shape
        torch.Size([2, 16000])
    """
    if from_rate <= 0 or to_rate <= 0:
        raise ValueError(f"sample rates must be positive, got {from_rate} and {to_rate}")
    if from_rate == to_rate or wav.shape[-1] == 0:
        return wav
    up, down = _ratio(from_rate, to_rate)
    if up * down > LARGEST_KERNEL:
        return _polyphase(wav, up, down)
    return _strided(wav, up, down, _as_it_is)


def one_channel(
    wav: Tensor, from_rate: int, to_rate: int, mix: Callable[[Tensor], Tensor] | None = None
) -> Tensor:
    """`downmix` of audio at another rate; of long audio no downmix at its own rate is held.

    Args:
        wav: audio, [C, T], at least one channel.
        from_rate: rate of `wav`, in Hz.
        to_rate: wanted rate, in Hz.
        mix: another way to make one channel, of a part, [C, N] to [N].

    Returns:
        [ceil(T * to_rate / from_rate)]. Errors as in `resample`.
    """
    made = mix or mixing(wav)
    return prepared(wav, from_rate, to_rate, lambda part: made(part)[None])[0]


def prepared(wav: Tensor, from_rate: int, to_rate: int, prepare: Callable[[Tensor], Tensor]) -> Tensor:
    """Audio at another rate of which something is made first, stretch by stretch.

    Args:
        wav: audio, [C, T].
        from_rate: rate of `wav`, in Hz.
        to_rate: wanted rate, in Hz.
        prepare: what to make of a stretch, [C, N] to [D, N], each sample for itself.

    Returns:
        [D, ceil(T * to_rate / from_rate)]. Errors as in `resample`.
    """
    if min(from_rate, to_rate) > 0 and from_rate != to_rate and wav.shape[-1] > 0:
        up, down = _ratio(from_rate, to_rate)
        if up * down <= LARGEST_KERNEL:
            return _strided(wav, up, down, prepare)
    return resample(scratch.made(wav, prepare), from_rate, to_rate)


def _strided(wav: Tensor, up: int, down: int, prepare: Callable[[Tensor], Tensor]) -> Tensor:
    """Convert blocks of whole periods of the ratio, each with as many around it as its kernel reaches over.

    Args:
        wav: audio, [..., T].
        up: new rate, by the common divisor of both.
        down: old rate, likewise.
        prepare: what to make of each stretch of samples before it is converted.
    """
    kernel = _kernel(up, down, str(wav.device), wav.dtype)
    samples = wav.shape[-1]
    step, reach = max(1, BLOCK // down), math.ceil(kernel.width / down)
    if samples <= step * down:
        return cast(Tensor, kernel(prepare(wav)))
    converted: Tensor | None = None
    for first in range(0, math.ceil(samples / down), step):
        low = max(0, first - reach)
        part = wav[..., low * down : (first + step + reach) * down]
        piece = kernel(prepare(part))
        scratch.forget(part)
        if converted is None:
            converted = scratch.empty((*piece.shape[:-1], math.ceil(samples * up / down)), piece)
        begin = first * up
        length = min(step * up, converted.shape[-1] - begin)
        scratch.fill(converted, begin, piece[..., begin - low * up :][..., :length])
    return cast(Tensor, converted)


def _as_it_is(part: Tensor) -> Tensor:
    return part


def _ratio(from_rate: int, to_rate: int) -> tuple[int, int]:
    common = math.gcd(from_rate, to_rate)
    return to_rate // common, from_rate // common


@lru_cache(maxsize=32)
def _kernel(up: int, down: int, device: str, dtype: torch.dtype) -> Any:
    transform = torchaudio().transforms.Resample(
        down, up, lowpass_filter_width=ZERO_CROSSINGS, rolloff=ROLLOFF, dtype=dtype
    )
    return transform.to(device)


def _polyphase(wav: Tensor, up: int, down: int) -> Tensor:
    from scipy.signal import resample_poly  # slow to import, rarely needed

    samples = resample_poly(wav.detach().cpu().numpy(), up, down, axis=-1)
    return torch.from_numpy(samples).to(wav)
