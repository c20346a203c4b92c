"""What attacks do to audio: plain functions from [C, T] to [C, T'].

Filters work on the spectrum of the whole clip (zero phase); the sample-by-sample recursions of torchaudio are
far too slow on a CPU. All randomness comes from the generator passed in.
"""

import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import torch
from scipy import signal
from torch import Tensor

from core.codecs import Codec
from core.encode import recode
from core.errors import TrackmarkError
from core.resample import resample
from lab.sound.stretch import stretch


class AttackError(TrackmarkError):
    """An attack failed, or left the audio as it was."""


# codecs and rates


def through_codec(
    wav: Tensor, sample_rate: int, _: np.random.Generator, *, codec: Codec, kbps: int
) -> Tensor:
    """Encode and decode."""
    return recode(wav, sample_rate, codec=codec, bit_rate=kbps * 1000)


def codec_chain(wav: Tensor, sample_rate: int, _: np.random.Generator) -> Tensor:
    """MP3 128, AAC 96 and Opus 64 one after the other."""
    steps: tuple[tuple[Codec, int], ...] = (("mp3", 128), ("aac", 96), ("opus", 64))
    for codec, kbps in steps:
        wav = recode(wav, sample_rate, codec=codec, bit_rate=kbps * 1000)
    return wav


def through_rate(wav: Tensor, sample_rate: int, _: np.random.Generator, *, rate: int) -> Tensor:
    """To `rate` (Hz) and back."""
    return fit(resample(resample(wav, sample_rate, rate), rate, sample_rate), wav.shape[-1])


def telephone(wav: Tensor, sample_rate: int, _: np.random.Generator) -> Tensor:
    """Mono, 300-3400 Hz, 8 kHz, 8-bit mu-law (ITU-T G.711)."""
    mono = wav.mean(0, keepdim=True).expand_as(wav)
    band = resample(bandpass(mono, sample_rate, 300.0, 3400.0), sample_rate, 8000).clamp(-1, 1)
    coded = torch.round(torch.sign(band) * torch.log1p(255 * band.abs()) / math.log(256) * 127) / 127
    return fit(
        resample(torch.sign(coded) * (torch.expm1(coded.abs() * math.log(256)) / 255), 8000, sample_rate),
        wav.shape[-1],
    )


def fit(wav: Tensor, samples: int) -> Tensor:
    """Cut or zero-pad by the few samples that resampling rounds away."""
    return torch.nn.functional.pad(wav, (0, max(0, samples - wav.shape[-1])))[..., :samples]


# noise


def add_at(wav: Tensor, added: Tensor, snr_db: float) -> Tensor:
    """Add a signal `snr_db` below the audio."""
    power, extra = float(wav.square().mean()), float(added.square().mean())
    if power == 0.0 or extra == 0.0:
        raise AttackError("silence has no signal-to-noise ratio")
    return wav + added * amplitude(10 * math.log10(power / extra) - snr_db)


def amplitude(gain_db: float) -> float:
    """Factor of a gain in dB."""
    return math.pow(10.0, gain_db / 20)


def white(wav: Tensor, _: int, rng: np.random.Generator, *, snr_db: float) -> Tensor:
    """White noise `snr_db` below."""
    return add_at(wav, normal(wav.shape, rng), snr_db)


def pink(wav: Tensor, _: int, rng: np.random.Generator, *, snr_db: float) -> Tensor:
    """Noise that falls by 3 dB an octave, `snr_db` below."""
    spectrum = torch.fft.rfft(normal(wav.shape, rng))
    spectrum = spectrum / torch.arange(spectrum.shape[-1]).clamp(min=1).sqrt()
    return add_at(wav, torch.fft.irfft(spectrum, n=wav.shape[-1]), snr_db)


def normal(shape: tuple[int, ...], rng: np.random.Generator) -> Tensor:
    """Standard normal samples."""
    return torch.from_numpy(rng.standard_normal(shape, dtype=np.float32))


def quantise(wav: Tensor, _: int, __: np.random.Generator, *, bits: int) -> Tensor:
    """Round to `bits` without dither."""
    steps = 2.0 ** (bits - 1)
    return torch.round(wav.clamp(-1, 1) * steps) / steps


# filters (Butterworth magnitudes)


