"""Say whether a key's mark is in audio, which message it carries, and where."""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from core.clip import Segment
from core.resample import resample
from provenance.watermark import code, model, sync
from provenance.watermark.chips import CYCLE_COLUMNS, Layout, layout
from provenance.watermark.grid import CELL_FRAMES, FRAMES_PER_S, RATE, STRIDE
from provenance.watermark.key import WatermarkKey
from provenance.watermark.receiver import plane_of, rows_of, warp

PRESENT_P_VALUE = 1e-6
EXCERPT_S = 20.0
TEMPOS = (1.05, 0.95, 1.1, 0.9, 1.15, 0.85, 1.2, 0.8, 1.25, 0.77)
SEMITONE = 2.0 ** (1.0 / 12.0)
COARSE = (
    *((1.0, SEMITONE**shift) for shift in (0.0, 1.5, -1.5)),
    *((tempo, tempo) for tempo in TEMPOS),
    *((tempo, 1.0) for tempo in TEMPOS),
    *((tempo, tempo * SEMITONE ** (2.0 if tempo > 1.0 else -2.0)) for tempo in TEMPOS),
)
"""Tempo and pitch factors: pitch alone, speed, tempo alone, and speed with two semitones on top.

The last are known as nightcore and slowed. The decoder reads through 2.5 % of tempo and more than a
semitone of error, so this grid has no holes.
"""
FINE = tuple(1.0 + 0.004 * step for step in range(-7, 8))
FINER = tuple(0.0005 * step for step in range(-4, 5))
CERTAIN = 1e-9
CANDIDATES = 3


@dataclass(frozen=True)
class Detection:
    """What was found. "No watermark" is a result, not an error.

    Attributes:
        present: whether `p_value` is below 1e-6.
        p_value: bound on the chance of this finding in audio without a mark of this key, over everything
            that was searched.
        message: 8 bytes whose keyed check holds, or None.
        speed: how much faster the audio plays than when it was marked.
        pitch_semitones: how much higher it sounds, to about one semitone unless it is speed alone.
        segments: one second each, scored 0 (no mark) to 1.
        duration_s: length of the audio.
        elapsed_s: time that detection took.
    """

    present: bool
    p_value: float
    message: bytes | None
    speed: float
    pitch_semitones: float
    segments: tuple[Segment, ...]
    duration_s: float
    elapsed_s: float


@dataclass(frozen=True)
class _Finding:
    place: sync.Alignment
    plane: sync.Plane
    message: bytes | None
    p_value: float
    tempo: float = 1.0
    pitch: float = 1.0


@dataclass(frozen=True)
class _Geometry:
    """How audio was scaled in time and frequency, and which lengths of a column to try on top."""

    tempo: float = 1.0
    pitch: float = 1.0
    stretches: tuple[float, ...] = (1.0,)


NOMINAL = _Geometry()


@dataclass
class _Effort:
    """Everything tried so far: the multiplicity of the final p-value."""

    places: int = 0
    checks: int = 0

    def p_value(self, place: sync.Alignment, message: bytes | None) -> float:
        """Fisher's combination of pilots and keyed check, independent when no mark is there."""
        pilots = place.p_value(self.places)
        check = min(1.0, self.checks * 2.0 ** (-8 * code.CHECK_BYTES)) if message is not None else 1.0
        product = max(pilots * check, 1e-300)
        return min(1.0, product * (1.0 - math.log(product)))


def detect(
    wav: Tensor,
    sample_rate: int,
    key: WatermarkKey,
    *,
    exhaustive: bool = False,
    networks: model.Model | None = None,
) -> Detection:
    """Look for a key's mark.

    Args:
        wav: audio, [C, T].
        sample_rate: in Hz, of `wav`.
        key: the tenant's key; other keys' marks stay invisible.
        exhaustive: also search speed and tempo 0.75 to 1.28 and pitch ±2.5 semitones.
        networks: other networks than the shipped ones (the laboratory's baselines).

    Returns:
        The finding; audio too short or silent gives `present` False with `p_value` 1.
    """
    started = time.monotonic()
    chosen = networks or model.shipped()
    effort = _Effort()
    best: _Finding | None = None
    with torch.no_grad():
        for step, channel in _steps(wav, exhaustive):
            rows = rows_of(resample(channel[None], sample_rate, RATE)[0])
            finding = step(rows, key, chosen, effort)
            if finding and (best is None or finding.p_value < best.p_value):
                best = finding
            if best and _present(best):
                break
    duration_s = wav.shape[-1] / sample_rate
    elapsed_s = time.monotonic() - started
    if best is None:
        return Detection(False, 1.0, None, 1.0, 0.0, (), duration_s, elapsed_s)
    p_value = effort.p_value(best.place, best.message)
    present = p_value < PRESENT_P_VALUE
    return Detection(
        present,
        p_value,
        best.message if present else None,
        round(best.tempo / best.place.stretch, 4),
        round(12.0 * math.log2(_pitch(best)), 2),
        _segments(best, key, duration_s) if present else (),
        duration_s,
        time.monotonic() - started,
    )


