"""Findings in words: one card per question, for people who decide and not for machines.

Every text that comes from a file or a client stays plain text here; the templates escape it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from api.report import words
from api.report.words import Tone, score_text

LANES = (("watermark", "Watermark"), ("ai", "AI music"), ("voice", "Synthetic voice"))
LANE_WIDTH = 1000


@dataclass(frozen=True)
class Card:
    """The answer to one question.

    Attributes:
        question: as a person would ask it.
        answer: in a few words.
        tone: how the answer is coloured; a word always says the same.
        text: one or two sentences.
        facts: (name, value) pairs.
        basis: the technique that the answer rests on.
    """

    question: str
    answer: str
    tone: Tone
    text: str
    facts: tuple[tuple[str, str], ...] = ()
    basis: str = ""


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


_ACTIONS: dict[str, tuple[str, Tone, str]] = {
    "accept": ("Accept", "good", "No rule of the policy objects to this file."),
    "review": ("Review", "warn", "A person should look at this file before it is used."),
    "reject": ("Reject", "bad", "The policy refuses this file."),
}


def verdict(found: Mapping[str, Any]) -> Verdict:
    """The decision in words."""
    decision = found["decision"]
    word, tone, text = _ACTIONS.get(decision["action"], (str(decision["action"]), "neutral", ""))
    reasons = tuple(str(rule.get("text", rule.get("rule", ""))) for rule in decision["rules"])
    return Verdict(word, tone, text, reasons, str(decision.get("policy", "")))


def cards(found: Mapping[str, Any]) -> tuple[Card, ...]:
    """One card for each question that an audit answers."""
    return (_ownership(found), _watermark(found), _credentials(found), _ai(found), _voice(found))


def lanes(found: Mapping[str, Any]) -> tuple[Lane, ...]:
    """The timeline: where in the file each finding lies."""
    duration = float(found.get("duration_s") or 0)
    rows = []
    for key, name in LANES:
        section = found[key]
        bars = tuple(_bars(section.get("segments") or (), duration))
        rows.append(Lane(key, name, bars, str(section.get("reason") or "nothing found")))
    return tuple(rows)


def clock(seconds: float) -> str:
    """Seconds as minutes and seconds.

    >>> clock(75.4)
    '1:15'
    """
    whole = int(seconds)
    return f"{whole // 60}:{whole % 60:02d}"


def size(count: int) -> str:
    """A number of bytes for people.

    >>> size(7_340_032), size(900)
    ('7 MB', '1 kB')
    """
    if count >= 1 << 20:
        megabytes = count / (1 << 20)
        return f"{megabytes:.0f} MB" if megabytes == int(megabytes) else f"{megabytes:.1f} MB"
    return f"{max(1, round(count / 1024))} kB"


def _bars(segments: Sequence[Mapping[str, Any]], duration: float) -> list[Bar]:
    bars = []
    for segment in segments if duration > 0 else ():
        start, end = float(segment["start_s"]), min(float(segment["end_s"]), duration)
        score = segment.get("score")
        strength = 1.0 if score is None else min(max(float(score), 0.0), 1.0)
        label = f"{clock(start)} to {clock(end)}" + ("" if score is None else f", score {float(score):.2f}")
        width = max((end - start) / duration * LANE_WIDTH, 1.0)
        bars.append(Bar(round(start / duration * LANE_WIDTH, 2), round(width, 2), round(strength, 3), label))
    return bars


def _ownership(found: Mapping[str, Any]) -> Card:
    ownership = found["ownership"]
    answer, tone = words.OWNERSHIP.get(ownership["status"], (str(ownership["status"]), "neutral"))
    record = ownership.get("record") or {}
    facts = []
    if record.get("title"):
        facts.append(("Title", str(record["title"])))
    names = dict.fromkeys(str(owner.get("name", "")) for owner in record.get("owners") or ())
    if names:
        facts.append(("Owners", ", ".join(names)))
    if record.get("claim_status"):
        facts.append(("Claim", str(record["claim_status"])))
    if ownership.get("record_id"):
        facts.append(("Record", str(ownership["record_id"])))
    for match in found["fingerprint"][:3]:
        facts.append(("Fingerprint", f"{match['record_id']}, score {_number(match.get('score'))}"))
    return Card(
        "Whose is it?",
        answer,
        tone,
        str(ownership["text"]),
        tuple(facts),
        "signed record, log, watermark and fingerprint together",
    )


def _watermark(found: Mapping[str, Any]) -> Card:
    mark = found["watermark"]
    outcome = found.get("checks", {}).get("watermark", "done")
    basis = "keyed mark in the sound"
    if outcome != "done":
        return Card(
            "Is our watermark in it?", _outcome(outcome), "neutral", _why(found, "watermark"), (), basis
        )
    if not mark["present"]:
        text = "No mark of this registry can be read. Marks of other registries stay unseen."
        return Card(
            "Is our watermark in it?", "No", "neutral", text, (("p-value", _small(mark["p_value"])),), basis
        )
    facts = [("Message", str(mark["message"] or "unreadable")), ("p-value", _small(mark["p_value"]))]
    if abs(float(mark.get("speed") or 1) - 1) > 0.001:
        facts.append(("Speed", _number(mark["speed"], 3)))
    text = "The mark can be read from the sound itself, whatever happened to the file."
    return Card("Is our watermark in it?", "Yes", "good", text, tuple(facts), basis)


def _credentials(found: Mapping[str, Any]) -> Card:
    seen = found["credentials"]
    outcome = found.get("checks", {}).get("credentials", "done")
    question, basis = "Does it carry content credentials?", "C2PA manifest in the file"
    if outcome != "done":
        return Card(question, _outcome(outcome), "neutral", _why(found, "credentials"), (), basis)
    if not seen["present"]:
        return Card(
            question, "None", "neutral", "Re-encoding removes them, so this proves nothing.", (), basis
        )
    facts = [("Signer", str(seen.get("signer") or "unnamed"))]
    if seen.get("digital_source_type"):
        facts.append(("Declared source", _source(str(seen["digital_source_type"]))))
    told = words.credentials(seen)
    return Card(question, told.answer, told.tone, told.text, tuple(facts), basis)


def _ai(found: Mapping[str, Any]) -> Card:
    ai, told = found["ai"], words.music(found["ai"])
    question, basis = "Are there traces of a machine?", "statistical estimate from the sound, never proof"
    if ai["score"] is None:
        return Card(question, told.answer, told.tone, told.text, (), basis)
    facts = [("Score", score_text(ai["score"])), ("p-value (human music)", _small(ai["p_value"]))]
    families = [f"{g['family']} {_percent(g['share'])}" for g in ai.get("generator") or () if g.get("share")]
    if families and ai["verdict"] == "synthetic":
        facts.append(("Resembles", ", ".join(families[:3])))
    texts = [str(item.get("text", "")) for item in ai.get("evidence") or ()]
    text = f"{told.text} {_sentences(texts[:3])}".strip()
    return Card(question, told.answer, told.tone, text, tuple(facts), basis)


def _sentences(texts: Sequence[str]) -> str:
    return " ".join(f"{text[:1].upper()}{text[1:]}." for text in texts if text)


def _voice(found: Mapping[str, Any]) -> Card:
    voice, told = found["voice"], words.voice(found["voice"])
    question, basis = "Whose voice is it?", "statistical estimate from the sound, never proof"
    facts = []
    if voice["has_voice"] and voice.get("synthetic_score") is not None:
        facts.append(("Synthetic score", score_text(voice["synthetic_score"])))
        facts += [(str(a["name"]), words.artist(a)) for a in voice.get("artists") or ()]
    return Card(question, told.answer, told.tone, told.text, tuple(facts), basis)


def _source(uri: str) -> str:
    """An IPTC digital source type in words; an unknown one by its name."""
    name = uri.rsplit("/", 1)[-1]
    return {
        "trainedAlgorithmicMedia": "made by AI",
        "compositeWithTrainedAlgorithmicMedia": "partly made by AI",
        "digitalCapture": "recorded",
        "digitalCreation": "made by people",
    }.get(name, name)


def _outcome(outcome: str) -> str:
    return {"inconclusive": "Inconclusive", "failed": "Check failed", "skipped": "Not checked"}.get(
        outcome, outcome
    )


def _why(found: Mapping[str, Any], check: str) -> str:
    told = [
        str(w).removeprefix(f"{check}: ") for w in found.get("warnings", ()) if str(w).startswith(f"{check}:")
    ]
    return told[0] if told else "This check was not part of the audit."


def _number(value: float | None, digits: int = 2) -> str:
    return "not measured" if value is None else f"{float(value):.{digits}f}"


def _small(value: float | None) -> str:
    return "not measured" if value is None else f"{float(value):.2g}"


def _percent(value: float) -> str:
    return f"{round(100 * float(value))}\u00a0%"
