"""Triplets of peaks and the keys that find them again.

Of three peaks A, B, C in order of time, the two frequency intervals (on the logarithmic axis) do not change
when the music is played faster, slower, higher or lower; A's frequency and the two time intervals change by
the very factors. All five are measured finely and kept. A filed triplet stands under one key, the cell of the
five values together; a query that may have been played at another speed or pitch undoes that change on its
own values first (`at`), so that narrow cells serve for every speed. Normalised groups of peaks: J. Six and
M. Leman, "Panako", ISMIR 2014; R. Sonnleitner and G. Widmer, "Robust quad-based audio fingerprinting", TASLP
2016.

A packed triplet is 50 bits: B - A and C - A in 16ths of a bin (10 bits each), A's bin in 16ths (12 bits), the
times A to B and A to C in quarters of a frame (9 bits each).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from provenance.fingerprint.peaks import BINS, Peaks

FIRST_FRAMES, LAST_FRAMES = 3, 110
SHORTEST_SPAN = 22.0
FORMED = 1 << 11
"""Peaks that are joined with their followers at a time."""
WIDEST_BINS = 30.0
REFERENCE_RANK, REFERENCE_TARGETS = 12, 4
QUERY_RANK, QUERY_TARGETS = 20, 6

BIN_PARTS, FRAME_PARTS = 16, 4
CELL_BINS, CELL_FRAMES = 0.5, 2.0
"""Size of a key's cell. After codecs, noise and changes of speed the intervals are off by less than 0.15 bins
and 1.5 frames in nine of ten triplets; finer cells would lose them, coarser ones only collect strangers."""
LEVELS = (128, 128, int(BINS / CELL_BINS) + 2, 64, 64)
BIN_BORDER, FRAME_BORDER = 0.25, 0.35
"""How near to a border, in cells, a thorough query also asks on the other side."""
KEY_BITS = 47

HashArray = NDArray[np.uint64]
UIntArray = NDArray[np.uint32]
IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float32]


@dataclass(frozen=True)
class Triplets:
    """Packed triplets, [H] each: `hashes` uint64 and `frame` uint32 (time of A)."""

    hashes: HashArray
    frame: UIntArray


def form(peaks: Peaks, targets: int) -> Triplets:
    """Join each peak with pairs out of its `targets` strongest followers."""
    order = np.argsort(peaks.frame, kind="stable")
    ordered = peaks.frame[order], peaks.bin[order], peaks.salience[order]
    parts = [_formed(*ordered, first, targets) for first in range(0, max(1, len(order)), FORMED)]
    return Triplets(np.concatenate([p.hashes for p in parts]), np.concatenate([p.frame for p in parts]))


def _formed(t: FloatArray, f: FloatArray, salience: FloatArray, first: int, targets: int) -> Triplets:
    """Those that begin with one of `FORMED` peaks from the `first` on; all peaks are in order of time."""
    some = np.arange(first, min(first + FORMED, len(t)))
    begin = np.searchsorted(t, t[some] + FIRST_FRAMES)
    end = np.searchsorted(t, t[some] + LAST_FRAMES)
    width = int((end - begin).max(initial=0))
    if width < 2:
        return Triplets(np.zeros(0, np.uint64), np.zeros(0, np.uint32))
    followers = np.minimum(begin[:, None] + np.arange(width), len(t) - 1)
    near = (begin[:, None] + np.arange(width) < end[:, None]) & (
        abs(f[followers] - f[some, None]) <= WIDEST_BINS
    )
    strength = np.where(near, salience[followers], -np.inf)
    chosen = np.argsort(-strength, axis=1, kind="stable")[:, : min(targets, width)]
    valid, chosen = np.take_along_axis(near, chosen, 1), np.take_along_axis(followers, chosen, 1)
    one, two = np.triu_indices(chosen.shape[1], 1)
    keep = (valid[:, one] & valid[:, two]).ravel()
    a = np.repeat(some, len(one))[keep]
    b, c = chosen[:, one].ravel()[keep], chosen[:, two].ravel()[keep]
    b, c = np.where(t[b] > t[c], c, b), np.where(t[b] > t[c], b, c)
    long = t[c] - t[a] >= SHORTEST_SPAN
    a, b, c = a[long], b[long], c[long]
    packed = np.zeros(len(a), np.uint64)
    for value, parts, zero, bits in (
        (f[b] - f[a], BIN_PARTS, 512, 10),
        (f[c] - f[a], BIN_PARTS, 512, 10),
        (f[a], BIN_PARTS, 0, 12),
        (t[b] - t[a], FRAME_PARTS, 0, 9),
        (t[c] - t[a], FRAME_PARTS, 0, 9),
    ):
        packed = packed << np.uint64(bits) | np.round(value * parts + zero).astype(np.uint64)
    return Triplets(packed, np.round(t[a]).astype(np.uint32))


def values(hashes: HashArray) -> FloatArray:
    """The five values in cells of a key: intervals A to B, A to C, A's bin, times A to B, A to C; [5, H]."""
    unpacked = np.empty((5, len(hashes)), np.float32)
    for row, (shift, bits, parts, size) in enumerate(
        (
            (40, 10, BIN_PARTS, CELL_BINS),
            (30, 10, BIN_PARTS, CELL_BINS),
            (18, 12, BIN_PARTS, CELL_BINS),
            (9, 9, FRAME_PARTS, CELL_FRAMES),
            (0, 9, FRAME_PARTS, CELL_FRAMES),
        )
    ):
        whole = (hashes >> np.uint64(shift)) & np.uint64((1 << bits) - 1)
        unpacked[row] = whole.astype(np.float32) / np.float32(parts * size)
    return unpacked


