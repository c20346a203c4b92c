"""Findings laid out for the page: the verdict, and one card per question.

Every text that comes from a file or a client stays plain text here; the templates escape it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from api.report import words
from api.report.words.told import Told, Tone


@dataclass(frozen=True)
class Verdict:
    """The decision of the policy."""

    word: str
    tone: Tone
    text: str
    reasons: tuple[str, ...]
    policy: str


@dataclass(frozen=True)
class Card:
    """The answer to a question, and what was measured for it, a sentence each."""

    told: Told
    measured: tuple[str, ...] = ()


def verdict(found: Mapping[str, Any]) -> Verdict:
    """The decision in words."""
    decision = found["decision"]
    word, tone, text = words.action(decision["action"])
    reasons = tuple(words.rule_text(rule, found) for rule in decision["rules"])
    return Verdict(word, tone, text, reasons, str(decision.get("policy", "")))


def cards(found: Mapping[str, Any]) -> tuple[Card, ...]:
    """One card for each question that an audit answers; two can show all that was measured."""
    ownership, watermark, credentials, music, voice, *near = words.questions(found)
    plain = tuple(Card(told) for told in (ownership, watermark, credentials))
    asked = (Card(told, words.further(found["originality"])) for told in near)
    return (*plain, Card(music, words.exhibits(found["ai"])), Card(voice), *asked)
