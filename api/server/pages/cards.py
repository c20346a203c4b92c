"""Findings laid out for the page: the verdict, one card per question, and where in the file they lie.

Every text that comes from a file or a client stays plain text here; the templates escape it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from api.report import words
from api.report.numbers import clock_text, score_text
from api.report.words import Told, Tone

LANES = (("watermark", "Watermark"), ("ai", "AI music"), ("voice", "Synthetic voice"))
LANE_WIDTH = 1000
EXHIBITS = 3


@dataclass(frozen=True)
class Bar:
    """A stretch of a timeline in units of `LANE_WIDTH`; `strength` in [0, 1] is its score."""

    x: float
    width: float
    strength: float
    label: str


@dataclass(frozen=True)
class Lane:
    """One row of the timeline."""

    key: str
    name: str
    bars: tuple[Bar, ...]
    empty: str


@dataclass(frozen=True)
class Verdict:
    """The decision of the policy."""

    word: str
    tone: Tone
    text: str
    reasons: tuple[str, ...]
    policy: str


def verdict(found: Mapping[str, Any]) -> Verdict:
    """The decision in words."""
    decision = found["decision"]
    word, tone, text = words.ACTIONS.get(decision["action"], (str(decision["action"]), "neutral", ""))
    reasons = tuple(str(rule.get("text", rule.get("rule", ""))) for rule in decision["rules"])
    return Verdict(word, tone, text, reasons, str(decision.get("policy", "")))


def cards(found: Mapping[str, Any]) -> tuple[Told, ...]:
    """One card for each question that an audit answers; the one on music shows its strongest evidence."""
    ownership, watermark, credentials, music, voice = words.questions(found)
    music = replace(music, text=" ".join((music.text, *words.exhibits(found["ai"])[:EXHIBITS])))
    return ownership, watermark, credentials, music, voice


def lanes(found: Mapping[str, Any]) -> tuple[Lane, ...]:
    """The timeline: where in the file each finding lies."""
    duration = float(found.get("duration_s") or 0)
    rows = []
    for key, name in LANES:
        section = found[key]
        bars = tuple(_bars(section.get("segments") or (), duration))
        rows.append(Lane(key, name, bars, str(section.get("reason") or "nothing found")))
    return tuple(rows)


def _bars(segments: Sequence[Mapping[str, Any]], duration: float) -> list[Bar]:
    bars = []
    for segment in segments if duration > 0 else ():
        start, end = float(segment["start_s"]), min(float(segment["end_s"]), duration)
        score = segment.get("score")
        strength = 1.0 if score is None else min(max(float(score), 0.0), 1.0)
        label = f"{clock_text(start)} to {clock_text(end)}"
        label += "" if score is None else f", score {score_text(score)}"
        width = max((end - start) / duration * LANE_WIDTH, 1.0)
        bars.append(Bar(round(start / duration * LANE_WIDTH, 2), round(width, 2), round(strength, 3), label))
    return bars