def at(cells: FloatArray, speed: float, bins: float) -> FloatArray:
    """What `values` were before the music was played `speed` times as fast and `bins` higher, [5, H]."""
    change = np.array([1.0, 1.0, 1.0, speed, speed], np.float32)[:, None]
    moved = cells * change
    moved[2] -= np.float32(bins / CELL_BINS)
    return moved


def at_each(cells: FloatArray, speeds: Sequence[float], bins: Sequence[float]) -> FloatArray:
    """`at` for each of several changes, one after another, [5, changes * H]."""
    moved = np.repeat(cells[:, None], len(speeds), axis=1)
    moved[3:] *= np.asarray(speeds, np.float32)[:, None]
    moved[2] -= np.asarray(bins, np.float32)[:, None] / np.float32(CELL_BINS)
    return moved.reshape(len(cells), -1)


def keys(cells: FloatArray) -> IntArray:
    """The key of each triplet, [H], 0 to 2 ** `KEY_BITS` - 1; -1 where the values lie off the scales.

    The five whole values are scrambled (a multiplication by an odd number, Knuth TAOCP 6.4), so that any bits
    of a key spread evenly.
    """
    return _scrambled(np.floor(cells).astype(np.int64))


@dataclass(frozen=True)
class Probes:
    """Keys under which triplets may be filed, [P] each.

    Attributes:
        key: of a cell.
        owner: which triplet.
        own: whether it is the triplet's own cell, not one beside it.
    """

    key: IntArray
    owner: IntArray
    own: NDArray[np.bool_]


def probes(cells: FloatArray) -> Probes:
    """The keys of each triplet and of the cells beside it whose border is near."""
    whole = np.floor(cells)
    part = cells - whole
    border = np.array([BIN_BORDER] * 3 + [FRAME_BORDER] * 2, np.float32)[:, None]
    step = np.where(part < border, -1, np.where(part >= 1 - border, 1, 0)).astype(np.int64)
    every, owner = whole.astype(np.int64), np.arange(cells.shape[1])
    for row in range(len(cells)):
        beside = np.flatnonzero(step[row, owner])
        other = every[:, beside]
        other[row] += step[row, owner[beside]]
        every = np.concatenate([every, other], axis=1)
        owner = np.concatenate([owner, owner[beside]])
    key = _scrambled(every)
    valid = key >= 0
    return Probes(key[valid], owner[valid], (np.arange(len(key)) < cells.shape[1])[valid])


def _scrambled(whole: IntArray) -> IntArray:
    key = np.zeros(whole.shape[1], np.uint64)
    inside = np.ones(whole.shape[1], bool)
    for value, levels in zip(whole, LEVELS, strict=True):
        inside &= (value >= 0) & (value < levels)
        key = key * np.uint64(levels) + value.astype(np.uint64)
    key = (key * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(64 - KEY_BITS)
    return np.where(inside, key.astype(np.int64), -1)