def shape_spectrum(wav: Tensor, sample_rate: int, gain: Callable[[Tensor], Tensor]) -> Tensor:
    """Filter by a gain over frequency (Hz), zero phase."""
    padded = wav.shape[-1] + sample_rate // 4  # room, so that zero-phase tails do not wrap around
    size = 1 << (padded - 1).bit_length()
    freqs = torch.fft.rfftfreq(size, 1 / sample_rate)
    shaped: Tensor = torch.fft.irfft(torch.fft.rfft(wav, n=size) * gain(freqs), n=size)
    return shaped[..., : wav.shape[-1]]


def lowpass_gain(freqs: Tensor, cutoff: float) -> Tensor:
    """Butterworth magnitude of order six."""
    return 1 / (1 + (freqs / cutoff) ** 12).sqrt()


def highpass_gain(freqs: Tensor, cutoff: float) -> Tensor:
    """Butterworth magnitude of order six."""
    return 1 / (1 + (cutoff / freqs.clamp(min=1e-3)) ** 12).sqrt()


def bandpass(wav: Tensor, sample_rate: int, low: float, high: float) -> Tensor:
    """Keep `low` to `high` (Hz)."""
    return shape_spectrum(wav, sample_rate, lambda f: lowpass_gain(f, high) * highpass_gain(f, low))


def lowpass(wav: Tensor, sample_rate: int, _: np.random.Generator, *, cutoff: float) -> Tensor:
    """Keep what is below `cutoff` (Hz)."""
    return shape_spectrum(wav, sample_rate, lambda f: lowpass_gain(f, cutoff))


def highpass(wav: Tensor, sample_rate: int, _: np.random.Generator, *, cutoff: float) -> Tensor:
    """Keep what is above `cutoff` (Hz)."""
    return shape_spectrum(wav, sample_rate, lambda f: highpass_gain(f, cutoff))


def equaliser(wav: Tensor, sample_rate: int, rng: np.random.Generator, *, depth_db: float) -> Tensor:
    """A graphic equaliser: each octave from 63 Hz randomly at plus or minus `depth_db`, joined by lines."""
    octaves = np.log2(63.0) + np.arange(9)
    gains_db = rng.choice([-depth_db, depth_db], size=9)

    def gain(freqs: Tensor) -> Tensor:
        return torch.from_numpy(
            10 ** (np.interp(np.log2(freqs.clamp(min=1.0).numpy()), octaves, gains_db) / 20)
        ).float()

    return shape_spectrum(wav, sample_rate, gain)


# dynamics and channels


