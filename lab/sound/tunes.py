"""Tunes as notes, and renderings of one tune: other instruments, another key, tempo and accompaniment."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Samples = NDArray[np.float64]
SCALE = (0, 2, 4, 5, 7, 9, 11)
LENGTHS = (0.5, 0.5, 1.0, 1.0, 1.0, 1.5, 2.0)
CHORDS = (0, 3, 4, 5, 1)
"""Degrees of the scale that chords are built on."""
PHRASE_BEATS = 16


@dataclass(frozen=True)
class Tune:
    """A melody over chords.

    Attributes:
        notes: beat at which each begins, its length in beats, semitones above the root.
        chords: root of the chord of each four beats, in semitones above the root.
        beats: length.
    """

    notes: tuple[tuple[float, float, int], ...]
    chords: tuple[int, ...]
    beats: int


@dataclass(frozen=True)
class Arrangement:
    """How a tune is played.

    Attributes:
        tempo: beats in a minute.
        root_hz: of the scale.
        partials: strength of each overtone of the instruments.
        decay: how quickly a note dies away, per second.
        broken: chords as runs of notes instead of held.
        drums: share of the beats with a drum.
    """

    tempo: float = 100.0
    root_hz: float = 220.0
    partials: tuple[float, ...] = (1.0, 0.5, 0.3, 0.2)
    decay: float = 3.0
    broken: bool = False
    drums: float = 0.0


def tune(seed: int, phrases: int = 4) -> Tune:
    """A tune of so many different phrases of sixteen beats, played twice."""
    rng = np.random.default_rng([seed, 91])
    notes: list[tuple[float, float, int]] = []
    chords: list[int] = []
    for phrase in range(phrases):
        beat, degree = 0.0, int(rng.integers(0, 7))
        while beat < PHRASE_BEATS:
            length = float(rng.choice(LENGTHS))
            degree = int(np.clip(degree + rng.integers(-3, 4), -2, 11))
            pitch = SCALE[degree % 7] + 12 * (degree // 7)
            notes.append((phrase * PHRASE_BEATS + beat, min(length, PHRASE_BEATS - beat), pitch))
            beat += length
        chords += [SCALE[int(rng.choice(CHORDS))] for _ in range(PHRASE_BEATS // 4)]
    half = phrases * PHRASE_BEATS
    again = [(beat + half, length, pitch) for beat, length, pitch in notes]
    return Tune(tuple(notes + again), tuple(chords + chords), 2 * half)


def arrangement(seed: int) -> Arrangement:
    """An arrangement drawn at random."""
    rng = np.random.default_rng([seed, 92])
    partials = tuple(float(x) for x in rng.uniform(0.05, 1.0, int(rng.integers(2, 9))))
    return Arrangement(
        float(rng.uniform(75, 140)),
        220.0 * 2 ** (float(rng.integers(-5, 7)) / 12),
        partials,
        float(rng.uniform(1.0, 6.0)),
        bool(rng.random() < 0.5),
        float(rng.choice([0.0, 0.5, 1.0])),
    )


def render(tune: Tune, played: Arrangement, rate: int) -> Tensor:
    """A tune in an arrangement, [1, T], peak 0.8."""
    beat_s = 60.0 / played.tempo
    wav = np.zeros(round((tune.beats + 2) * beat_s * rate))
    rng = np.random.default_rng(93)
    for beat, length, pitch in tune.notes:
        _add(wav, beat * beat_s * rate, _tone(played, pitch + 12, length * beat_s, rate), 1.0)
    for bar, root in enumerate(tune.chords):
        for place, step in enumerate((0, 4 if root in {0, 5, 7} else 3, 7, 12)):
            first = 4 * bar + (place if played.broken else 0)
            length = (1 if played.broken else 4) * beat_s
            _add(wav, first * beat_s * rate, _tone(played, root + step - 12, length, rate), 0.4)
    for beat in range(tune.beats):
        if rng.random() < played.drums:
            hit = rng.standard_normal(rate // 6) * np.exp(-np.arange(rate // 6) / rate * 30)
            _add(wav, beat * beat_s * rate, hit, 0.3)
    return torch.from_numpy(0.8 * wav / np.abs(wav).max()).float()[None]


def _tone(played: Arrangement, semitones: int, seconds: float, rate: int) -> Samples:
    time = np.arange(round(seconds * rate)) / rate
    pitch_hz = played.root_hz * 2 ** (semitones / 12)
    sound = np.zeros(len(time))
    for number, strength in enumerate(played.partials, 1):
        if number * pitch_hz < 0.45 * rate:
            sound += strength * np.sin(2 * np.pi * number * pitch_hz * time)
    return sound * np.exp(-played.decay * time) * np.minimum(time / 0.01, 1.0)


def _add(wav: Samples, at: float, sound: Samples, level: float) -> None:
    start = round(at)
    end = min(len(wav), start + len(sound))
    wav[start:end] += level * sound[: end - start]
