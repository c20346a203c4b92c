"""Music rendered again: what decoders, vocoders and diffusion models leave in audio, without a generator.

Every method takes human music and returns the same music as some machine would have rendered it. A network
that tells the two apart cannot hold on to genre, page, rate or level, because both copies share them.
Trained decoders (`lab.training.decoders`) are one more method; these here need no training and cover
architectures that nobody here can train.

Sources: A. Odena et al., Deconvolution and Checkerboard Artifacts, 2016; J. Pons et al., Upsampling Artifacts
in Neural Audio Synthesis, 2021 (images and tones of transposed, holes of interpolated layers); D. Griffin and
J. Lim, 1984; Y. Ephraim and D. Malah, 1984 (shrinkage of noisy spectra).
"""

import itertools
from collections.abc import Callable
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.signal import firwin, oaconvolve
from torch import Tensor

from core.native import torchaudio
from lab.sound.spectra import LEAST, Frames, Rng, Samples, griffin_lim

Method = Callable[[Samples, int, Rng], Samples]
STRIDES = (2, 3, 4, 5, 6, 8, 10, 12)


def transposed(wav: Samples, rate: int, rng: Rng) -> Samples:
    """A chain of transposed convolutions with strides and filters drawn at random.

    At each layer the music, as far as the layer's input rate holds it, is biased and bent a little, zeros are
    inserted, and a filter that should remove the images does so imperfectly. What that leaves is added to the
    music at 25 to 60 dB under it.
    """
    return _chain(wav, rng, _zeros)


def interpolated(wav: Samples, rate: int, rng: Rng) -> Samples:
    """The same with repeated instead of inserted samples: softer images, no tones, holes at the clock."""
    return _chain(wav, rng, _repeats)


def _chain(
    wav: Samples, rng: Rng, raise_rate: Callable[[NDArray[np.float64], int], NDArray[np.float64]]
) -> Samples:
    signal = wav.astype(np.float64)
    level = _rms(signal)
    total, hop = np.zeros(len(signal)), 1
    for _ in range(int(rng.integers(2, 5))):
        hop *= int(rng.choice(STRIDES))
        if hop > 1024:
            break
        low = oaconvolve(signal, firwin(4 * hop + 1, 0.8 / hop), mode="same")
        inner = low[::hop] / level
        bent = inner + rng.normal(0, 0.3) + rng.uniform(0, 0.3) * np.maximum(inner, 0.0)
        taps = firwin(2 * int(rng.integers(1, 4)) * hop + 1, 1 / hop) * hop
        imperfect = taps * (1 + rng.uniform(0.05, 0.5) * rng.standard_normal(len(taps)))
        coarse = raise_rate(bent, hop)[: len(signal)]
        residual = oaconvolve(np.pad(coarse, (0, len(signal) - len(coarse))), imperfect - taps, mode="same")
        total += residual / (_rms(residual) + LEAST) * 10 ** (rng.uniform(-12, 0) / 20)
    depth = 10 ** (rng.uniform(-60, -25) / 20)
    return np.asarray(signal + total / (_rms(total) + LEAST) * level * depth, np.float32)


def _zeros(samples: NDArray[np.float64], stride: int) -> NDArray[np.float64]:
    raised = np.zeros(len(samples) * stride)
    raised[::stride] = samples
    return raised


def _repeats(samples: NDArray[np.float64], stride: int) -> NDArray[np.float64]:
    return np.repeat(samples, stride) / stride


def _rms(samples: NDArray[np.floating]) -> float:
    return float(np.sqrt(np.mean(np.square(samples)))) + 1e-7


def phases_found(wav: Samples, rate: int, rng: Rng) -> Samples:
    """Magnitudes kept, whole or as a mel spectrogram keeps them; phases found by iteration."""
    frames = _frames(rate, rng)
    magnitude = frames.spectrum(wav).abs()
    if rng.random() < 0.7:
        magnitude = _through_mel(magnitude, rate, int(rng.choice([64, 80, 100, 128])))
    phases = frames.random_phases(magnitude, rng)
    return griffin_lim(frames, magnitude, phases, int(rng.integers(4, 24)), len(wav))


def guessed_phase(wav: Samples, rate: int, rng: Rng) -> Samples:
    """Right phases at low, guessed ones at high frequencies, as heads that predict a spectrum do."""
    frames = _frames(rate, rng)
    spectrum = frames.spectrum(wav)
    magnitude = spectrum.abs()
    if rng.random() < 0.6:
        magnitude = _through_mel(magnitude, rate, int(rng.choice([80, 100, 128])))
    ramp = torch.linspace(0, 1, spectrum.shape[0])[:, None] ** float(rng.uniform(0.3, 1.5))
    error = torch.from_numpy(rng.standard_normal(spectrum.shape, np.float32))
    turned = frames.turned(spectrum, float(rng.uniform(0.3, 2.5)) * ramp * error)
    return frames.audio(magnitude * turned, len(wav))


