"""Log-frequency planes of recordings of both classes, in several renderings, computed once.

Ten seconds, mono, from 300 Hz to 7.5 kHz. The mean level of every band is taken out, and with it level,
equaliser and tilt; what is left is how the music moves. Each recording is rendered as published, through a
random delivery, and through a random change of tempo or pitch by one of two tools and then perhaps a codec;
the law of all choices is the same for both classes.

Run with: python -m lab.music_texture.planes MORE [--part I N]
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import signal
from torch import Tensor

from core.clip import Clip
from core.downmix import downmix
from core.encode import recode
from core.errors import TrackmarkError
from core.files import replacing
from core.resample import resample
from detector.music import spectra
from detector.music.adapters.confounds import levelled, levels
from lab.datasets import Recording
from lab.sound.tempo import phase_vocoder, repitched, wsola
from lab.training.music.__main__ import usable
from lab.training.music.copies import MOST_S, few_of_each, rng_for
from lab.training.music.listed import excerpt, listed

CACHE = Path("runs/music/planes")
RATE, FRAME, HOP = 16000, 1024, 320
BANDS = 96
FRAMES = (round(MOST_S) * RATE - FRAME) // HOP + 1
LOW_HZ, HIGH_HZ = 300.0, 7500.0
FLOOR_DB = 60.0
"""How far below the loudest band's mean power everything is one level: silence and dither say nothing."""
SPREAD_DB = 8.0
WORK_RATE = 24000
RATES = (16000, 22050, 24000)
TOOLS = {"wsola": wsola, "phase_vocoder": phase_vocoder}
RENDERINGS = ("native", "chain", "retimed")
MOST_OF_GENERATOR, MOST_OF_COLLECTION = 24, 60
CODEC_RATES = {"mp3": (32, 48, 64, 96), "aac": (32, 48, 64, 96), "opus": (24, 32, 48, 64)}
Plane = NDArray[np.float16]


@dataclass(frozen=True)
class Rendered:
    """Planes of one recording and what must not give its class away.

    Attributes:
        planes: one for each of `RENDERINGS`, [3, BANDS, N].
        confounds: level, crest, width, length and band of each, [3, 5].
    """

    planes: Plane
    confounds: NDArray[np.float64]


