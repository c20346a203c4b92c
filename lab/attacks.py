"""Named attacks on audio, one catalogue for every evaluation.

`Attack.apply` checks what came out: an attack that changed nothing, produced NaN or broke its length rule
raises `AttackError`. A codec that fails therefore never counts as a codec that was survived.

Filters work on the spectrum of the whole clip (zero phase); the sample-by-sample recursions of torchaudio are
far too slow on a CPU. All randomness comes from the generator passed in.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Literal

import numpy as np
import torch
from scipy import signal
from torch import Tensor

from core.codecs import Codec
from core.encode import recode
from core.errors import TrackmarkError
from core.resample import resample
from lab.stretch import stretch

Transform = Callable[[Tensor, int, np.random.Generator], Tensor]
Length = Literal["same", "scaled", "shorter"]
SCALED_TOLERANCE_S = 0.05


class AttackError(TrackmarkError):
    """An attack failed, or left the audio as it was."""


@dataclass(frozen=True)
class Attack:
    """A named change to audio.

    Attributes:
        name: stable identifier used in result tables.
        family: `codec`, `resample`, `noise`, `filter`, `dynamics`, `channel`, `time`, `room`, `mix`, `chain`.
        transform: the change itself; call `apply`, which checks its result.
        length: `same` as the input, `scaled` by 1 / `tempo` (within 50 ms), or `shorter`.
        tempo: how much faster the events follow each other (1.05: five per cent faster).
        pitch: factor on all frequencies.
        needs_stereo: does nothing to a mono clip, and so raises there.
    """

    name: str
    family: str
    transform: Transform
    length: Length = "same"
    tempo: float = 1.0
    pitch: float = 1.0
    needs_stereo: bool = False

    def applies_to(self, wav: Tensor) -> bool:
        """Whether the attack makes sense for this clip, [C, T]."""
        return not self.needs_stereo or wav.shape[0] > 1

    def apply(self, wav: Tensor, sample_rate: int, rng: np.random.Generator) -> Tensor:
        """Attack a clip.

        Args:
            wav: samples, [C, T].
            sample_rate: in Hz; the result has the same rate.
            rng: source of every random choice.

        Returns:
            Attacked samples, [C, T'], with T' by the rule in `length`.

        Raises:
            AttackError: the input is too short or silent, the audio did not change, or the result is broken.
        """
        if wav.ndim != 2 or wav.shape[-1] < sample_rate // 4:
            raise AttackError(
                f"{self.name}: needs [C, T] audio of at least 0.25 s, got shape {tuple(wav.shape)}"
            )
        with torch.no_grad():
            attacked = self.transform(wav.float(), sample_rate, rng)
        self._check(wav, attacked, sample_rate)
        return attacked

    def _check(self, wav: Tensor, attacked: Tensor, sample_rate: int) -> None:
        before, after = wav.shape[-1], attacked.shape[-1]
        fits = {
            "same": after == before,
            "scaled": abs(after - before / self.tempo) <= SCALED_TOLERANCE_S * sample_rate,
            "shorter": 0 < after < before,
        }[self.length]
        if attacked.shape[0] != wav.shape[0] or not fits:
            raise AttackError(f"{self.name}: {tuple(wav.shape)} became {tuple(attacked.shape)}: wrong shape")
        if not bool(torch.isfinite(attacked).all()):
            raise AttackError(f"{self.name}: the result is not finite")
        if after == before and float((attacked - wav).abs().max()) < 1e-6:
            raise AttackError(f"{self.name}: the audio did not change")


# codecs and rates


def _codec(wav: Tensor, sample_rate: int, _: np.random.Generator, *, codec: Codec, kbps: int) -> Tensor:
    return recode(wav, sample_rate, codec=codec, bit_rate=kbps * 1000)


def _codec_chain(wav: Tensor, sample_rate: int, _: np.random.Generator) -> Tensor:
    steps: tuple[tuple[Codec, int], ...] = (("mp3", 128), ("aac", 96), ("opus", 64))
    for codec, kbps in steps:
        wav = recode(wav, sample_rate, codec=codec, bit_rate=kbps * 1000)
    return wav


def _through_rate(wav: Tensor, sample_rate: int, _: np.random.Generator, *, rate: int) -> Tensor:
    return _fit(resample(resample(wav, sample_rate, rate), rate, sample_rate), wav.shape[-1])


def _telephone(wav: Tensor, sample_rate: int, _: np.random.Generator) -> Tensor:
    """Mono, 300-3400 Hz, 8 kHz, 8-bit mu-law (ITU-T G.711)."""
    mono = wav.mean(0, keepdim=True).expand_as(wav)
    band = resample(_bandpass(mono, sample_rate, 300.0, 3400.0), sample_rate, 8000).clamp(-1, 1)
    coded = torch.round(torch.sign(band) * torch.log1p(255 * band.abs()) / math.log(256) * 127) / 127
    return _fit(
        resample(torch.sign(coded) * (torch.expm1(coded.abs() * math.log(256)) / 255), 8000, sample_rate),
        wav.shape[-1],
    )


def _fit(wav: Tensor, samples: int) -> Tensor:
    """Cut or zero-pad by the few samples that resampling rounds away."""
    return torch.nn.functional.pad(wav, (0, max(0, samples - wav.shape[-1])))[..., :samples]


# noise


def _add_at(wav: Tensor, added: Tensor, snr_db: float) -> Tensor:
    power, extra = float(wav.square().mean()), float(added.square().mean())
    if power == 0.0 or extra == 0.0:
        raise AttackError("silence has no signal-to-noise ratio")
    return wav + added * _amplitude(10 * math.log10(power / extra) - snr_db)


def _amplitude(gain_db: float) -> float:
    return math.pow(10.0, gain_db / 20)


def _white(wav: Tensor, _: int, rng: np.random.Generator, *, snr_db: float) -> Tensor:
    return _add_at(wav, _normal(wav.shape, rng), snr_db)


def _pink(wav: Tensor, _: int, rng: np.random.Generator, *, snr_db: float) -> Tensor:
    spectrum = torch.fft.rfft(_normal(wav.shape, rng))
    spectrum = spectrum / torch.arange(spectrum.shape[-1]).clamp(min=1).sqrt()
    return _add_at(wav, torch.fft.irfft(spectrum, n=wav.shape[-1]), snr_db)


def _normal(shape: tuple[int, ...], rng: np.random.Generator) -> Tensor:
    return torch.from_numpy(rng.standard_normal(shape, dtype=np.float32))


def _quantise(wav: Tensor, _: int, __: np.random.Generator, *, bits: int) -> Tensor:
    steps = 2.0 ** (bits - 1)
    return torch.round(wav.clamp(-1, 1) * steps) / steps


# filters (Butterworth magnitudes)


def _shape_spectrum(wav: Tensor, sample_rate: int, gain: Callable[[Tensor], Tensor]) -> Tensor:
    padded = wav.shape[-1] + sample_rate // 4  # room, so that zero-phase tails do not wrap around
    size = 1 << (padded - 1).bit_length()
    freqs = torch.fft.rfftfreq(size, 1 / sample_rate)
    shaped: Tensor = torch.fft.irfft(torch.fft.rfft(wav, n=size) * gain(freqs), n=size)
    return shaped[..., : wav.shape[-1]]


def _lowpass_gain(freqs: Tensor, cutoff: float) -> Tensor:
    return 1 / (1 + (freqs / cutoff) ** 12).sqrt()


def _highpass_gain(freqs: Tensor, cutoff: float) -> Tensor:
    return 1 / (1 + (cutoff / freqs.clamp(min=1e-3)) ** 12).sqrt()


def _bandpass(wav: Tensor, sample_rate: int, low: float, high: float) -> Tensor:
    return _shape_spectrum(wav, sample_rate, lambda f: _lowpass_gain(f, high) * _highpass_gain(f, low))


def _lowpass(wav: Tensor, sample_rate: int, _: np.random.Generator, *, cutoff: float) -> Tensor:
    return _shape_spectrum(wav, sample_rate, lambda f: _lowpass_gain(f, cutoff))


def _highpass(wav: Tensor, sample_rate: int, _: np.random.Generator, *, cutoff: float) -> Tensor:
    return _shape_spectrum(wav, sample_rate, lambda f: _highpass_gain(f, cutoff))


def _equaliser(wav: Tensor, sample_rate: int, rng: np.random.Generator, *, depth_db: float) -> Tensor:
    """A graphic equaliser: each octave from 63 Hz randomly at plus or minus `depth_db`, joined by lines."""
    octaves = np.log2(63.0) + np.arange(9)
    gains_db = rng.choice([-depth_db, depth_db], size=9)

    def gain(freqs: Tensor) -> Tensor:
        return torch.from_numpy(
            10 ** (np.interp(np.log2(freqs.clamp(min=1.0).numpy()), octaves, gains_db) / 20)
        ).float()

    return _shape_spectrum(wav, sample_rate, gain)


# dynamics and channels


def _compressor(wav: Tensor, sample_rate: int, _: np.random.Generator) -> Tensor:
    """4:1 above 12 dB under the loudest block; 5 ms attack, 80 ms release, 6 dB make-up."""
    block = max(1, sample_rate // 400)
    level_db = 10 * np.log10(_block_peak(wav, block) ** 2 + 1e-10)
    over_db = np.maximum(0.0, level_db - (level_db.max() - 12)) * 0.75
    smooth, state = np.empty_like(over_db), 0.0
    for n, target in enumerate(over_db):
        state += (target - state) * (0.5 if target > state else 0.03)
        smooth[n] = state
    return (wav * _per_sample(10 ** ((6 - smooth) / 20), block, wav.shape[-1])).clamp(-1, 1)


def _limiter(wav: Tensor, sample_rate: int, _: np.random.Generator) -> Tensor:
    """Ceiling 9 dB under the loudest sample, with look-ahead, made up by 9 dB: a loud master."""
    block = max(1, sample_rate // 500)
    peak = _block_peak(wav, block)
    ceiling = peak.max() * _amplitude(-9)
    gain = np.minimum(1.0, ceiling / np.maximum(peak, 1e-9))
    held = -signal.order_filter(-gain, np.ones(9), 8) if gain.size >= 9 else np.full_like(gain, gain.min())
    return wav * _per_sample(held * _amplitude(9), block, wav.shape[-1])


def _block_peak(wav: Tensor, block: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    blocks = math.ceil(wav.shape[-1] / block)
    padded = _fit(wav.abs().amax(0), blocks * block)
    return padded.reshape(blocks, block).amax(1).double().numpy()


def _per_sample(gain: np.ndarray[tuple[int], np.dtype[np.float64]], block: int, samples: int) -> Tensor:
    centres = (np.arange(gain.size) + 0.5) * block
    return torch.from_numpy(np.interp(np.arange(samples), centres, gain)).float()


def _gain(wav: Tensor, _: int, __: np.random.Generator, *, gain_db: float) -> Tensor:
    return wav * _amplitude(gain_db)


def _polarity(wav: Tensor, _: int, __: np.random.Generator) -> Tensor:
    return -wav


def _mono(wav: Tensor, _: int, __: np.random.Generator) -> Tensor:
    return wav.mean(0, keepdim=True).repeat(wav.shape[0], 1)


def _left_only(wav: Tensor, _: int, __: np.random.Generator) -> Tensor:
    return torch.cat([wav[:1], torch.zeros_like(wav[1:])])


# time, room, mix


def _crop(wav: Tensor, _: int, rng: np.random.Generator) -> Tensor:
    """Keep a stretch of 70 % at a random place."""
    keep = int(wav.shape[-1] * 0.7)
    start = int(rng.integers(1, wav.shape[-1] - keep))
    return wav[:, start : start + keep].clone()


def _shift(wav: Tensor, sample_rate: int, _: np.random.Generator, *, delay_s: float) -> Tensor:
    return torch.nn.functional.pad(wav, (round(delay_s * sample_rate), 0))[:, : wav.shape[-1]]


def _speed(wav: Tensor, _: int, __: np.random.Generator, *, factor: float) -> Tensor:
    """Play faster: tempo and pitch change together."""
    ratio = Fraction(factor).limit_denominator(1000)
    return torch.from_numpy(
        signal.resample_poly(wav.numpy(), ratio.denominator, ratio.numerator, axis=-1)
    ).float()


def _tempo(wav: Tensor, sample_rate: int, _: np.random.Generator, *, factor: float) -> Tensor:
    return stretch(wav, sample_rate, factor)


def _pitch(wav: Tensor, sample_rate: int, rng: np.random.Generator, *, factor: float) -> Tensor:
    return _fit(_speed(stretch(wav, sample_rate, 1 / factor), sample_rate, rng, factor=factor), wav.shape[-1])


def _nightcore(wav: Tensor, sample_rate: int, rng: np.random.Generator) -> Tensor:
    return _pitch(_speed(wav, sample_rate, rng, factor=1.15), sample_rate, rng, factor=2 ** (2 / 12))


def _echo(wav: Tensor, sample_rate: int, rng: np.random.Generator) -> Tensor:
    return wav + rng.uniform(0.3, 0.5) * _shift(wav, sample_rate, rng, delay_s=rng.uniform(0.1, 0.4))


def _reverb(wav: Tensor, sample_rate: int, rng: np.random.Generator) -> Tensor:
    """A synthetic room: a direct path 0-6 dB over a noise tail that decays by 60 dB in 0.3 to 0.9 s."""
    t60, drr_db = rng.uniform(0.3, 0.9), rng.uniform(0.0, 6.0)
    times = torch.arange(int(t60 * sample_rate)) / sample_rate
    tail = _normal((1, times.numel()), rng) * 10 ** (-3 * times / t60)
    tail[:, : int(0.003 * sample_rate)] = 0
    response = tail * (_amplitude(-drr_db) / tail.square().sum().sqrt())
    response[:, 0] = 1.0
    size = 1 << (wav.shape[-1] + response.shape[-1] - 1).bit_length()
    wet: Tensor = torch.fft.irfft(torch.fft.rfft(wav, n=size) * torch.fft.rfft(response, n=size), n=size)
    return wet[:, : wav.shape[-1]]


def mix_with(other: Tensor, *, ratio_db: float = 0.0) -> Attack:
    """Attack that plays other music at the same time.

    Args:
        other: music at the clip's sample rate, [C', T']; repeated where it is shorter.
        ratio_db: level of the attacked clip over `other`; 0 is 1:1.
    """

    def transform(wav: Tensor, _: int, __: np.random.Generator) -> Tensor:
        mono = other.float().mean(0, keepdim=True)
        tiled = mono.repeat(1, math.ceil(wav.shape[-1] / mono.shape[-1]))[:, : wav.shape[-1]]
        mixed = _add_at(wav, tiled.expand_as(wav), ratio_db)
        return mixed / max(1.0, float(mixed.abs().max()))

    return Attack(f"mix_{ratio_db:+.0f}db", "mix", transform)


# the catalogue


def _codecs() -> list[Attack]:
    rates: dict[Codec, tuple[int, ...]] = {
        "mp3": (128, 64, 32),
        "aac": (128, 64, 32),
        "opus": (128, 64, 32),
        "vorbis": (128, 64),
    }
    return [
        Attack(f"{codec}_{kbps}", "codec", partial(_codec, codec=codec, kbps=kbps))
        for codec, all_kbps in rates.items()
        for kbps in all_kbps
    ]


def _time_scales() -> list[Attack]:
    attacks = []
    for factor in (0.8, 0.9, 0.95, 1.05, 1.1, 1.25):
        change = partial(_speed, factor=factor)
        attacks.append(Attack(f"speed_{factor:.2f}", "time", change, "scaled", tempo=factor, pitch=factor))
    for factor in (0.8, 0.9, 0.95, 1.05, 1.1, 1.25):
        attacks.append(
            Attack(f"tempo_{factor:.2f}", "time", partial(_tempo, factor=factor), "scaled", tempo=factor)
        )
    for factor in (0.89, 0.95, 1.05, 1.12):
        attacks.append(Attack(f"pitch_{factor:.2f}", "time", partial(_pitch, factor=factor), pitch=factor))
    attacks.append(Attack("nightcore", "time", _nightcore, "scaled", tempo=1.15, pitch=1.15 * 2 ** (2 / 12)))
    return attacks


CATALOGUE: tuple[Attack, ...] = (
    *_codecs(),
    Attack("codec_chain", "chain", _codec_chain),
    Attack("resample_22050", "resample", partial(_through_rate, rate=22050)),
    Attack("telephone", "resample", _telephone),
    *(Attack(f"white_{snr}db", "noise", partial(_white, snr_db=float(snr))) for snr in (30, 20, 10)),
    *(Attack(f"pink_{snr}db", "noise", partial(_pink, snr_db=float(snr))) for snr in (20, 10)),
    Attack("quantise_8bit", "noise", partial(_quantise, bits=8)),
    Attack("eq_6db", "filter", partial(_equaliser, depth_db=6.0)),
    Attack("lowpass_4000", "filter", partial(_lowpass, cutoff=4000.0)),
    Attack("highpass_500", "filter", partial(_highpass, cutoff=500.0)),
    Attack("compressor", "dynamics", _compressor),
    Attack("limiter", "dynamics", _limiter),
    Attack("gain_-12db", "dynamics", partial(_gain, gain_db=-12.0)),
    Attack("polarity", "channel", _polarity),
    Attack("mono_downmix", "channel", _mono, needs_stereo=True),
    Attack("left_only", "channel", _left_only, needs_stereo=True),
    Attack("crop_70", "time", _crop, "shorter"),
    Attack("shift_0.1s", "time", partial(_shift, delay_s=0.1)),
    *_time_scales(),
    Attack("echo", "room", _echo),
    Attack("reverb", "room", _reverb),
)
"""Every attack that needs nothing but the clip; `mix_with` makes the one that needs other music."""


def attack(name: str) -> Attack:
    """The attack of that name in the catalogue.

    Raises:
        KeyError: no such attack.
    """
    found = next((a for a in CATALOGUE if a.name == name), None)
    if found is None:
        raise KeyError(f"no attack {name!r}; known: {', '.join(a.name for a in CATALOGUE)}")
    return found