def compressor(wav: Tensor, sample_rate: int, _: np.random.Generator) -> Tensor:
    """4:1 above 12 dB under the loudest block; 5 ms attack, 80 ms release, 6 dB make-up."""
    block = max(1, sample_rate // 400)
    level_db = 10 * np.log10(block_peak(wav, block) ** 2 + 1e-10)
    over_db = np.maximum(0.0, level_db - (level_db.max() - 12)) * 0.75
    smooth, state = np.empty_like(over_db), 0.0
    for n, target in enumerate(over_db):
        state += (target - state) * (0.5 if target > state else 0.03)
        smooth[n] = state
    return (wav * per_sample(10 ** ((6 - smooth) / 20), block, wav.shape[-1])).clamp(-1, 1)


def limiter(wav: Tensor, sample_rate: int, _: np.random.Generator) -> Tensor:
    """Ceiling 9 dB under the loudest sample, made up by 9 dB: a loud master."""
    return limit_peaks(wav * amplitude(9), sample_rate, float(wav.abs().max()))


def limit_peaks(wav: Tensor, sample_rate: int, ceiling: float) -> Tensor:
    """Turn loud moments down to `ceiling`, with look-ahead."""
    block = max(1, sample_rate // 500)
    peak = block_peak(wav, block)
    gain = np.minimum(1.0, ceiling / np.maximum(peak, 1e-9))
    held = -signal.order_filter(-gain, np.ones(9), 8) if gain.size >= 9 else np.full_like(gain, gain.min())
    return wav * per_sample(held, block, wav.shape[-1])


def block_peak(wav: Tensor, block: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Largest sample of any channel per block."""
    blocks = math.ceil(wav.shape[-1] / block)
    padded = fit(wav.abs().amax(0), blocks * block)
    return padded.reshape(blocks, block).amax(1).double().numpy()


def per_sample(gain: np.ndarray[tuple[int], np.dtype[np.float64]], block: int, samples: int) -> Tensor:
    """One gain per block, joined by lines."""
    centres = (np.arange(gain.size) + 0.5) * block
    return torch.from_numpy(np.interp(np.arange(samples), centres, gain)).float()


def gain(wav: Tensor, _: int, __: np.random.Generator, *, gain_db: float) -> Tensor:
    """Louder by `gain_db`."""
    return wav * amplitude(gain_db)


def polarity(wav: Tensor, _: int, __: np.random.Generator) -> Tensor:
    """Upside down."""
    return -wav


def mono(wav: Tensor, _: int, __: np.random.Generator) -> Tensor:
    """The mean of the channels on each."""
    return wav.mean(0, keepdim=True).repeat(wav.shape[0], 1)


def left_only(wav: Tensor, _: int, __: np.random.Generator) -> Tensor:
    """The second channel silent."""
    return torch.cat([wav[:1], torch.zeros_like(wav[1:])])


# time, room, mix


def crop(wav: Tensor, _: int, rng: np.random.Generator) -> Tensor:
    """Keep a stretch of 70 % at a random place."""
    keep = int(wav.shape[-1] * 0.7)
    start = int(rng.integers(1, wav.shape[-1] - keep))
    return wav[:, start : start + keep].clone()


def shift(wav: Tensor, sample_rate: int, _: np.random.Generator, *, delay_s: float) -> Tensor:
    """Later by `delay_s`, at the same length."""
    return torch.nn.functional.pad(wav, (round(delay_s * sample_rate), 0))[:, : wav.shape[-1]]


def speed(wav: Tensor, _: int, __: np.random.Generator, *, factor: float) -> Tensor:
    """Play faster: tempo and pitch change together."""
    ratio = Fraction(factor).limit_denominator(1000)
    return torch.from_numpy(
        signal.resample_poly(wav.numpy(), ratio.denominator, ratio.numerator, axis=-1)
    ).float()


def tempo(wav: Tensor, sample_rate: int, _: np.random.Generator, *, factor: float) -> Tensor:
    """Faster at the same pitch."""
    return stretch(wav, sample_rate, factor)


def pitch(wav: Tensor, sample_rate: int, rng: np.random.Generator, *, factor: float) -> Tensor:
    """Higher at the same tempo."""
    return fit(speed(stretch(wav, sample_rate, 1 / factor), sample_rate, rng, factor=factor), wav.shape[-1])


def nightcore(wav: Tensor, sample_rate: int, rng: np.random.Generator) -> Tensor:
    """15 % faster, two semitones on top."""
    return pitch(speed(wav, sample_rate, rng, factor=1.15), sample_rate, rng, factor=2 ** (2 / 12))


def echo(wav: Tensor, sample_rate: int, rng: np.random.Generator) -> Tensor:
    """One echo after 0.1 to 0.4 s, 6 to 10 dB below."""
    return wav + rng.uniform(0.3, 0.5) * shift(wav, sample_rate, rng, delay_s=rng.uniform(0.1, 0.4))


def reverb(wav: Tensor, sample_rate: int, rng: np.random.Generator) -> Tensor:
    """A room that decays by 60 dB in 0.3 to 0.9 s, its direct path 0 to 6 dB over the tail."""
    return room(wav, sample_rate, rng, t60=rng.uniform(0.3, 0.9), drr_db=rng.uniform(0.0, 6.0))


def room(wav: Tensor, sample_rate: int, rng: np.random.Generator, *, t60: float, drr_db: float) -> Tensor:
    """A synthetic room: a direct path and a tail of noise that decays by 60 dB in `t60` seconds."""
    times = torch.arange(int(t60 * sample_rate)) / sample_rate
    tail = normal((1, times.numel()), rng) * 10 ** (-3 * times / t60)
    tail[:, : int(0.003 * sample_rate)] = 0
    response = tail * (amplitude(-drr_db) / tail.square().sum().sqrt())
    response[:, 0] = 1.0
    size = 1 << (wav.shape[-1] + response.shape[-1] - 1).bit_length()
    wet: Tensor = torch.fft.irfft(torch.fft.rfft(wav, n=size) * torch.fft.rfft(response, n=size), n=size)
    return wet[:, : wav.shape[-1]]
