"""Music that machines make without a network: chips, oscillators, additive tones, test signals.

To a careless detector a sound chip looks generated: exact clocks, exact loops, no noise. Here it is one more
human original, whose rendered copy must score higher than it does.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import signal

Samples = NDArray[np.float32]
Rng = np.random.Generator
RATE = 44_100
SCALES = ((0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10), (0, 3, 5, 7, 10))
FRAME_S = 1 / 60
"""Sound chips change their registers once per picture."""


def melody(rng: Rng, seconds: float) -> list[tuple[float, float, float]]:
    """Start, end and frequency of notes on a grid, a walk on a scale that repeats after a bar or two."""
    beat = float(rng.choice([8, 10, 12, 15, 16])) * FRAME_S
    scale, step, notes = SCALES[int(rng.integers(len(SCALES)))], 0, []
    root = 110 * 2 ** (rng.integers(0, 24) / 12)
    bar = [
        (rng.random() > 0.15, int(step := step + int(rng.integers(-2, 3))))
        for _ in range(int(rng.choice([8, 16])))
    ]
    for number in range(int(seconds / beat)):
        sounds, degree = bar[number % len(bar)]
        if sounds:
            octave, place = divmod(degree, len(scale))
            frequency = root * 2 ** (np.clip(octave, -1, 2) + scale[place] / 12)
            notes.append((number * beat, (number + 0.9) * beat, float(frequency)))
    return notes


def _render(
    rng: Rng, seconds: float, tone: Callable[[NDArray[np.float64], float], NDArray[np.float64]]
) -> Samples:
    wav = np.zeros(round(seconds * RATE))
    for start, end, frequency in melody(rng, seconds):
        a, b = round(start * RATE), min(round(end * RATE), len(wav))
        time = np.arange(b - a) / RATE
        wav[a:b] += tone(time, frequency)
    return np.asarray(wav, np.float32)


def chip(rng: Rng, seconds: float) -> Samples:
    """Two pulse voices, a stepped triangle and shift-register noise, volumes in sixteen steps."""
    duty = float(rng.choice([0.125, 0.25, 0.5]))
    arpeggio = rng.random() < 0.4

    def pulse(time: NDArray[np.float64], frequency: float) -> NDArray[np.float64]:
        steps = np.floor(time / FRAME_S).astype(int)
        pitch = (
            frequency * 2 ** (np.array([0, 4, 7])[steps % 3] / 12)
            if arpeggio
            else np.full(len(time), frequency)
        )
        volume = np.maximum(15 - steps, 4) / 15
        return np.asarray(np.where(np.cumsum(pitch) / RATE % 1 < duty, volume, -volume))

    def triangle(time: NDArray[np.float64], frequency: float) -> NDArray[np.float64]:
        return np.asarray(np.round(15 * np.abs(2 * (time * frequency / 2 % 1) - 1)) / 7.5 - 1)

    bits = rng.integers(0, 2, round(seconds * RATE / 16) + 1) * 2.0 - 1
    hiss = np.repeat(bits, 16)[: round(seconds * RATE)]
    beats = np.maximum(0, 1 - (np.arange(len(hiss)) / RATE) % (16 * FRAME_S) * 12)
    total = _render(rng, seconds, pulse) + _render(rng, seconds, pulse) + _render(rng, seconds, triangle)
    return np.asarray(total + hiss * beats, np.float32)


def subtractive(rng: Rng, seconds: float) -> Samples:
    """Detuned saws through a low-pass, a swell on every note, an echo."""
    detune = rng.uniform(0.001, 0.01)

    def saw(time: NDArray[np.float64], frequency: float) -> NDArray[np.float64]:
        waves = [2 * (time * frequency * (1 + d) % 1) - 1 for d in (-detune, 0, detune)]
        return np.asarray(np.sum(waves, 0) * np.minimum(1, 40 * time) * np.exp(-rng.uniform(0.5, 4) * time))

    low = signal.butter(2, rng.uniform(800, 9000), fs=RATE, output="sos")
    dry = signal.sosfilt(low, _render(rng, seconds, saw))
    late = round(rng.uniform(0.1, 0.4) * RATE)
    return np.asarray(dry + 0.4 * np.pad(dry, (late, 0))[: len(dry)], np.float32)


def additive(rng: Rng, seconds: float) -> Samples:
    """Harmonic or slightly inharmonic partials, or one carrier bent by another oscillator."""
    number, stiff = int(rng.integers(3, 24)), rng.uniform(0, 4e-4) * (rng.random() < 0.5)
    ratio, depth = float(rng.choice([0.5, 1, 1.4, 2, 3, 3.5])), rng.uniform(0.5, 5) * (rng.random() < 0.4)

    def tone(time: NDArray[np.float64], frequency: float) -> NDArray[np.float64]:
        fade = np.exp(-rng.uniform(0.5, 6) * time)
        if depth:
            bend = depth * fade * np.sin(2 * np.pi * ratio * frequency * time)
            return np.asarray(fade * np.sin(2 * np.pi * frequency * time + bend))
        orders = np.arange(1, number + 1)
        partials = frequency * orders * np.sqrt(1 + stiff * orders**2)
        kept = partials < RATE / 2
        waves = np.sin(2 * np.pi * partials[kept, None] * time + rng.uniform(0, 6.28, kept.sum())[:, None])
        return np.asarray(fade * (waves / orders[kept, None]).sum(0))

    return _render(rng, seconds, tone) + _render(rng, seconds, tone)


def measuring(rng: Rng, seconds: float) -> Samples:
    """A sweep, a stepped tone, clicks or coloured noise, never quite alone."""
    time = np.arange(round(seconds * RATE)) / RATE
    kind = int(rng.integers(4))
    if kind == 0:
        wav = signal.chirp(time, rng.uniform(30, 300), seconds, rng.uniform(4e3, 2e4), method="logarithmic")
    elif kind == 1:
        steps = 100 * 2 ** (np.floor(time * rng.uniform(1, 4)) % 12 / 2)
        wav = np.sin(2 * np.pi * np.cumsum(steps) / RATE)
    elif kind == 2:
        wav = signal.lfilter([1.0], [1.0, -rng.uniform(0.2, 0.95)], np.sin(np.pi * 4 * time) > 0.9995)
    else:
        wav = signal.lfilter([1.0], [1.0, -rng.uniform(0, 0.98)], rng.standard_normal(len(time)))
    return np.asarray(wav + 10 ** rng.uniform(-4, -2) * rng.standard_normal(len(time)), np.float32)


INSTRUMENTS: dict[str, Callable[[Rng, float], Samples]] = {
    "chip": chip,
    "subtractive": subtractive,
    "additive": additive,
    "measuring": measuring,
}


def piece(rng: Rng, seconds: float) -> Samples:
    """Music or a signal by one of `INSTRUMENTS`, mono at `RATE`, its loudest sample at 0.5."""
    names = sorted(INSTRUMENTS)
    wav = INSTRUMENTS[names[int(rng.integers(len(names)))]](rng, seconds)
    return wav * np.float32(0.5 / max(float(np.abs(wav).max()), 1e-3))
