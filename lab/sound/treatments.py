"""What people and their machines do to recorded music, with clocks as exact as a decoder's.

Every treatment takes human music and returns it treated; none contains a neural network. Some are honest
music (a chip lead over a band), some damage (hum, a dimmer's buzz, a hung buffer), some processing whose
frames leave combs of their own (separators, vocoders, stretchers, denoisers). Griffin-Lim and other machine
phases are in `lab.sound.renderings`: they are what some generators end with, and no negatives.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage, signal
from torch import Tensor

from core.codecs import Codec
from core.encode import recode
from lab.sound import transforms
from lab.sound.chips import chip_tune
from lab.sound.exact_clocks import hum
from lab.sound.old_codecs import OLD_CODECS, through_old_codec
from lab.sound.spectra import Frames, paced_by_differences
from lab.sound.stretch import stretch

Rng = np.random.Generator
Samples = NDArray[np.float64]
Treat = Callable[[Tensor, int, Rng], Tensor]


@dataclass(frozen=True)
class Treatment:
    """A kind of treated human music.

    Attributes:
        name: stable identifier.
        family: what the kinds have in common.
        apply: from audio [C, T], its rate (Hz) and a source of choices to audio [C', T'].
    """

    name: str
    family: str
    apply: Treat


def _over(wav: Tensor, added: Samples, ratio_db: float) -> Tensor:
    """Mono music with a sound added, so many dB above the music's level."""
    mono = wav.mean(0, keepdim=True)
    sound = torch.from_numpy(np.asarray(np.resize(added, mono.shape[-1]), np.float32))[None]
    mixed = transforms.add_at(mono, sound, -ratio_db)
    return mixed / max(1.0, float(mixed.abs().max()))


def _hum(wav: Tensor, rate: int, rng: Rng, *, hz: float, level_db: float) -> Tensor:
    return _over(wav, hum(rate, rng, hz=hz), level_db)


def _buzz(wav: Tensor, rate: int, rng: Rng, *, level_db: float) -> Tensor:
    """A dimmer's buzz: a pulse at each half wave of the mains, whose frequency wanders a little."""
    at = np.arange(wav.shape[-1]) / rate
    hz = 100 + np.interp(at, np.linspace(0, at[-1], 8), 0.02 * rng.standard_normal(8))
    pulses = np.diff(np.floor(np.cumsum(hz) / rate), prepend=0.0)
    return _over(wav, signal.sosfilt(signal.butter(1, 400, "high", fs=rate, output="sos"), pulses), level_db)


def _whine(wav: Tensor, rate: int, rng: Rng, *, hz: float, level_db: float) -> Tensor:
    """A computer's bus in the line input: a clock and its multiples, exact."""
    at = np.arange(wav.shape[-1]) / rate
    turning = np.exp(2j * np.pi * hz * at)
    turned, total = np.ones(at.size, np.complex128), np.zeros(at.size)
    for _ in range(1, int(0.45 * rate / hz)):
        turned *= turning
        total += (np.exp(2j * np.pi * rng.random()) * turned).imag
    return _over(wav, total, level_db)


def _chip(wav: Tensor, rate: int, rng: Rng, *, tick_hz: float, reset: bool) -> Tensor:
    return _over(wav, chip_tune(rate, rng, tick_hz=tick_hz, drums=False, reset=reset), -3.0)


def _tone(wav: Tensor, rate: int, rng: Rng, *, hz: float, level_db: float) -> Tensor:
    at = np.arange(wav.shape[-1]) / rate
    return _over(wav, signal.sawtooth(2 * np.pi * (hz * at + rng.random())), level_db)


def _tremolo(wav: Tensor, rate: int, rng: Rng, *, hz: float, depth: float, square: bool = False) -> Tensor:
    swing = np.sin(2 * np.pi * (hz * np.arange(wav.shape[-1]) / rate + rng.random()))
    gain = 1 - depth / 2 + depth / 2 * (np.sign(swing) if square else swing)
    return wav * torch.from_numpy(gain).float()


