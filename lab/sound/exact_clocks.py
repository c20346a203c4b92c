"""Sound made by people with exact clocks, in which a search for a decoder's clock must find nothing.

Nothing here went through a neural decoder. All of it repeats exactly at some rate, often at the very rate of
a decoder in use: 50 Hz is the frame rate of EnCodec at 32 kHz, the mains in half the world, and the tick of a
C64; 86.13 Hz is 44.1 kHz over 512, a hop of HiFi-GAN and a common buffer of music software.

`SOUNDS` are synthesised by classical means; treatments of recorded music are in `hard_negatives_treatments`.
Every sound is a function of a seed: the same on every machine.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import signal
from torch import Tensor

from lab.sound.chips import chip_tune, tracker

Rng = np.random.Generator
Samples = NDArray[np.float64]
Maker = Callable[[int, Rng], Samples]
"""From a sample rate (Hz) and a source of choices to mono samples of about `LENGTH_S`, any level."""
LENGTH_S = 10.0
CLOCKS_HZ = (50.0, 60.0, 75.0, 86.1328125, 100.0, 172.265625)
"""Frame rates of decoders in use; 60 Hz is none, but the other mains and the other video clock."""
RATES = (44100, 48000, 44100, 32000)
"""Sample rates, one per seed in turn."""


@dataclass(frozen=True)
class Sound:
    """A kind of synthesised sound.

    Attributes:
        name: stable identifier.
        family: what the kinds have in common; guards are tuned and tested by kind.
        make: renders it.
    """

    name: str
    family: str
    make: Maker

    def render(self, seed: int) -> tuple[Tensor, int]:
        """Audio, [1, T] with a peak of 0.7, and its rate in Hz."""
        rate = RATES[seed % len(RATES)]
        samples = self.make(rate, rng_of(self.name, seed))
        peak = float(np.abs(samples).max()) or 1.0
        return torch.from_numpy(np.asarray(0.7 / peak * samples, np.float32))[None], rate


def rng_of(name: str, seed: int | str) -> Rng:
    """The source of choices for one rendering: the same on every machine."""
    return np.random.default_rng(
        int.from_bytes(hashlib.sha256(f"{name}:{seed}".encode()).digest()[:8], "big")
    )


def times(rate: int) -> Samples:
    """Time of every sample, in seconds."""
    return np.arange(round(LENGTH_S * rate)) / rate


def noise_of(rate: int, rng: Rng, slope: float = 1.0) -> Samples:
    """Noise whose power falls with frequency to the power of `slope`; RMS 1."""
    size = round(LENGTH_S * rate)
    spectrum = np.fft.rfft(rng.standard_normal(size)) / np.maximum(np.arange(size // 2 + 1), 1) ** (slope / 2)
    noise = np.fft.irfft(spectrum, size)
    return np.asarray(noise / np.sqrt(np.mean(noise**2)))


def oscillator(rate: int, rng: Rng, *, hz: float, wave: str, clean: bool) -> Samples:
    """A tone that never moves.

    Args:
        rate: sample rate.
        rng: draws the phase and a faint noise floor at -70 dB.
        hz: frequency.
        wave: `saw`, `square`, `pulse` (an eighth), `triangle` or `impulses`.
        clean: band-limited harmonics; otherwise computed sample by sample, with aliases.
    """
    at = times(rate)
    phase = hz * at + rng.random()
    if clean:
        numbers = np.arange(1, int(0.48 * rate / hz))
        heights = {
            "saw": 1 / numbers,
            "square": (numbers % 2) / numbers,
            "pulse": np.sin(np.pi * numbers / 8) / numbers,
            "triangle": (numbers % 2) / numbers**2,
            "impulses": np.ones(numbers.size),
        }[wave]
        spectrum = np.zeros(at.size // 2 + 1, np.complex128)
        places = np.rint(numbers * hz * LENGTH_S).astype(np.int64)
        spectrum[places] = heights * np.exp(2j * np.pi * rng.random() * numbers)
        tone = np.fft.irfft(spectrum, at.size)
    else:
        part = phase % 1.0
        tone = {
            "saw": 2 * part - 1,
            "square": np.sign(part - 0.5),
            "pulse": np.where(part < 1 / 8, 1.0, -1.0),
            "triangle": 4 * np.abs(part - 0.5) - 1,
            "impulses": np.diff(np.floor(phase), prepend=np.floor(phase[0])),
        }[wave]
    return np.asarray(tone + np.sqrt(np.mean(tone**2)) * 10**-3.5 * rng.standard_normal(at.size))


def drone(rate: int, rng: Rng, *, hz: float, detuned: float) -> Samples:
    """Three saws an octave and a fifth apart, each `detuned` (relative) at random, filters moving slowly."""
    at = times(rate)
    total = np.zeros(at.size)
    for ratio in (1.0, 1.5, 2.0):
        own = hz * ratio * (1 + detuned * rng.standard_normal())
        total += signal.sawtooth(2 * np.pi * (own * at + rng.random()))
    opening = 0.5 + 0.5 * np.sin(2 * np.pi * 0.1 * at)
    dull = signal.sosfilt(signal.butter(2, 1500.0, fs=rate, output="sos"), total)
    return np.asarray(opening * total + (1 - opening) * dull)


def hum(rate: int, rng: Rng, *, hz: float, reach_hz: float = 6000.0) -> Samples:
    """The mains in an amplifier: harmonics that fall by about 8 dB an octave, even ones stronger (rectifier).

    The frequency wanders by a few hundredths of a hertz, as a grid does.
    """
    at = times(rate)
    drift = np.cumsum(np.interp(at, np.linspace(0, LENGTH_S, 6), 0.01 * rng.standard_normal(6))) / rate
    turning = np.exp(2j * np.pi * (hz * at + drift))
    turned, total = np.ones(at.size, np.complex128), np.zeros(at.size)
    for number in range(1, int(min(reach_hz, 0.45 * rate) / hz) + 1):
        turned *= turning
        height = number**-1.3 * (1.0 if number % 2 == 0 else 0.4) * rng.uniform(0.5, 1.5)
        total += (height * np.exp(2j * np.pi * rng.random()) * turned).imag
    return total


def hummed(rate: int, rng: Rng, *, hz: float, noise_db: float) -> Samples:
    """Hum over the hiss of an amplifier."""
    tone = hum(rate, rng, hz=hz)
    return np.asarray(tone / np.sqrt(np.mean(tone**2)) + 10 ** (noise_db / 20) * noise_of(rate, rng, 0.5))


def pulsed(rate: int, rng: Rng, *, hz: float, depth: float, hard: bool) -> Samples:
    """Noise and a chord under a tremolo (or gate) at a decoder's frame rate."""
    at = times(rate)
    sound = noise_of(rate, rng) + sum(
        signal.sawtooth(2 * np.pi * (f * at + rng.random())) for f in 220 * 2 ** (rng.integers(0, 24, 3) / 12)
    )
    swing = np.sin(2 * np.pi * (hz * at + rng.random()))
    return np.asarray(sound * (1 + depth * (np.sign(swing) if hard else swing)))


