"""Pitch classes over time, from the peaks of the spectrum.

Peaks rather than energy, weighed by how far they stand out of their surroundings, so that loudness and the
colour of the instruments matter little; the tuning is found first. Source: E. Gómez, Tonal Description of
Music Audio Signals, 2006 (harmonic pitch class profiles).
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from detector.originality.frames import LONG, RATE, STEP_S, TONES_HZ, Array

CLASSES = 12
A_HZ = 440.0
AROUND = 31
"""Bins over which a peak's surroundings are averaged: about 120 Hz."""
STANDS_OUT = 2.5
LIMIT = 10.0
"""A peak counts by how many times it exceeds its surroundings, up to this."""
STEADY_S = 0.25
STEADY_BINS = 36
SILENT = 1e-3


@dataclass(frozen=True)
class Chroma:
    """A track's pitch classes.

    Attributes:
        classes: strength of each pitch class, every `STEP_S`, rows of length 1 or 0, [M, 12].
        steadiness: how much of the peaks is still there a quarter of a second later: near 0 for noise and
            speech, near 1 for a held chord.
        change: how much the pitch classes change in time, as a share of their strength.
    """

    classes: Array
    steadiness: float
    change: float


def chroma(tones: Array) -> Chroma:
    """Pitch classes of magnitudes from `frames`, [M, F]."""
    weight, pitch = _peaks(tones)
    tuning = np.angle(np.sum(weight * np.exp(2j * np.pi * pitch))) / (2 * np.pi)
    classes = _fold(weight, pitch - tuning)
    length = np.linalg.norm(classes, axis=1, keepdims=True)
    classes = np.asarray(np.where(length > SILENT, classes / np.maximum(length, SILENT), 0.0), np.float32)
    present = classes[length[:, 0] > SILENT]
    change = 0.0 if len(present) < 2 else float(1.0 - np.square(np.linalg.norm(present.mean(0))))
    return Chroma(classes, _steadiness(weight, pitch), change)


def _peaks(tones: Array) -> tuple[Array, Array]:
    """How much each bin stands out as a peak, and its pitch in semitones above A, [M, F - 2] each."""
    around = ndimage.uniform_filter1d(tones, AROUND, axis=1, mode="nearest") + 1e-4
    left, here, right = (np.log(tones[:, k : tones.shape[1] - 2 + k] + 1e-9) for k in range(3))
    ratio = tones[:, 1:-1] / around[:, 1:-1]
    first = int(TONES_HZ[0] * LONG / RATE)
    peak = (here > left) & (here >= right) & (ratio > STANDS_OUT)
    peak[:, :first] = False
    curve = np.where(peak, left - 2 * here + right, -1.0)
    offset = np.clip(0.5 * (left - right) / curve, -0.5, 0.5)
    hertz = (np.arange(1, tones.shape[1] - 1) + offset) * RATE / LONG
    weight = np.where(peak, np.minimum(ratio, LIMIT) - STANDS_OUT, 0.0)
    return np.asarray(weight, np.float32), np.asarray(12 * np.log2(hertz / A_HZ), np.float32)


def _fold(weight: Array, pitch: Array) -> Array:
    """Weights added to the two nearest pitch classes, [M, 12]."""
    low = np.floor(pitch)
    part = pitch - low
    total = np.zeros((len(weight), CLASSES), np.float32)
    rows = np.broadcast_to(np.arange(len(weight))[:, None], weight.shape)
    for step, share in ((0, np.cos(np.pi / 2 * part) ** 2), (1, np.sin(np.pi / 2 * part) ** 2)):
        there = weight > 0
        cells = ((low[there] + step).astype(np.int64) % CLASSES, (weight * share)[there])
        np.add.at(total, (rows[there], cells[0]), cells[1])
    return total


def _steadiness(weight: Array, pitch: Array) -> float:
    """Correlation of the peaks with those a quarter of a second later, over thirds of a semitone."""
    there = weight > 0
    if not there.any():
        return 0.0
    lowest, highest = (12 * STEADY_BINS / 12 * np.log2(hertz / A_HZ) for hertz in TONES_HZ)
    cell = np.round(pitch * STEADY_BINS / 12 - lowest).astype(np.int64)
    rows = np.broadcast_to(np.arange(len(weight))[:, None], weight.shape)
    heard = np.zeros((len(weight), round(highest - lowest) + 3), np.float32)
    np.add.at(heard, (rows[there], np.maximum(cell[there], 0)), weight[there])
    heard = ndimage.uniform_filter1d(heard, 3, axis=1)
    # what two frames share by chance, because low notes have wide cells, is taken out with the row's mean
    heard -= heard.mean(1, keepdims=True)
    apart = max(1, round(STEADY_S / STEP_S))
    if len(heard) <= apart:
        return 0.0
    first, second = heard[:-apart], heard[apart:]
    power = float(np.sqrt(np.square(first).sum() * np.square(second).sum()))
    return float((first * second).sum()) / power if power > 0 else 0.0