def _pitch(finding: _Finding) -> float:
    """Factor on frequencies; on the line of plain speed it is as exact as the tempo."""
    exact = finding.tempo == finding.pitch
    return finding.tempo / finding.place.stretch if exact else finding.pitch


def _present(finding: _Finding) -> bool:
    return finding.p_value < PRESENT_P_VALUE and finding.message is not None


def _steps(wav: Tensor, exhaustive: bool) -> Iterator[tuple[Callable[..., _Finding | None], Tensor]]:
    """What to try, cheapest first: mid, each side, and the difference (for what a downmix cancels)."""
    yield _look, wav.mean(0)
    if wav.shape[0] == 2:
        yield _look, wav[0]
        yield _look, wav[1]
        yield _look, (wav[0] - wav[1]) / 2.0
    if exhaustive:
        yield _look_everywhere, wav.mean(0)


def _look(
    rows: Tensor, key: WatermarkKey, networks: model.Model, effort: _Effort, geometry: _Geometry = NOMINAL
) -> _Finding | None:
    """Search one geometry, then try to read the message at the best places."""
    plane = _plane(rows, networks, geometry)
    if plane.shape[1] * STRIDE < 2 * CELL_FRAMES or not np.any(plane):
        return None
    key_layout = layout(key)
    places, searched = sync.search(plane, key_layout, stretches=geometry.stretches)
    effort.places += searched
    message, chosen = None, places[0]
    for place in places:
        effort.checks += 1
        message = code.decode(_soft_bits(plane, place, key_layout), key)
        if message is not None:
            chosen = place
            break
    p_value = effort.p_value(chosen, message)
    return _Finding(chosen, plane, message, p_value, geometry.tempo, geometry.pitch)


def _look_everywhere(
    rows: Tensor, key: WatermarkKey, networks: model.Model, effort: _Effort
) -> _Finding | None:
    """Coarse geometries on an excerpt, pilots only; then the best ones finely on the whole file."""
    frames = int(EXCERPT_S * FRAMES_PER_S)
    first = max(0, (rows.shape[1] - frames) // 2)
    excerpt = rows[:, first : first + frames]
    found: list[tuple[float, _Geometry]] = []
    for tempo, pitch in COARSE:
        plane = _plane(excerpt, networks, _Geometry(tempo, pitch))
        places, searched = sync.search(plane, layout(key), keep=1, stretches=FINE, phases=(0.0, 2.0, 4.0))
        effort.places += searched
        finer = tuple(places[0].stretch + step for step in FINER)
        found.append((places[0].statistic, _Geometry(tempo, pitch, finer)))
        if places[0].p_value(effort.places) < CERTAIN:
            break
    found.sort(key=lambda entry: -entry[0])
    best: _Finding | None = None
    for _, geometry in found[:CANDIDATES]:
        finding = _look(rows, key, networks, effort, geometry)
        if finding and (best is None or finding.p_value < best.p_value):
            best = finding
        if best and _present(best):
            break
    return best


def _plane(rows: Tensor, networks: model.Model, geometry: _Geometry) -> sync.Plane:
    if (geometry.tempo, geometry.pitch) != (1.0, 1.0):
        rows = warp(rows, geometry.tempo, geometry.pitch)
    return plane_of(rows, networks)


def _soft_bits(plane: sync.Plane, place: sync.Alignment, key_layout: Layout) -> code.Soft:
    """Log-likelihood ratio of every code bit over all repeats, [CODE_BITS]."""
    soft = sync.cells(plane, place.phase, place.stretch)
    index = (place.start + np.arange(soft.shape[1])) % CYCLE_COLUMNS
    bit = key_layout.bit[:, index]
    data = bit >= 0
    return np.bincount(
        bit[data], weights=(soft * key_layout.signs[:, index])[data], minlength=code.CODE_BITS
    ).astype(np.float32)


def _segments(finding: _Finding, key: WatermarkKey, duration_s: float) -> tuple[Segment, ...]:
    """Agreement of soft chips with the mark per second."""
    place, key_layout = finding.place, layout(key)
    soft = sync.cells(finding.plane, place.phase, place.stretch)
    if finding.message is None:
        index = (place.start + np.arange(soft.shape[1])) % CYCLE_COLUMNS
        chips = key_layout.pilots[:, index]
    else:
        chips = key_layout.chips(code.encode(finding.message, key), place.start, soft.shape[1])
    agreement, strength = (soft * chips).sum(0), np.abs(soft * np.abs(chips)).sum(0)
    frames = sync.column_frames(finding.plane.shape[1] * STRIDE, place.phase, place.stretch)
    second = (frames[: soft.shape[1]] / finding.tempo / FRAMES_PER_S).astype(int)
    segments = []
    for start in range(math.ceil(duration_s)):
        inside = second == start
        if inside.any():
            score = float(agreement[inside].sum() / max(strength[inside].sum(), 1e-6))
            segments.append(Segment(float(start), min(start + 1.0, duration_s), round(max(0.0, score), 4)))
    return tuple(segments)
