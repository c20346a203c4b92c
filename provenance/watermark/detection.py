"""Say whether a key's mark is in audio, which message it carries, and where."""

import math
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from core.blocks import pieces
from core.clip import Segment
from provenance.watermark import model
from provenance.watermark.chips import CYCLE_COLUMNS
from provenance.watermark.finding import PRESENT_P_VALUE, Finding
from provenance.watermark.hunt import Hunt
from provenance.watermark.key import WatermarkKey
from provenance.watermark.known import Known
from provenance.watermark.marks import Evidence, Mark, Scores, joined, stretches

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
        asked_for: messages that were asked for by name.
        marks: every message and the stretches in which it is heard, in order of time; `message` is the one
            with the smallest p-value.
        unsearched: stretches, in seconds, in which other changes of speed, tempo and pitch were left out,
            since the budget of the full search was spent on marks and known changes.
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
    asked_for: tuple[bytes, ...] = ()
    marks: tuple[Mark, ...] = ()
    unsearched: tuple[tuple[float, float], ...] = ()


def detect(
    wav: Tensor,
    sample_rate: int,
    key: WatermarkKey,
    *,
    exhaustive: bool = False,
    known: Sequence[Known | tuple[float, float]] = (),
    networks: model.Model | None = None,
) -> Detection:
    """Look for a key's mark.

    Args:
        wav: audio, [C, T].
        sample_rate: in Hz, of `wav`.
        key: the tenant's key, whose earlier epochs are looked for too; other keys' marks stay invisible.
        exhaustive: also search speed and tempo 0.75 to 1.28 and pitch ±3 semitones, follow a drifting
            clock and decode a list of messages.
        known: changes (speed, pitch factor) to look at before all others, found by other means to a quarter
            of a per cent, and where, and messages to ask for there (`Known`); a few at a time, since each is
            paid for like any other place.
        networks: other networks than the shipped ones (the laboratory's baselines).

    Returns:
        The finding; audio too short or silent gives `present` False with `p_value` 1.
    """
    blocks = torch.split(wav, SECTION_S * sample_rate, dim=-1)
    return detect_blocks(blocks, sample_rate, key, exhaustive=exhaustive, known=known, networks=networks)


def detect_blocks(
    blocks: Iterable[Tensor],
    sample_rate: int,
    key: WatermarkKey,
    *,
    exhaustive: bool = False,
    known: Sequence[Known | tuple[float, float]] = (),
    networks: model.Model | None = None,
    heard: Callable[[float], None] | None = None,
) -> Detection:
    """Look for a key's mark in audio that comes in blocks, holding about two minutes of it.

    Args:
        blocks: audio in order, each [C, any length]; the rest as in `detect`.
        heard: is told how many seconds of it are searched, after each section.

    Returns:
        As `detect`. The map begins to be drawn where the mark is first read.
    """
    started = time.monotonic()
    places = tuple(Known(*change) for change in known)
    asked_for = tuple(dict.fromkeys(place.message for place in places if place.message is not None))
    changes = tuple(dict.fromkeys((place.speed, place.pitch) for place in places if not place.unchanged))
    hunt = Hunt(key, networks or model.shipped(), exhaustive=exhaustive, known=places)
    segments: list[Segment] = []
    spans: list[tuple[Finding, float, float]] = []
    duration_s = 0.0
    with torch.no_grad():
        for section in pieces(blocks, SECTION_S * sample_rate):
            findings = hunt.look(section.core, sample_rate)
            length_s = section.core.shape[-1] / sample_rate
            there = [(f, Evidence.of(f, math.ceil(length_s))) for f in findings if _is_there(f)]
            segments += _map([evidence.agreement for _, evidence in there], duration_s, length_s)
            for finding, evidence in there:
                if finding.complete:
                    parts = stretches(evidence.heard) or [(0, math.ceil(length_s))]
                    spans += [
                        (finding, duration_s + first, duration_s + min(last, length_s))
                        for first, last in parts
                    ]
            duration_s += length_s
            if heard is not None:
                heard(duration_s)
    best = hunt.best
    p_value = hunt.p_value(best) if best else 1.0
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
            known=changes,
            asked_for=asked_for,
            unsearched=tuple(hunt.unsearched),
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
        changes,
        asked_for,
        _marks(hunt, spans),
        tuple(hunt.unsearched),
    )


def _marks(hunt: Hunt, spans: Sequence[tuple[Finding, float, float]]) -> tuple[Mark, ...]:
    told = []
    for finding, start_s, end_s in spans:
        p_value = hunt.p_value(finding)
        if finding.message is not None and p_value < PRESENT_P_VALUE:
            speed, pitch = round(finding.speed, 4), round(finding.pitch_semitones, 2)
            epoch, by_name = finding.key.epoch, finding.by_name
            told.append(Mark(finding.message, start_s, end_s, speed, pitch, p_value, epoch, by_name))
    return joined(told)


def _is_there(finding: Finding) -> bool:
    return finding.place.p_value(CYCLE_COLUMNS) < THERE


def _map(scores: Sequence[Scores], start_s: float, length_s: float) -> list[Segment]:
    """Agreement with the mark that is heard best, per second of one section."""
    seconds = math.ceil(length_s)
    best = np.max([np.zeros(seconds), *scores], axis=0)
    ends = [min(float(n + 1), length_s) for n in range(seconds)]
    return [Segment(start_s + n, start_s + ends[n], round(float(best[n]), 4)) for n in range(seconds)]
