"""What may happen to a voice before it is heard: one chain at random for training, named ones for measuring.

Both classes go through the same, drawn from each recording's own number, so that nothing but the voice can
tell them apart.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from core.codecs import Codec
from core.encode import recode
from detector.voice.frontend import SAMPLE_RATE, mono
from lab.datasets import Recording, read_manifest
from lab.sound import transforms
from lab.sound.treatments import TREATMENTS
from lab.training.voice.activity import INSTRUMENTAL

Rng = np.random.Generator
Condition = Callable[[Tensor, Rng, list[Tensor]], Tensor]
_CODECS: tuple[tuple[Codec, int], ...] = (
    *(("mp3", kbps) for kbps in (32, 64, 128)),
    *(("aac", kbps) for kbps in (48, 96)),
    *(("opus", kbps) for kbps in (16, 24, 48)),
    ("vorbis", 64),
)
_BY_NAME = {treatment.name: treatment.apply for treatment in TREATMENTS}


def backings(data: Path) -> list[Tensor]:
    """Open instrumental music to lay under voices, 5 s each at 16 kHz."""
    rows = [r for r in read_manifest(data) if r.kind == "human_music" and r.use == "open"]
    under = [r for r in rows if r.source in INSTRUMENTAL and r.duration_s < 30]
    return [first(r) for r in under[::4]]


def first(row: Recording) -> Tensor:
    """The first 5 s at 16 kHz, [T]."""
    sound = row.load()
    return mono(sound.wav[:, : 5 * sound.sample_rate], sound.sample_rate)


def over_music(wav: Tensor, rng: Rng, under: list[Tensor], *, ratio_db: float) -> Tensor:
    """A voice so many decibels above instrumental music, [T]."""
    backing = under[int(rng.integers(len(under)))]
    backing = backing.repeat(-(-wav.numel() // backing.numel()))[: wav.numel()]
    gain = wav.square().mean().sqrt() / backing.square().mean().sqrt().clamp(min=1e-6)
    return wav + backing * gain * 10 ** (-ratio_db / 20)


def coded(wav: Tensor, _: Rng, __: list[Tensor], *, codec: Codec, kbps: int) -> Tensor:
    """Through a real encoder and back."""
    return recode(wav[None], SAMPLE_RATE, codec=codec, bit_rate=1000 * kbps)[0]


def treated(wav: Tensor, rng: Rng, _: list[Tensor], *, name: str) -> Tensor:
    """Through one of `lab.sound.treatments`."""
    return _BY_NAME[name](wav[None], SAMPLE_RATE, rng)[0]


def transformed(
    wav: Tensor, rng: Rng, _: list[Tensor], *, by: Callable[[Tensor, int, Rng], Tensor]
) -> Tensor:
    """Through one of `lab.sound.transforms`."""
    return by(wav[None], SAMPLE_RATE, rng)[0]


def at_random(wav: Tensor, rng: Rng, under: list[Tensor]) -> Tensor:
    """Room, equaliser, music, noise, band limit and codec, each now and then."""
    steps: list[tuple[float, Condition]] = [
        (0.3, partial(transformed, by=transforms.reverb)),
        (0.4, partial(transformed, by=partial(transforms.equaliser, depth_db=6.0))),
        (0.4, partial(over_music, ratio_db=float(rng.uniform(3, 20)))),
        (0.3, partial(transformed, by=partial(transforms.pink, snr_db=float(rng.uniform(15, 40))))),
        (0.4, partial(transformed, by=partial(transforms.lowpass, cutoff=float(rng.uniform(3400, 7400))))),
    ]
    for chance, step in steps:
        if rng.random() < chance:
            wav = step(wav, rng, under)
    if rng.random() < 0.7:
        codec, kbps = _CODECS[int(rng.integers(len(_CODECS)))]
        wav = coded(wav, rng, under, codec=codec, kbps=kbps)
    return wav


CONDITIONS: dict[str, Condition] = {
    "as published": lambda wav, _, __: wav,
    "at random": at_random,
    "over music, 10 dB": partial(over_music, ratio_db=10.0),
    "over music, 0 dB": partial(over_music, ratio_db=0.0),
    "MP3 at 64 kbit/s": partial(coded, codec="mp3", kbps=64),
    "Opus at 32 kbit/s": partial(coded, codec="opus", kbps=32),
    "telephone": partial(transformed, by=transforms.telephone),
    "pitch up two semitones": partial(transformed, by=partial(transforms.pitch, factor=2 ** (2 / 12))),
    "tempo 1.1": partial(transformed, by=partial(transforms.tempo, factor=1.1)),
    "pitch correction": partial(treated, name="pitch correction"),
    "compressor": partial(transformed, by=transforms.compressor),
    "vocoder effect": partial(treated, name="LPC vocoder 100 Hz, pulses"),
    "separator mask": partial(treated, name="separator mask 1024/441"),
    "denoiser": partial(treated, name="denoiser gate 2048/512"),
    "pitch down two semitones": partial(transformed, by=partial(transforms.pitch, factor=2 ** (-2 / 12))),
    "tempo 0.9": partial(transformed, by=partial(transforms.tempo, factor=0.9)),
}
"""What each draws rests on its place, so new ones stand last."""

CARRIERS = (
    *("over music, 0 dB", "over music, 10 dB", "MP3 at 64 kbit/s", "telephone"),
    *("Opus at 32 kbit/s", "pitch up two semitones", "pitch down two semitones", "tempo 1.1", "tempo 0.9"),
)
"""What happens to recordings of both classes on their way."""
EFFECTS = ("pitch correction", "compressor", "vocoder effect", "separator mask", "denoiser")
"""What is done to real voices on purpose."""
ENHANCED = "neural enhancer"
"""What is done to real voices by a network that is no part of this project: `lab.training.voice.enhanced`."""


def under(condition: str, wav: Tensor, seed: int, backing: list[Tensor]) -> Tensor:
    """A voice under a condition, at the common level again, [T]."""
    rng = np.random.default_rng([seed, list(CONDITIONS).index(condition)])
    changed = CONDITIONS[condition](wav, rng, backing)
    return mono(torch.nan_to_num(changed)[None], SAMPLE_RATE)
