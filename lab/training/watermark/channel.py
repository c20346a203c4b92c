"""What happens between embedder and decoder in training: differentiable attacks and real codecs.

Audio is [B, T] at `RATE`. Every attack reports how it moved the grid, so that the decoder is judged at
the right places: `delay` in samples, `speed` as a factor.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from core.codecs import Codec
from core.encode import recode
from core.errors import EncodeError
from provenance.watermark.grid import RATE


@dataclass(frozen=True)
class Received:
    """Audio after an attack and where its grid went."""

    wav: Tensor
    speed: float = 1.0


def _spectral(wav: Tensor, curve: Tensor) -> Tensor:
    filtered: Tensor = torch.fft.irfft(torch.fft.rfft(wav) * curve, n=wav.shape[-1])
    return filtered


def _frequencies(wav: Tensor) -> Tensor:
    hertz: Tensor = torch.fft.rfftfreq(wav.shape[-1], 1.0 / RATE)
    return hertz


def identity(wav: Tensor, rng: random.Random) -> Received:
    """Nothing."""
    return Received(wav)


def noise(wav: Tensor, rng: random.Random) -> Received:
    """White to brown noise, 8 to 35 dB below."""
    spectrum = torch.fft.rfft(torch.randn_like(wav))
    spectrum = spectrum / _frequencies(wav).clamp_min(40.0) ** rng.uniform(0.0, 1.0)
    hiss = torch.fft.irfft(spectrum, n=wav.shape[-1])
    level = wav.detach().square().mean().sqrt() * 10.0 ** (-rng.uniform(8.0, 35.0) / 20.0)
    return Received(wav + hiss * level / hiss.square().mean().sqrt())


def lowpass(wav: Tensor, rng: random.Random) -> Received:
    """Cut above 2.5 to 10 kHz."""
    cut = 2500.0 * 4.0 ** rng.random()
    return Received(_spectral(wav, 1.0 / (1.0 + (_frequencies(wav) / cut) ** 16)))


def highpass(wav: Tensor, rng: random.Random) -> Received:
    """Cut below 150 to 900 Hz."""
    cut = rng.uniform(150.0, 900.0)
    return Received(_spectral(wav, 1.0 - 1.0 / (1.0 + (_frequencies(wav) / cut) ** 8)))


def drop_band(wav: Tensor, rng: random.Random) -> Received:
    """Take out half an octave to two octaves anywhere."""
    width = rng.uniform(0.5, 2.0)
    low = 385.0 * 2.0 ** rng.uniform(-0.5, 4.75 - width)
    frequencies = _frequencies(wav)
    stop = ((frequencies / low) ** 16 / (1.0 + (frequencies / low) ** 16)) / (
        1.0 + (frequencies / (low * 2.0**width)) ** 16
    )
    return Received(_spectral(wav, 1.0 - 0.999 * stop))


def equalise(wav: Tensor, rng: random.Random) -> Received:
    """Smooth random curve of up to 9 dB."""
    octave = torch.log2(_frequencies(wav).clamp_min(60.0) / 60.0)
    curve = sum(
        rng.uniform(-6.0, 6.0)
        * torch.exp(-0.5 * ((octave - rng.uniform(1.0, 7.0)) / rng.uniform(0.4, 1.2)) ** 2)
        for _ in range(4)
    )
    return Received(_spectral(wav, 10.0 ** (curve / 20.0)))


def reverb(wav: Tensor, rng: random.Random) -> Received:
    """Exponential room, direct-to-reverberant ratio 0 to 10 dB."""
    length = int(rng.uniform(0.1, 0.6) * RATE)
    tail = torch.randn(length) * torch.exp(-6.9 * torch.arange(length) / length)
    tail[: int(0.002 * RATE)] = 0.0
    tail = tail / tail.square().sum().sqrt() * 10.0 ** (-rng.uniform(0.0, 10.0) / 20.0)
    tail[0] = 1.0
    size = wav.shape[-1] + length
    wet = torch.fft.irfft(torch.fft.rfft(wav, n=size) * torch.fft.rfft(tail, n=size), n=size)
    return Received(wet[..., : wav.shape[-1]])


def echo(wav: Tensor, rng: random.Random) -> Received:
    """One echo after 30 to 400 ms."""
    lag = int(rng.uniform(0.03, 0.4) * RATE)
    late = torch.nn.functional.pad(wav, (lag, 0))[..., : wav.shape[-1]]
    return Received(wav + rng.uniform(0.2, 0.6) * late)


def compress(wav: Tensor, rng: random.Random) -> Received:
    """Fast compressor: gain follows the smoothed level to the power of minus 0.2 to 0.6."""
    frames = torch.nn.functional.avg_pool1d(wav[:, None].square(), 801, stride=1, padding=400)[:, 0]
    return Received(wav * (frames + 1e-5) ** (-0.5 * rng.uniform(0.2, 0.6)))


def quantise(wav: Tensor, rng: random.Random) -> Received:
    """Seven to ten bits, straight through."""
    steps = 2.0 ** rng.randint(6, 9) / wav.detach().abs().max().clamp_min(1e-4)
    return Received(wav + (torch.round(wav * steps) / steps - wav).detach())


def mix(wav: Tensor, rng: random.Random) -> Received:
    """Another clip of the batch below, 0 to 15 dB."""
    other = wav.detach().roll(1, 0)
    ratio = wav.detach().square().mean(-1, keepdim=True) / (other.square().mean(-1, keepdim=True) + 1e-8)
    return Received(wav + other * ratio.sqrt().clamp_max(10.0) * 10.0 ** (-rng.uniform(0.0, 15.0) / 20.0))


def respeed(wav: Tensor, rng: random.Random) -> Received:
    """Play 3 % slower to 3 % faster, by exact spectral resampling."""
    length = int(wav.shape[-1] / (1.0 + rng.uniform(-0.03, 0.03)))
    scaled = torch.fft.irfft(torch.fft.rfft(wav)[..., : length // 2 + 1], n=length)
    return Received(scaled * (length / wav.shape[-1]), speed=wav.shape[-1] / length)


def codec(wav: Tensor, rng: random.Random) -> Received:
    """A real lossy codec, straight through on the delay-aligned difference.

    Where a codec destroys a clip beyond alignment, another is drawn; a clip is never passed untouched.

    Raises:
        EncodeError: no codec worked.
    """
    for attempt in range(8):
        name, rates = rng.choice(CODECS)
        bit_rate = rng.choice(rates) * 1000
        try:
            coded = [recode(clip[None], RATE, codec=name, bit_rate=bit_rate)[0] for clip in wav.detach()]
        except EncodeError:
            if attempt == 7:
                raise
        else:
            break
    return Received(wav + (torch.stack(coded) - wav).detach())


CODECS: list[tuple[Codec, list[int]]] = [
    ("mp3", [16, 24, 32, 40, 64]),
    ("aac", [20, 24, 32, 48]),
    ("opus", [16, 20, 24, 32, 48]),
    ("vorbis", [24, 32, 48]),
]

Attack = Callable[[Tensor, random.Random], Received]
ATTACKS: dict[str, tuple[float, Attack]] = {
    "identity": (0.08, identity),
    "noise": (0.12, noise),
    "lowpass": (0.05, lowpass),
    "highpass": (0.03, highpass),
    "drop_band": (0.03, drop_band),
    "equalise": (0.06, equalise),
    "reverb": (0.10, reverb),
    "echo": (0.05, echo),
    "compress": (0.05, compress),
    "quantise": (0.03, quantise),
    "mix": (0.05, mix),
    "respeed": (0.07, respeed),
    "codec": (0.30, codec),
}


def draw(rng: random.Random, correct: dict[str, float]) -> tuple[str, Attack]:
    """One attack, by its weight times how often chips are still read wrongly after it.

    Args:
        rng: source of chance.
        correct: running share of right chips per attack; those not met yet count as average.
    """
    average = sum(correct.values()) / len(correct) if correct else 0.5
    names = list(ATTACKS)
    weights = [weight * (1.0 - correct.get(name, average)) for name, (weight, _) in ATTACKS.items()]
    name = rng.choices(names, weights)[0]
    return name, ATTACKS[name][1]