def clicks(rate: int, rng: Rng, *, hz: float) -> Samples:
    """A metronome or drum roll on an exact grid, every hit the same samples."""
    at = times(rate)
    size = round(0.03 * rate)
    hit = noise_of(rate, rng, 0.3)[:size] * np.exp(-np.arange(size) / (0.004 * rate))
    starts = np.arange(0, LENGTH_S - 0.05, 1 / hz)
    total = np.zeros(at.size)
    for start in starts:
        begin = round(start * rate)
        total[begin : begin + size] += hit
    return np.asarray(total + 10**-3 * rng.standard_normal(at.size) * np.abs(hit).max())


def drum_machine(rate: int, rng: Rng, *, bpm: float) -> Samples:
    """Kick, snare and hat as an analogue box makes them, on an exact grid of sixteenths, plus a bass saw."""
    at = times(rate)
    step = 60.0 / bpm / 4
    total = np.zeros(at.size)
    size = round(0.25 * rate)
    tau = np.arange(size) / rate
    hiss = noise_of(rate, rng, 0.0)[:size]
    kick = np.sin(2 * np.pi * (50 * tau + 6 * (1 - np.exp(-tau / 0.03)))) * np.exp(-tau / 0.12)
    snare = (0.6 * hiss + np.sin(2 * np.pi * 190 * tau)) * np.exp(-tau / 0.07)
    hat = np.diff(hiss, prepend=0.0) * np.exp(-tau / 0.02)
    for number in range(int(LENGTH_S / step) - 2):
        begin = round(number * step * rate)
        hits = [(kick, 1.0, number % 4 == 0), (snare, 0.6, number % 8 == 4), (hat, 0.25, True)]
        for voice, level, plays in hits:
            if plays:
                total[begin : begin + size] += level * voice
    notes = 55 * 2 ** (rng.integers(0, 12, 40) / 12)
    held = notes[np.minimum((at / (2 * step)).astype(np.int64), 39)]
    return np.asarray(total + 0.3 * signal.sawtooth(2 * np.pi * np.cumsum(held) / rate))