@lru_cache(maxsize=1)
def filters() -> NDArray[np.float32]:
    """Triangular filters, evenly spaced in the logarithm of frequency, [BANDS, FRAME / 2 + 1]."""
    centres = np.geomspace(LOW_HZ, HIGH_HZ, BANDS)
    step = centres[1] / centres[0]
    bins = np.arange(FRAME // 2 + 1) * RATE / FRAME
    half = np.maximum(centres * (step - 1), 1.2 * RATE / FRAME)
    weights = np.maximum(0.0, 1 - np.abs(bins - centres[:, None]) / half[:, None])
    return np.asarray(weights / weights.sum(1, keepdims=True), np.float32)


def plane(mono: Tensor, sample_rate: int) -> Plane:
    """The plane of mono audio, [T] -> [BANDS, N]: decibels over each band's mean, by `SPREAD_DB`.

    >>> plane(torch.rand(16000), 16000).shape
    (96, 47)
    """
    samples = resample(mono[None], sample_rate, RATE)[0].numpy()
    frames = np.lib.stride_tricks.sliding_window_view(samples, FRAME)[::HOP]
    spectrum = np.fft.rfft(frames * np.hanning(FRAME).astype(np.float32), axis=1)
    power = filters() @ (np.square(spectrum.real) + np.square(spectrum.imag)).T.astype(np.float32)
    floor = power.mean(1).max() * 10 ** (-FLOOR_DB / 10) + 1e-12
    decibels = 10 * np.log10(power + floor)
    return np.asarray((decibels - decibels.mean(1, keepdims=True)) / SPREAD_DB, np.float16)


def chained(mono: Tensor, rng: np.random.Generator, *, always: bool = False) -> Tensor:
    """One random delivery at `WORK_RATE`, [T]: a rate, sometimes a speed or noise, mostly a codec."""
    rate = int(rng.choice(RATES))
    wav = resample(resample(mono[None], WORK_RATE, rate), rate, WORK_RATE)
    if rng.random() < 0.25:
        ratio = Fraction(float(rng.uniform(0.94, 1.06))).limit_denominator(200)
        sped = signal.resample_poly(wav.numpy(), ratio.denominator, ratio.numerator, axis=-1)
        wav = torch.from_numpy(np.asarray(sped, np.float32))
    wav = levelled(wav, float(rng.uniform(-26, -14)))
    if rng.random() < 0.3:
        wav = wav + torch.from_numpy(rng.standard_normal(wav.shape[-1]).astype(np.float32)) * float(
            10 ** (rng.uniform(-75, -50) / 20)
        )
    if always or rng.random() < 0.75:
        codec = sorted(CODEC_RATES)[int(rng.integers(len(CODEC_RATES)))]
        kbps = int(rng.choice(CODEC_RATES[codec]))
        wav = recode(wav, WORK_RATE, codec=codec, bit_rate=1000 * kbps)  # type: ignore[arg-type]  # a key above
    return wav[0]


def retimed(mono: Tensor, rng: np.random.Generator) -> Tensor:
    """Another tempo (0.8 to 1.25) or pitch (one to five semitones either way), [T]."""
    tool = TOOLS[sorted(TOOLS)[int(rng.integers(len(TOOLS)))]]
    samples = mono.numpy()
    if rng.random() < 0.5:
        tempo = float(np.exp(rng.uniform(np.log(1.03), np.log(1.25)))) ** (1 if rng.random() < 0.5 else -1)
        return torch.from_numpy(tool(samples, WORK_RATE, tempo, rng))
    semitones = float(rng.uniform(0.7, 5.0)) * (1 if rng.random() < 0.5 else -1)
    return torch.from_numpy(repitched(samples, WORK_RATE, 2 ** (semitones / 12), rng, tool))


def rendered(recording: Recording, clip: Clip) -> Rendered:
    """All renderings of ten seconds of a recording."""
    mono = downmix(clip.wav.float())
    work = levelled(resample(mono[None], clip.sample_rate, WORK_RATE), -20.0)[0]
    rng = rng_for(recording, "texture")
    copies = [
        (mono, clip.sample_rate),
        (chained(work, rng), WORK_RATE),
        (chained(retimed(work, rng), rng) if rng.random() < 0.5 else retimed(work, rng), WORK_RATE),
    ]
    planes = np.stack([fitted(plane(wav, rate), FRAMES) for wav, rate in copies])
    return Rendered(planes, np.array([given_away(wav, rate) for wav, rate in copies]))


def given_away(mono: Tensor, rate: int) -> tuple[float, ...]:
    """Level, crest, width, length and band."""
    wav = mono[None]
    low = resample(wav, rate, spectra.ANALYSIS_RATE)[0].numpy()
    band_hz = spectra.usable_band(low, spectra.limit_of(rate))
    return (*levels(wav), wav.shape[-1] / rate, min(band_hz, RATE / 2))


def fitted(some: Plane, frames: int) -> Plane:
    """A plane of so many frames: the first ones, or the plane over again."""
    return np.tile(some, (1, -(-frames // some.shape[1])))[:, :frames]


def path_of(recording: Recording, cache: Path = CACHE) -> Path:
    """Where the planes of a recording are kept."""
    return cache / recording.path.parent.name / f"{recording.path.stem}.npz"


def cached(recording: Recording, cache: Path = CACHE) -> Path:
    """Render a recording unless that is done; where its planes are."""
    path = path_of(recording, cache)
    if not path.exists():
        found = rendered(recording, excerpt(recording))
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as part, part.open("wb") as file:
            np.savez(file, planes=found.planes, confounds=found.confounds)
    return path


def chosen(recordings: Sequence[Recording]) -> tuple[Recording, ...]:
    """Generated audio and music of people, bounded by generator and by collection, suspect pages left out."""
    # spread over each page: neighbours in the list are often one piece in several versions
    order = sorted(recordings, key=lambda r: int(rng_for(r, "order").integers(1 << 62)))
    some = [r for r, keep in zip(order, usable(order), strict=True) if keep]
    generated = few_of_each([r for r in some if r.synthetic], MOST_OF_GENERATOR)
    people = few_of_each([r for r in some if not r.synthetic], MOST_OF_COLLECTION)
    kept = {r.path for r in (*generated, *people)}
    return tuple(r for r in some if r.path in kept)


def main() -> None:
    """Render what is not rendered yet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("more", type=Path)
    parser.add_argument("--part", type=int, nargs=2, default=(0, 1), metavar=("I", "N"))
    args = parser.parse_args()
    torch.set_num_threads(1)
    for recording in chosen(listed(args.more))[args.part[0] :: args.part[1]]:
        try:
            cached(recording)
        except (TrackmarkError, ValueError) as error:
            print(f"{recording.path.name}: {error}", flush=True)


if __name__ == "__main__":
    main()
