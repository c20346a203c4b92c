"""The answer to a question about a file, and the words that all answers share."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from api.audit.findings import NOT_ASKED
from api.language import _, later, named, spoken
from api.report.words.reasons import FAILED, INCONCLUSIVE

Tone = Literal["good", "warn", "bad", "neutral"]
Facts = tuple[tuple[str, str], ...]
Found = Mapping[str, Any]

KEYED = later("a keyed mark in the sound")
ESTIMATE = later("a statistical estimate from the sound alone, never proof")
BASIS: dict[str, str] = {
    "watermark": later("watermark: a keyed mark in the sound, with a probability of reading it by chance"),
    "credentials": later("metadata: C2PA credentials signed into the file"),
    "fingerprint": later("fingerprint: comparison with the registered tracks"),
    "ai": later("forensic: a statistical estimate from the sound alone, never proof"),
    "voice": later("forensic: a statistical estimate from the sound alone, never proof"),
    "originality": later(
        "likeness: distances from registered tracks in melody, rhythm, timbre and structure, and how rare "
        "they are; never proof of copying"
    ),
    "ownership": later("record: a signed claim in an append-only log; it proves who claimed what and when"),
}
"""Which technique each finding rests on (Code of Practice on AI transparency, measure 2.3)."""
OUTCOMES = {
    "inconclusive": later("Inconclusive"),
    "failed": later("Check failed"),
    "skipped": later("Not checked"),
}
"""What each outcome without an answer is called."""
ACTIONS: dict[str, tuple[str, Tone, str]] = {
    "accept": (later("Accept"), "good", later("No rule of the policy objects to this file.")),
    "review": (later("Review"), "warn", later("A person should look at this file before it is used.")),
    "reject": (later("Reject"), "bad", later("The policy refuses this file.")),
}
"""What each action is called, how it should look, and what it asks for."""


@dataclass(frozen=True)
class Told:
    """The answer to one question.

    Attributes:
        question: as a person would ask it.
        answer: in a few words.
        text: one or two sentences: what was found, and what it does not prove.
        tone: how the answer should look; a word always says the same.
        facts: (name, value) pairs.
        basis: the technique that the answer rests on.
    """

    question: str
    answer: str
    text: str
    tone: Tone = "neutral"
    facts: Facts = ()
    basis: str = ""


_BECAME = {"inconclusive": later("inconclusive"), "failed": later("failed"), "skipped": later("skipped")}


def action(name: str) -> tuple[str, Tone, str]:
    """An action of a policy: what it is called, how it should look, and what it asks for."""
    word, tone, text = ACTIONS.get(name, (name, "neutral", ""))
    return _(word), tone, _(text) if text else ""


def outcome(found: Found, check: str) -> tuple[str, str]:
    """What became of a check of an audit, and why it gave no answer, if it gave none."""
    start, became = f"{check}: ", found.get("checks", {}).get(check, "done")
    warnings = (str(text) for text in found.get("warnings") or ())
    told = next((text.removeprefix(start) for text in warnings if text.startswith(start)), None)
    if became == "inconclusive" and told:
        told = told.removeprefix(INCONCLUSIVE)
    if became == "failed" and told:
        told = FAILED + told.removeprefix(FAILED)
    return became, told or sentence(NOT_ASKED)


def not_judged(became: str) -> str:
    """In a line, that a check gave no answer."""
    return _("not judged (%(outcome)s)", outcome=named(_BECAME, became))


def sentence(text: str) -> str:
    """A clause as a sentence of its own."""
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


def lowered(text: str) -> str:
    """A sentence or an answer as a part of another one; German nouns keep their capital."""
    text = text.rstrip(".")
    return f"{text[:1].lower()}{text[1:]}" if spoken() == "en" else text
