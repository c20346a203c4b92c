"""Triplets of peaks, described so that speed, tempo and pitch do not matter.

Of three peaks A, B, C in order of time, the two frequency intervals (on the logarithmic axis) and the
ratio of the two time intervals stay the same when the music is played faster, slower, higher or lower.
A's frequency and the span A to C change by the very factors, so they tell those factors. Normalised
groups of peaks: J. Six and M. Leman, "Panako", ISMIR 2014; R. Sonnleitner and G. Widmer, "Robust
quad-based audio fingerprinting", TASLP 2016.

A descriptor is 22 bits: B - A and C - A in quarters of a bin (8 + 8 bits), time ratio in 64 steps (6
bits). Its detail is 16 bits: A's bin (8) and the logarithm of the span (8). A key for the index
quantises all five coarsely into 11.6 million keys; a query probes the neighbouring keys wherever a value
lies near a border.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from provenance.fingerprint.peaks import Peaks

FIRST_FRAMES, LAST_FRAMES = 3, 110
SHORTEST_SPAN = 22.0
WIDEST_BINS = 30.0
REFERENCE_RANK, REFERENCE_TARGETS = 12, 4
QUERY_RANK, QUERY_TARGETS = 20, 6

SPAN_STEPS = 48
"""Steps of the stored span per factor e: 2.1 per cent each."""
COARSE_SPAN = 9
"""Stored steps in a key's step: a factor of 1.206."""
COARSE_BIN = 8
BORDER = 0.15
"""How near to a border, in key steps, a query also probes the other side."""

UIntArray = NDArray[np.uint32]
UShortArray = NDArray[np.uint16]
KeyArray = NDArray[np.int64]


@dataclass(frozen=True)
class Triplets:
    """Packed triplets, [H] each: `descriptor` uint32, `detail` uint16, `frame` uint32 (time of A)."""

    descriptor: UIntArray
    detail: UShortArray
    frame: UIntArray


def form(peaks: Peaks, targets: int) -> Triplets:
    """Join each peak with pairs out of its `targets` strongest followers."""
    t, f = peaks.frame, peaks.bin
    order = np.argsort(t, kind="stable")
    t, f, salience = t[order], f[order], peaks.salience[order]
    begin, end = np.searchsorted(t, t + FIRST_FRAMES), np.searchsorted(t, t + LAST_FRAMES)
    width = int((end - begin).max(initial=0))
    if width < 2:
        return Triplets(np.zeros(0, np.uint32), np.zeros(0, np.uint16), np.zeros(0, np.uint32))
    followers = np.minimum(begin[:, None] + np.arange(width), len(t) - 1)
    near = (begin[:, None] + np.arange(width) < end[:, None]) & (
        abs(f[followers] - f[:, None]) <= WIDEST_BINS
    )
    strength = np.where(near, salience[followers], -np.inf)
    chosen = np.argsort(-strength, axis=1, kind="stable")[:, : min(targets, width)]
    valid, chosen = np.take_along_axis(near, chosen, 1), np.take_along_axis(followers, chosen, 1)
    one, two = np.triu_indices(chosen.shape[1], 1)
    keep = (valid[:, one] & valid[:, two]).ravel()
    a = np.repeat(np.arange(len(t)), len(one))[keep]
    b, c = chosen[:, one].ravel()[keep], chosen[:, two].ravel()[keep]
    b, c = np.where(t[b] > t[c], c, b), np.where(t[b] > t[c], b, c)
    long = t[c] - t[a] >= SHORTEST_SPAN
    a, b, c = a[long], b[long], c[long]
    span = t[c] - t[a]
    packed = (
        np.round((f[b] - f[a]) * 4 + 128).astype(np.uint32) << 14
        | np.round((f[c] - f[a]) * 4 + 128).astype(np.uint32) << 6
        | np.minimum((t[b] - t[a]) / span * 64, 63).astype(np.uint32)
    )
    detail = np.round(f[a]).astype(np.uint16) << 8 | np.round(
        np.log(span / SHORTEST_SPAN) * SPAN_STEPS
    ).astype(np.uint16)
    return Triplets(packed, detail.astype(np.uint16), np.round(t[a]).astype(np.uint32))


def transposition(detail: UShortArray) -> NDArray[np.int64]:
    """A's bin, [H]."""
    return (detail >> 8).astype(np.int64)


def log_span(detail: UShortArray) -> NDArray[np.float64]:
    """Natural logarithm of the span, up to a constant, [H]."""
    return (detail & 255) / SPAN_STEPS


def _values(descriptor: UIntArray, detail: UShortArray) -> list[tuple[NDArray[np.floating[Any]], float]]:
    """The five values in key steps (the key takes their floor), each with its border, most significant
    first."""
    first, second = (descriptor >> 14) & 255, (descriptor >> 6) & 255
    return [
        (first / 4.0 + 0.5, BORDER),
        (second / 4.0 + 0.5, BORDER),
        (((descriptor & 63) + 0.5) / 4.0, BORDER),
        # Pitch and span really change under attack, so the nearer neighbour is always probed.
        (((detail >> 8) + 0.5) / COARSE_BIN, 0.5),
        (((detail & 255) + 0.5) / COARSE_SPAN, 0.5),
    ]


LEVELS = (65, 65, 16, 19, 9)
"""How many whole values each of the five takes."""
KEYS = math.prod(LEVELS)


def keys(descriptor: UIntArray, detail: UShortArray) -> KeyArray:
    """The one key under which a reference hash is filed, [H], 0 to `KEYS` - 1."""
    key = np.zeros(descriptor.shape, np.int64)
    for (value, _), levels in zip(_values(descriptor, detail), LEVELS, strict=True):
        key = key * levels + np.floor(value).astype(np.int64)
    return key


def probes(descriptor: UIntArray, detail: UShortArray) -> tuple[KeyArray, KeyArray]:
    """All keys under which a hash may have been filed, and which hash each belongs to, [Q] and [Q]."""
    key, owner = np.zeros(descriptor.shape, np.int64), np.arange(len(descriptor))
    for (value, border), levels in zip(_values(descriptor, detail), LEVELS, strict=True):
        whole = np.floor(value)
        part = value - whole
        other = np.where(part < border, whole - 1, np.where(part >= 1 - border, whole + 1, -1)).astype(
            np.int64
        )
        two = ((other >= 0) & (other < levels))[owner]
        more = key[two] * levels + other[owner[two]]
        key = np.concatenate([key * levels + whole.astype(np.int64)[owner], more])
        owner = np.concatenate([owner, owner[two]])
    return key, owner