def zipper(rate: int, rng: Rng, *, block: int) -> Samples:
    """A soft synthesiser whose envelopes and filters move once per block of samples."""
    at = times(rate)
    total = np.zeros(at.size)
    for note in 110 * 2 ** (rng.integers(0, 30, 4) / 12):
        swing = 0.5 + 0.45 * np.sin(2 * np.pi * (rng.uniform(0.2, 3.0) * at + rng.random()))
        swing *= 1 - (at * rng.uniform(1.0, 3.0)) % 1.0 * 0.8
        total += swing[np.arange(at.size) // block * block] * signal.sawtooth(2 * np.pi * note * at)
    return total


def grains(rate: int, rng: Rng, *, hz: float, jitter: float) -> Samples:
    """Granular synthesis: windowed pieces of a chord, `hz` of them per second, at places drawn at random."""
    at = times(rate)
    source = noise_of(rate, rng) * 0.2
    for note in 110 * 2 ** (rng.integers(0, 36, 4) / 12):
        source += signal.sawtooth(2 * np.pi * note * at + rng.random())
    size = round(2 * rate / hz)
    window = np.hanning(size)
    total = np.zeros(at.size + 2 * size)
    for number in range(int(LENGTH_S * hz) - 4):
        begin = round(number * rate / hz + jitter * rng.uniform(-1, 1) * rate / hz) + size
        place = int(rng.integers(0, at.size - size))
        total[begin : begin + size] += source[place : place + size] * window
    return total[: at.size]


def stutter(rate: int, rng: Rng, *, block: int) -> Samples:
    """A buffer of `block` samples repeated for half a second, then the next: a hung sound card."""
    source = noise_of(rate, rng) + signal.sawtooth(2 * np.pi * 146.83 * times(rate))
    number = np.arange(source.size)
    held = round(0.5 * rate)
    return np.asarray(source[np.minimum(number // held * held + number % held % block, source.size - 1)])


def sweep(rate: int, rng: Rng) -> Samples:
    """A logarithmic sweep over the audible range, with the hiss of a converter."""
    at = times(rate)
    return np.asarray(
        signal.chirp(at, 20.0, LENGTH_S, 0.45 * rate, "logarithmic") + 10**-3 * rng.standard_normal(at.size)
    )


def plucked(rate: int, rng: Rng, *, bpm: float) -> Samples:
    """Karplus-Strong strings on an exact grid, periods rounded to whole samples."""
    at = times(rate)
    total = np.zeros(at.size)
    step = 15.0 / bpm
    for number in range(int(LENGTH_S / step) - 4):
        period = round(rate / (110 * 2 ** (int(rng.integers(0, 30)) / 12)))
        size = min(round(1.2 * rate), at.size - round(number * step * rate))
        burst = np.zeros(size)
        burst[:period] = rng.uniform(-1, 1, min(period, size))
        taps = np.zeros(period + 2)
        taps[0], taps[period], taps[period + 1] = 1.0, -0.498, -0.498
        begin = round(number * step * rate)
        total[begin : begin + size] += signal.lfilter([1.0], taps, burst)
    return total


def _sounds() -> tuple[Sound, ...]:
    made: list[Sound] = []

    def add(family: str, name: str, make: Maker) -> None:
        made.append(Sound(name, family, make))

    for hz in CLOCKS_HZ:
        for wave in ("saw", "impulses"):
            add("steady tones", f"{wave} {hz:.6g} Hz", partial(oscillator, hz=hz, wave=wave, clean=True))
        add("steady tones", f"naive pulse {hz:.6g} Hz", partial(oscillator, hz=hz, wave="pulse", clean=False))
    for hz in (50.0, 60.0, 100.0):
        add("steady tones", f"naive square {hz:g} Hz", partial(oscillator, hz=hz, wave="square", clean=False))
    for hz in (49.0, 55.0, 50.0, 110.0, 43.066):
        add("drones", f"drone {hz:g} Hz exact", partial(drone, hz=hz, detuned=0.0))
        add("drones", f"drone {hz:g} Hz detuned", partial(drone, hz=hz, detuned=2e-3))
    for hz in (50.0, 60.0):
        for noise_db in (-40.0, -10.0):
            add("hum", f"hum {hz:g} Hz, hiss {noise_db:g} dB", partial(hummed, hz=hz, noise_db=noise_db))
    for tick in (50.0, 60.0, 50.125, 60.0988, 59.727, 100.0, 75.0, 200.0):
        add("chip music", f"chip arpeggios, tick {tick:g} Hz", partial(chip_tune, tick_hz=tick, drums=True))
    for tick in (50.0, 60.0):
        name = f"chip pads reset each tick {tick:g} Hz"
        add("chip music", name, partial(chip_tune, tick_hz=tick, drums=False, reset=True))
    for bpm in (125.0, 150.0, 140.0):
        add("tracker music", f"tracker {bpm:g} bpm, tick {bpm / 2.5:g} Hz", partial(tracker, bpm=bpm))
    for hz in CLOCKS_HZ:
        add("tremolo and gates", f"tremolo {hz:.6g} Hz, 10 %", partial(pulsed, hz=hz, depth=0.1, hard=False))
        add("tremolo and gates", f"gate {hz:.6g} Hz, 60 %", partial(pulsed, hz=hz, depth=0.6, hard=True))
    for hits_hz in (2.0, 8.0, 20.0, 25.0, 50.0):
        add("exact grids", f"clicks {hits_hz:g} Hz", partial(clicks, hz=hits_hz))
    for tempo in (120.0, 125.0, 128.0, 174.0):
        add("exact grids", f"drum machine {tempo:g} bpm", partial(drum_machine, bpm=tempo))
        add("exact grids", f"plucked strings {tempo:g} bpm", partial(plucked, bpm=tempo))
    for block in (64, 128, 256, 512, 1024):
        add("control rates", f"zipper noise, blocks of {block}", partial(zipper, block=block))
    for hz in (50.0, 86.1328125, 100.0):
        add("grains and stutters", f"grains {hz:.6g} Hz exact", partial(grains, hz=hz, jitter=0.0))
        add("grains and stutters", f"grains {hz:.6g} Hz loose", partial(grains, hz=hz, jitter=0.2))
    for block in (256, 512, 882, 1024):
        add("grains and stutters", f"stutter, blocks of {block}", partial(stutter, block=block))
    add("plain", "sweep", sweep)
    for slope in (0.0, 1.0):
        add("plain", f"noise, slope {slope:g}", partial(noise_of, slope=slope))
    return tuple(made)


SOUNDS = _sounds()
