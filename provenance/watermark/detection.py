"""Say whether a key's mark is in audio, which message it carries, and where."""

import math
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from core.blocks import pieces
from core.clip import Segment
from provenance.watermark import code, model, sync
from provenance.watermark.chips import CYCLE_COLUMNS, layout
from provenance.watermark.grid import FRAMES_PER_S
from provenance.watermark.hunt import PRESENT_P_VALUE, Finding, Hunt
from provenance.watermark.key import WatermarkKey

SECTION_S = 120
THERE = 1e-3
"""p-value of a section's pilots below which the map shows the mark there, once it is found elsewhere."""


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
        key_epoch: epoch of the key that the mark was made with, or None where there is none.
        exhaustive: whether every speed, tempo and pitch was to be searched.
        known: changes (speed, pitch factor) that were looked at because the caller knew them.
    """

    present: bool
    p_value: float
    message: bytes | None
    speed: float
    pitch_semitones: float
    segments: tuple[Segment, ...]
    duration_s: float
    elapsed_s: float
    key_epoch: int | None = None
    exhaustive: bool = False
    known: tuple[tuple[float, float], ...] = ()


def detect(
    wav: Tensor,
    sample_rate: int,
    key: WatermarkKey,
    *,
    exhaustive: bool = False,
    known: Sequence[tuple[float, float]] = (),
    networks: model.Model | None = None,
) -> Detection:
    """Look for a key's mark.

    Args:
        wav: audio, [C, T].
        sample_rate: in Hz, of `wav`.
        key: the tenant's key, whose earlier epochs are looked for too; other keys' marks stay invisible.
        exhaustive: also search speed and tempo 0.75 to 1.28 and pitch ±2.5 semitones, follow a drifting
            clock and decode a list of messages.
        known: changes (speed, pitch factor) to look at before all others, found by other means to a quarter
            of a per cent; a few, since each is paid for like any other place.
        networks: other networks than the shipped ones (the laboratory's baselines).

    Returns:
        The finding; audio too short or silent gives `present` False with `p_value` 1.
    """
    return detect_blocks([wav], sample_rate, key, exhaustive=exhaustive, known=known, networks=networks)


def detect_blocks(
    blocks: Iterable[Tensor],
    sample_rate: int,
    key: WatermarkKey,
    *,
    exhaustive: bool = False,
    known: Sequence[tuple[float, float]] = (),
    networks: model.Model | None = None,
) -> Detection:
    """Look for a key's mark in audio that comes in blocks, holding about two minutes of it.

    Args:
        blocks: audio in order, each [C, any length]; the rest as in `detect`.

    Returns:
        As `detect`. The map begins to be drawn where the mark is first read.
    """
    started = time.monotonic()
    hunt = Hunt(key, networks or model.shipped(), exhaustive=exhaustive, known=known)
    segments: list[Segment] = []
    duration_s = 0.0
    with torch.no_grad():
        for section in pieces(blocks, SECTION_S * sample_rate):
            finding = hunt.look(section.core, sample_rate)
            length_s = section.core.shape[-1] / sample_rate
            segments += _map(finding, hunt.best, duration_s, length_s)
            duration_s += length_s
    best = hunt.best
    p_value = hunt.p_value(best.place, best.message) if best else 1.0
    if best is None or p_value >= PRESENT_P_VALUE:
        elapsed_s = time.monotonic() - started
        return Detection(
            False,
            p_value,
            None,
            1.0,
            0.0,
            (),
            duration_s,
            elapsed_s,
            exhaustive=exhaustive,
            known=tuple(known),
        )
    return Detection(
        True,
        p_value,
        best.message,
        round(best.speed, 4),
        round(best.pitch_semitones, 2),
        tuple(segments),
        duration_s,
        time.monotonic() - started,
        best.key.epoch,
        exhaustive,
        tuple(known),
    )


def _map(finding: Finding | None, best: Finding | None, start_s: float, length_s: float) -> list[Segment]:
    """Agreement of soft chips with the mark per second of one section."""
    seconds = math.ceil(length_s)
    scores = np.zeros(seconds)
    if finding and best and finding.place.p_value(CYCLE_COLUMNS) < THERE:
        place, key_layout = finding.place, layout(finding.key)
        frames = sync.follow(finding.plane, place, key_layout)
        soft = sync.cells(finding.plane, frames)
        if best.message is None:
            index = (place.start + np.arange(soft.shape[1])) % CYCLE_COLUMNS
            chips = key_layout.pilots[:, index]
        else:
            chips = key_layout.chips(code.encode(best.message, finding.key), place.start, soft.shape[1])
        second = np.clip((frames / finding.geometry.tempo / FRAMES_PER_S).astype(int), 0, seconds - 1)
        agreement = np.bincount(second, (soft * chips).sum(0), seconds)
        strength = np.bincount(second, np.abs(soft * np.abs(chips)).sum(0), seconds)
        scores = np.maximum(0.0, agreement / np.maximum(strength, 1e-6))
    ends = [min(float(n + 1), length_s) for n in range(seconds)]
    return [Segment(start_s + n, start_s + ends[n], round(float(scores[n]), 4)) for n in range(seconds)]