def _held(wav: Tensor, _: int, __: Rng, *, every: int) -> Tensor:
    """Sample and hold: a bitcrusher's other knob."""
    held: Tensor = wav[:, torch.arange(wav.shape[-1]) // every * every]
    return held


def _crushed(wav: Tensor, _: int, __: Rng, *, bits: int) -> Tensor:
    peak, steps = float(wav.abs().max()) or 1.0, 2.0 ** (bits - 1)
    return torch.round(wav / peak * steps) / steps * peak


def _stuttered(wav: Tensor, rate: int, rng: Rng, *, block: int, length_s: float) -> Tensor:
    """A hung buffer, twice in the excerpt."""
    done = wav.clone()
    for _ in range(2):
        begin = int(rng.integers(0, wav.shape[-1] - round((length_s + 0.5) * rate)))
        places = torch.arange(round(length_s * rate))
        done[:, begin : begin + places.numel()] = wav[:, begin + places % block]
    return done


def _looped(wav: Tensor, rate: int, rng: Rng, *, length_s: float) -> Tensor:
    size = round(length_s * rate)
    begin = int(rng.integers(0, wav.shape[-1] - size))
    return wav[:, begin + torch.arange(wav.shape[-1]) % size]


def _stepped(wav: Tensor, _: int, rng: Rng, *, block: int) -> Tensor:
    """Automation written once per buffer: a gain that moves in steps."""
    count = -(-wav.shape[-1] // block)
    places = np.arange(0, count + 16, 16)
    gain = np.interp(np.arange(count), places, rng.uniform(0.4, 1.0, places.size))
    return wav * torch.from_numpy(np.repeat(gain, block)[: wav.shape[-1]]).float()


def _through(wav: Tensor, size: int, hop: int, change: Callable[[Tensor], Tensor]) -> Tensor:
    """Mono music whose short-time spectrum was changed."""
    frames = Frames(size, hop)
    changed = change(frames.spectrum(wav.mean(0).numpy()))
    return torch.from_numpy(frames.audio(changed, wav.shape[-1]))[None]


def _separated(wav: Tensor, _: int, rng: Rng, *, size: int, hop: int) -> Tensor:
    """One side of a harmonic-percussive mask (Fitzgerald 2010), hard: what separators with masks leave."""

    def masked(spectrum: Tensor) -> Tensor:
        power = spectrum.abs().numpy()
        harmonic, struck = ndimage.median_filter(power, (1, 9)), ndimage.median_filter(power, (9, 1))
        mask = harmonic > struck if rng.random() < 0.5 else struck > harmonic
        return spectrum * torch.from_numpy(mask.astype(np.float32))

    return _through(wav, size, hop, masked)


def _gated(wav: Tensor, _: int, __: Rng, *, size: int, hop: int) -> Tensor:
    """A denoiser: bins below their own median lose 20 dB."""

    def gated(spectrum: Tensor) -> Tensor:
        power = spectrum.abs()
        return torch.where(power < power.median(-1, keepdim=True).values, 0.1, 1.0) * spectrum

    return _through(wav, size, hop, gated)


def _phase_vocoder(wav: Tensor, _: int, __: Rng, *, size: int, hop: int, tempo: float) -> Tensor:
    """Tempo by phase vocoder (Flanagan and Golden 1966)."""
    frames = Frames(size, hop)
    return torch.from_numpy(frames.audio(paced_by_differences(frames.spectrum(wav.mean(0).numpy()), tempo)))[
        None
    ]


def _frozen_phases(wav: Tensor, _: int, rng: Rng, *, size: int, hop: int) -> Tensor:
    """Random phases in every frame: paulstretch without the stretch."""
    return _through(wav, size, hop, lambda s: s.abs() * Frames(size, hop).random_phases(s.abs(), rng))


def _autotuned(wav: Tensor, rate: int, _: Rng) -> Tensor:
    """Every 50 ms moved to another pitch in turn, as hard pitch correction does, by a phase vocoder."""
    up = _phase_vocoder(wav, rate, _, size=2048, hop=256, tempo=2 ** (-0.5 / 12))
    moved = signal.resample(up.numpy(), wav.shape[-1], axis=-1)
    size = round(0.05 * rate)
    odd = torch.from_numpy((np.arange(wav.shape[-1]) // size % 2).astype(np.float32))
    return wav.mean(0, keepdim=True) * (1 - odd) + torch.from_numpy(moved).float() * odd


def _lpc(wav: Tensor, rate: int, rng: Rng, *, frames_hz: float, voiced: bool) -> Tensor:
    """A linear-predictive vocoder: all-pole frames excited by noise or by two pulses per frame."""
    samples = wav.mean(0).double().numpy()
    hop, order = round(rate / frames_hz), 24
    pulses = np.zeros(samples.size)
    pulses[:: hop // 2] = 1.0
    excitation = pulses if voiced else rng.standard_normal(samples.size)
    done = np.zeros(samples.size + 2 * hop)
    window = np.hanning(2 * hop)
    for begin in range(0, samples.size - 2 * hop, hop):
        part = samples[begin : begin + 2 * hop] * window
        lags = np.correlate(part, part, "full")[2 * hop - 1 : 2 * hop + order]
        lags[0] = lags[0] * 1.0001 + 1e-9
        filter_ = np.linalg.solve(
            lags[np.abs(np.subtract.outer(np.arange(order), np.arange(order)))], lags[1:]
        )
        made = signal.lfilter([1.0], np.concatenate([[1.0], -filter_]), excitation[begin : begin + 2 * hop])
        scale = np.sqrt(np.sum(part**2) / (np.sum((made * window) ** 2) + 1e-12))
        done[begin : begin + 2 * hop] += made * window * scale
    done = done[: samples.size]
    return torch.from_numpy(np.asarray(done / max(1.0, np.abs(done).max()), np.float32))[None]


def _wow(wav: Tensor, rate: int, _: Rng, *, depth: float) -> Tensor:
    """A video recorder's tape: wow at 0.7 Hz and flutter at the drum's 25 Hz."""
    at = np.arange(wav.shape[-1])
    read = at + sum(
        d * rate / (2 * np.pi * hz) * np.sin(2 * np.pi * hz * at / rate)
        for d, hz in ((depth, 0.7), (depth / 4, 25.0))
    )
    return torch.from_numpy(np.stack([np.interp(read, at, channel) for channel in wav.numpy()])).float()


def _upsampled(wav: Tensor, rate: int, rng: Rng, *, factor: int, linear: bool) -> Tensor:
    """Played by a cheap resampler: every `factor`-th sample, held or joined by lines: images, no filter."""
    low = signal.resample_poly(wav.numpy(), 1, factor, axis=-1)
    if not linear:
        return torch.from_numpy(np.repeat(low, factor, -1)[:, : wav.shape[-1]]).float()
    at = np.arange(wav.shape[-1]) / factor
    return torch.from_numpy(np.stack([np.interp(at, np.arange(low.shape[-1]), c) for c in low])).float()


def _stretched(wav: Tensor, rate: int, _: Rng, *, tempo: float) -> Tensor:
    return stretch(wav, rate, tempo)


def _coded(wav: Tensor, rate: int, _: Rng, *, codec: Codec, kbps: int) -> Tensor:
    return recode(wav[:2], rate, codec=codec, bit_rate=1000 * kbps)


def _old(wav: Tensor, rate: int, _: Rng, *, name: str) -> Tensor:
    return through_old_codec(wav, rate, OLD_CODECS[name])


def _marked(wav: Tensor, rate: int, rng: Rng) -> Tensor:
    """Our own watermark."""
    from provenance.watermark import WatermarkKey, embed

    return embed(wav, rate, rng.bytes(8), WatermarkKey(rng.bytes(32)))


def _treatments() -> tuple[Treatment, ...]:
    made: list[Treatment] = []

    def add(family: str, name: str, treat: Treat) -> None:
        made.append(Treatment(name, family, treat))

    for level in (-30.0, -45.0, -60.0):
        for hz in (50.0, 60.0):
            add(
                "hum and noises under music",
                f"hum {hz:g} Hz at {level:g} dB",
                partial(_hum, hz=hz, level_db=level),
            )
    for level in (-20.0, -40.0):
        add("hum and noises under music", f"dimmer buzz at {level:g} dB", partial(_buzz, level_db=level))
    add("hum and noises under music", "bus whine 1 kHz at -50 dB", partial(_whine, hz=1000.0, level_db=-50.0))
    add("hum and noises under music", "clock whine 50 Hz at -50 dB", partial(_whine, hz=50.0, level_db=-50.0))
    for tick in (50.0, 60.0):
        add(
            "chips and tones over music",
            f"chip lead, tick {tick:g} Hz",
            partial(_chip, tick_hz=tick, reset=False),
        )
    add("chips and tones over music", "chip lead reset, 50 Hz", partial(_chip, tick_hz=50.0, reset=True))
    for level in (-10.0, -25.0, -40.0):
        add(
            "chips and tones over music",
            f"saw 50 Hz at {level:g} dB",
            partial(_tone, hz=50.0, level_db=level),
        )
    add("chips and tones over music", "saw 100 Hz at -25 dB", partial(_tone, hz=100.0, level_db=-25.0))
    add("effects", "tremolo 50 Hz, 20 %", partial(_tremolo, hz=50.0, depth=0.2))
    add("effects", "gate 86.13 Hz, 80 %", partial(_tremolo, hz=86.1328125, depth=0.8, square=True))
    add("effects", "gate 8 Hz", partial(_tremolo, hz=8.0, depth=1.0, square=True))
    for every in (4, 8, 16):
        add("effects", f"sample and hold {every}", partial(_held, every=every))
    add("effects", "crushed to 6 bits", partial(_crushed, bits=6))
    for block in (512, 882):
        add("effects", f"hung buffer of {block}", partial(_stuttered, block=block, length_s=1.0))
    for length in (0.5, 2.0):
        add("effects", f"loop of {length:g} s", partial(_looped, length_s=length))
    for block in (64, 512):
        add("effects", f"stepped gain, blocks of {block}", partial(_stepped, block=block))
    add("effects", "pitch correction", _autotuned)
    for size, hop in ((2048, 512), (4096, 1024), (1024, 441)):
        add("frames", f"separator mask {size}/{hop}", partial(_separated, size=size, hop=hop))
    add("frames", "denoiser gate 2048/512", partial(_gated, size=2048, hop=512))
    add("frames", "phase vocoder 0.93", partial(_phase_vocoder, size=2048, hop=512, tempo=0.93))
    add("frames", "random phases 4096/1024", partial(_frozen_phases, size=4096, hop=1024))
    add("frames", "WSOLA 1.08", partial(_stretched, tempo=1.08))
    for frames, voiced in ((50.0, False), (100.0, True), (100.0, False)):
        name = f"LPC vocoder {frames:g} Hz, {'pulses' if voiced else 'noise'}"
        add("frames", name, partial(_lpc, frames_hz=frames, voiced=voiced))
    add("old carriers", "tape wow 0.3 %", partial(_wow, depth=0.003))
    for factor, linear in ((2, False), (4, False), (2, True)):
        name = f"{'linear' if linear else 'held'} upsampling by {factor}"
        add("old carriers", name, partial(_upsampled, factor=factor, linear=linear))
    low: tuple[tuple[Codec, int], ...] = (
        ("mp3", 24),
        ("mp3", 48),
        ("aac", 24),
        ("aac", 48),
        ("opus", 12),
        ("opus", 32),
        ("vorbis", 45),
    )
    for codec, kbps in low:
        add("codecs, low rate", f"{codec} {kbps}", partial(_coded, codec=codec, kbps=kbps))
    for name in OLD_CODECS:
        add("codecs, old", name, partial(_old, name=name))
    add("our own watermark", "watermarked", _marked)
    return tuple(made)


TREATMENTS = _treatments()