def smoothed(wav: Samples, rate: int, rng: Rng) -> Samples:
    """Mel frames blurred in time and frequency, as a variational autoencoder's latents are, then vocoded."""
    frames = _frames(rate, rng)
    spectrum = frames.spectrum(wav)
    mel = _mel(rate, frames.size, int(rng.choice([64, 80, 128])))
    bands = torch.log(mel.T @ spectrum.abs() + 1e-5)
    over = (2 * int(rng.integers(0, 2)) + 1, 2 * int(rng.integers(0, 4)) + 1)
    padded = torch.nn.functional.pad(bands[None], (over[1] // 2,) * 2 + (over[0] // 2,) * 2, mode="replicate")
    soft = torch.nn.functional.avg_pool2d(padded, over, 1)[0]
    magnitude = _spread(torch.exp(soft), mel)
    cut = int(rng.uniform(0.02, 0.4) * spectrum.shape[0])
    phases = frames.random_phases(magnitude, rng)
    phases[:cut] = frames.phases(spectrum)[:cut]
    return griffin_lim(frames, magnitude, phases, int(rng.integers(2, 12)), len(wav))


def denoised(wav: Samples, rate: int, rng: Rng) -> Samples:
    """Noise added and taken out again a few times, each time less: the last steps of a diffusion model.

    What is weaker than the noise is lost, what is stronger keeps a trace of it.
    """
    level = _rms(wav)
    audio = wav
    start = rng.uniform(-38, -14)
    for step in range(int(rng.integers(1, 4))):
        frames = _frames(rate, rng)
        sigma = level * 10 ** ((start - 8 * step) / 20)
        noisy = audio + np.asarray(sigma * rng.standard_normal(len(audio)), np.float32)
        spectrum = frames.spectrum(noisy)
        power = spectrum.abs().square()
        near = torch.nn.functional.avg_pool2d(power[None], (3, 3), 1, 1, count_include_pad=False)[0]
        noise = 0.375 * frames.size * sigma**2
        gain = (1 - float(rng.uniform(0.8, 1.6)) * noise / near.clamp_min(LEAST)).clamp(
            float(rng.uniform(0, 0.15))
        )
        audio = frames.audio(spectrum * gain, len(wav))
    return audio


METHODS: dict[str, tuple[str, Method]] = {
    "transposed": ("chain", transposed),
    "interpolated": ("chain", interpolated),
    "griffin-lim": ("phase", phases_found),
    "guessed-phase": ("phase", guessed_phase),
    "smoothed": ("phase", smoothed),
    "denoised": ("denoiser", denoised),
}
"""Name to family and method."""


def softened(human: Samples, synthetic: Samples, gain_db: float) -> Samples:
    """The human original plus the difference to its copy, `gain_db` softer: the same trace, less bad."""
    return human + np.float32(10 ** (gain_db / 20)) * (synthetic - human)


def equalised(synthetic: Samples, human: Samples) -> Samples:
    """A copy with the original's long-term spectrum (thirds of an octave, up to 15 dB) and level.

    Dull or loud copies would otherwise be recognised by that alone.
    """
    size = 2048
    frames = Frames(size, size // 4)
    spectra = [frames.spectrum(np.asarray(x / _rms(x), np.float32)) for x in (synthetic, human)]
    powers = [s.abs().square().mean(-1).double().numpy() + 1e-10 for s in spectra]
    bins = np.arange(1, size // 2 + 2)
    edges = np.unique(np.geomspace(2, size // 2 + 1, 30).astype(int))
    centres = np.sqrt(edges[:-1] * edges[1:])
    ratio = [np.log(powers[1][a:b].sum() / powers[0][a:b].sum()) / 2 for a, b in itertools.pairwise(edges)]
    gain = np.exp(np.interp(np.log(bins), np.log(centres), np.clip(ratio, -1.73, 1.73)))
    filtered = spectra[0] * torch.from_numpy(gain).float()[:, None]
    wav = frames.audio(filtered, len(synthetic))
    return np.asarray(wav * (_rms(human) / _rms(wav)), np.float32)


def _frames(rate: int, rng: Rng) -> Frames:
    """Frames of a vocoder: 30 to 65 ms in powers of two, a quarter or an eighth of it apart."""
    size = int(rng.choice([512, 1024])) if rate <= 24_000 else int(rng.choice([1024, 2048]))
    return Frames(size, size // int(rng.choice([4, 4, 8])))


@lru_cache(maxsize=32)
def _mel(rate: int, size: int, bands: int) -> Tensor:
    """Triangular filters, [F, M], no more than a quarter as many as bins."""
    bands = min(bands, size // 8)
    filters: Tensor = torchaudio().functional.melscale_fbanks(size // 2 + 1, 0.0, rate / 2, bands, rate)
    return filters


def _through_mel(magnitude: Tensor, rate: int, bands: int) -> Tensor:
    """Magnitudes, [F, N], as far as so many mel bands keep them."""
    mel = _mel(rate, 2 * (magnitude.shape[0] - 1), bands)
    return _spread(mel.T @ magnitude, mel)


def _spread(bands: Tensor, mel: Tensor) -> Tensor:
    """Band sums, [M, N], as smooth magnitudes, [F, N]."""
    mean = bands / mel.sum(0)[:, None].clamp_min(LEAST)
    return (mel @ mean) / mel.sum(1, keepdim=True).clamp_min(1e-3)
