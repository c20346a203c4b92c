"""Chip and tracker music: oscillators whose players move everything once per tick of an exact clock.

A C64 or NES player writes pitch, volume and pulse width at every video frame (50.125 or 60.0988 Hz; emulators
and trackers use 50 and 60 Hz flat). A tracker's tick is 2.5 beats per minute: at the default of 125 it is
exactly 50 Hz.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import signal

Rng = np.random.Generator
Samples = NDArray[np.float64]
LENGTH_S = 10.0
CHORDS = ((0, 4, 7), (-3, 0, 4), (5, 9, 12), (7, 11, 14))


def chip_tune(rate: int, rng: Rng, *, tick_hz: float, drums: bool, reset: bool = False) -> Samples:
    """A tune for three voices and noise: arpeggio, bass, lead.

    Args:
        rate: sample rate, in Hz.
        rng: draws key, tune, pulse widths.
        tick_hz: clock at which pitches, volumes and widths change, all at once.
        drums: whether the noise voice plays.
        reset: whether oscillators start over at each tick (hard restart): the worst case.
    """
    size = round(LENGTH_S * rate)
    at = np.arange(size) / rate
    tick = np.floor(at * tick_hz).astype(np.int64)
    row = tick // int(rng.integers(5, 8))
    root = 110 * 2 ** (int(rng.integers(0, 12)) / 12)
    chord = np.array(CHORDS)[row // 16 % 4]
    tune = rng.choice([0, 2, 4, 7, 9, 12], 4096)
    since = tick - np.maximum.accumulate(np.where(np.diff(row, prepend=-1) != 0, tick, 0))

    def pulse(hz: Samples, width: Samples) -> Samples:
        phase = np.cumsum(hz) / rate
        if reset:
            starts = np.flatnonzero(np.diff(tick, prepend=-1))
            phase -= phase[starts][np.searchsorted(starts, np.arange(size), side="right") - 1]
        return np.where(phase % 1.0 < width, 1.0, -1.0)

    arpeggio = root * 2 * 2 ** (chord[np.arange(size), tick % 3] / 12)
    widths = 0.5 + 0.4 * np.sin(2 * np.pi * tick / tick_hz * rng.uniform(0.3, 1.0))
    volume = np.maximum(15 - since // 2, 4) / 15
    total = 0.4 * volume * pulse(arpeggio, widths)
    bass = root / 2 * 2 ** (chord[:, 0] / 12)
    total += 0.5 * np.maximum(15 - since, 3) / 15 * pulse(bass, np.full(size, 0.5))
    vibrato = 1 + 0.006 * np.sin(2 * np.pi * 6 * tick / tick_hz)
    lead = root * 4 * 2 ** (tune[row // 2 % tune.size] / 12) * vibrato
    total += 0.4 * np.maximum(12 - since // 3, 2) / 15 * pulse(lead, np.full(size, 0.25))
    if drums:
        held = rng.choice([-1.0, 1.0], size // 3 + 1)[np.arange(size) // 3]
        total += 0.5 * held * np.maximum(15 - 3 * since, 0) / 15 * (row % 4 == 2)
    return np.asarray(total)


def tracker(rate: int, rng: Rng, *, bpm: float) -> Samples:
    """Four channels of one sample each, played by nearest sample; volumes slide once per tick, notes cut."""
    size = round(LENGTH_S * rate)
    at = np.arange(size) / rate
    tick_hz = bpm / 2.5
    tick = np.floor(at * tick_hz).astype(np.int64)
    row = tick // 6
    total = np.zeros(size)
    for channel in range(4):
        cycle = np.cumsum(rng.standard_normal(64))
        cycle = np.round(cycle / np.abs(cycle).max() * 127) / 127
        noise = np.round(rng.standard_normal(16384) * 40) / 127
        # a sampled instrument at 8 bits: a cycle with a breath of noise, decaying
        sample = np.tile(cycle, 256) * np.exp(-np.arange(16384) / 6000) + 0.1 * noise
        notes = rng.integers(0, 24, 512)
        every = int(rng.choice([2, 4, 8]))
        start = row // every * every * 6 / tick_hz
        step = 8363 * 2 ** ((notes[row // every % 512] - 12 + 12 * (channel % 2)) / 12)
        place = ((at - start) * step).astype(np.int64)
        slide = np.maximum(64 - 2 * (tick - row // every * every * 6), 8) / 64
        total += slide * np.where(place < sample.size, sample[np.minimum(place, sample.size - 1)], 0.0)
    beat = np.floor(at * tick_hz / 24)
    burst = (at - beat * 24 / tick_hz) < 0.06
    drum = signal.lfilter([1.0], [1.0, -0.5], rng.standard_normal(size)) * burst
    return np.asarray(total + 0.3 * drum)
