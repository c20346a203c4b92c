"""Page one: what was asked and found, what that does not mean, what was decided, what would change it."""

from collections.abc import Iterator, Mapping
from typing import Any

from api.report import words
from api.report.document.blocks import Answer, Points, Section, Text
from api.report.numbers import percent_text
from api.report.words.heard import not_measured
from api.report.words.meanings import MEANINGS
from api.report.words.provenance import owners
from api.report.words.short import CHECKS, FELL_OUT, MADE, OWNED
from api.report.words.told import ACTIONS, Told, sentence

Found = Mapping[str, Any]

FOUND = "What was found"
OPENED = "For what was not answered: a file that can be judged, or the check made anew."
OPEN = ("check-inconclusive", "check-failed", "check-partly", "check-unread")


def answers(found: Found) -> tuple[Answer, ...]:
    """The questions with their answers, each with what it means."""
    return tuple(
        Answer(told.question, told.answer, _meant(told, found, first=number == 0), told.tone)
        for number, told in enumerate(words.questions(found))
    )


def _meant(told: Told, found: Found, *, first: bool) -> str:
    """The first question is whose it is: its text says what was found, and a verdict what it means."""
    meaning = MEANINGS.get(found["ownership"]["status"], "") if first else ""
    return f"{sentence(told.text)} {meaning}".strip()


def _in_short(found: Found) -> Iterator[str]:
    """Two or three sentences for who reads no more."""
    owned = found["ownership"]
    record = owned.get("record") or {}
    named = f"“{record['title']}” of {owners(record)}" if record.get("verified") else "the record"
    yield OWNED[owned["status"]].format(named=named)
    if found["ai"]["score"] is None:
        yield "Whether its sound bears traces of a machine could not be measured."
    else:
        yield MADE[found["ai"]["verdict"]]
    yield _voices(found["voice"])


def _voices(voice: Found) -> str:
    copies = [str(a["name"]) for a in voice.get("artists") or () if a.get("suspected")]
    if not_measured(voice):
        return "The voice could not be judged."
    if not voice["has_voice"]:
        return "It holds no singing or speech that could be heard."
    if copies:
        return f"The voice sounds like a synthetic copy of {', '.join(copies)}."
    return "That the voice is a copy of an enrolled artist's was not established."


def summary(report: Found) -> tuple[Section, ...]:
    """The headings of page one."""
    found = report["findings"]
    return (
        Section("In short", (Text(" ".join(_in_short(found))),)),
        Section("What was asked", (Text(_asked(report)),)),
        Section(FOUND, ()),
        Section("What this does not mean", (Points(tuple(_not_meant(found))),)),
        Section("Why the decision", _decided(found)),
        Section("What would change the decision", (Points(tuple(_changes(found))),)),
    )


def verdict(found: Found) -> Answer:
    """The decision as the band on page one."""
    word, tone, text = ACTIONS[found["decision"]["action"]]
    return Answer("Decision of the policy", word, text, tone)


def _asked(report: Found) -> str:
    found = report["findings"]
    checks = found.get("checks") or dict.fromkeys(CHECKS, "done")
    asked = [text for name, text in CHECKS.items() if checks.get(name, "skipped") != "skipped"]
    skipped = [text for name, text in CHECKS.items() if checks.get(name, "skipped") == "skipped"]
    text = "One audio file was examined by software, to tell whose recording it is"
    text += f" and to answer: {'; '.join(asked)}." if asked else "."
    return f"{text} Not asked: {'; '.join(skipped)}." if skipped else text


def _not_meant(found: Found) -> Iterator[str]:
    checks = found.get("checks") or {}
    unanswered = [text for name, text in CHECKS.items() if checks.get(name) in ("inconclusive", "failed")]
    if unanswered:
        yield f"Not answered: {'; '.join(unanswered)}. Nothing follows from that, in either direction."
    if (found.get("media") or {}).get("truncated"):
        yield "Only a part of the file could be read; about the rest nothing is said."
    verdict_ = found["ai"]["verdict"] if found["ai"]["score"] is not None else None
    if verdict_ == "synthetic":
        yield (
            "Traces of a machine do not show who composed or performed, and not that anything was forbidden. "
            "A human recording that went through a neural codec, a voice converter or a separator can "
            "bear them."
        )
    elif verdict_ in ("no_trace", "bona_fide"):
        yield f"No trace found does not mean that people made the recording{_missed(found['ai'])}."
    elif verdict_ == "uncertain":
        yield "That traces cannot be decided on speaks neither for a machine nor against one."
    if found["voice"].get("has_voice"):
        yield (
            "That no copy is established does not mean the voice is real: most copies stay below the "
            "limit, and "
            "only enrolled artists are compared."
            if not any(a.get("suspected") for a in found["voice"].get("artists") or ())
            else "A likeness to an artist is an estimate from the sound, no proof that the voice was copied."
        )
    if found["ownership"].get("record"):
        yield "A record proves who claimed the recording, and when; not that the claim is true."
    elif found["ownership"]["status"] == "no_record":
        yield "Not registered here does not mean free to use: most recordings are in no registry."


def _missed(music: Found) -> str:
    """How much of known generators' music shows no trace, in the best and the worst condition told."""
    shares = [miss["share"] for miss in music.get("misses") or () if miss.get("share") is not None]
    if not shares:
        return ""
    low, high = percent_text(min(shares)), percent_text(max(shares))
    told = low if low == high else f"{low} to {high}, depending on its treatment"
    return f": of known generators' music, none is found in {told}"


def _decided(found: Found) -> tuple[Text | Points, ...]:
    decision = found["decision"]
    rules = decision["rules"]
    policy = decision["policy"] or "in force"
    if not rules:
        return (Text(f"No rule of the policy {policy} objects. That is all that “accept” means."),)
    told = tuple(f"{_reason(rule, found)} (rule {rule['rule']}{_source(rule)})" for rule in rules)
    lead = "This rule" if len(rules) == 1 else "These rules"
    return (Text(f"{lead} of the policy {policy} applied:"), Points(told))


def _reason(rule: Found, found: Found) -> str:
    """A rule's words; what stands in the table above already is not told twice."""
    if rule["text"] == found["ownership"]["text"]:
        return "The answer to the first question, above."
    return str(rule["text"])


def _source(rule: Found) -> str:
    return f"; source: {rule['source']}" if rule.get("source") else ""


def _changes(found: Found) -> Iterator[str]:
    rules = list(dict.fromkeys(rule["rule"] for rule in found["decision"]["rules"]))
    if not rules:
        yield "A finding to which a rule of the policy applies, such as a dispute entered in the log later."
    for rule in rules:
        if rule in OPEN:
            yield OPENED
        else:
            text = FELL_OUT.get(rule, "findings to which it no longer applies, or another policy.")
            yield text[:1].upper() + text[1:] if len(rules) == 1 else f"For the rule {rule}: {text}"
