"""What a finding says, in words: the one place for every sentence that a page, a report or a terminal shows.

The functions take the JSON of a finding, as a stored report holds it, and say no more than it does: nothing
that was sought and not found is ever put as proof of the contrary. What a verdict means, and what to do about
it, is in `api.report.explanation`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from api.report.numbers import change_text, p_value_text, percent_text, score_text, time_text

Tone = Literal["good", "warn", "bad", "neutral"]
Facts = tuple[tuple[str, str], ...]
Found = Mapping[str, Any]

ESTIMATE = "statistical estimate from the sound, never proof"
UNSIGNED = "the log's key has signed no checkpoint that holds it yet"
NO_VOCALS = "No singing or speech was found."
ACTIONS: dict[str, tuple[str, Tone, str]] = {
    "accept": ("Accept", "good", "No rule of the policy objects to this file."),
    "review": ("Review", "warn", "A person should look at this file before it is used."),
    "reject": ("Reject", "bad", "The policy refuses this file."),
}
"""What each action is called, how it should look, and what it asks for."""
OWNERSHIP: dict[str, tuple[str, Tone]] = {
    "match": ("Registered track", "good"),
    "disputed": ("Disputed", "warn"),
    "record_revoked": ("Record revoked", "warn"),
    "transplant_suspected": ("Copied watermark suspected", "bad"),
    "mark_removed_or_unmarked": ("Registered; no mark found", "warn"),
    "fingerprint_only": ("Registered track", "warn"),
    "mark_unconfirmed": ("Mark found, not confirmed", "warn"),
    "unknown_mark": ("Mark without a record", "warn"),
    "record_invalid": ("Record does not verify", "bad"),
    "credentials_only": ("Named by credentials only", "warn"),
    "no_record": ("Not registered here", "neutral"),
    "not_checked": ("Not checked", "neutral"),
}
"""What each status of ownership is called, and how it should look."""
_OUTCOMES = {"inconclusive": "Inconclusive", "failed": "Check failed", "skipped": "Not checked"}
_MUSIC: dict[str, tuple[str, Tone]] = {
    "synthetic": ("Traces of a neural decoder", "warn"),
    "no_trace": ("No trace of a neural decoder found", "neutral"),
    "bona_fide": ("No trace of a neural decoder found", "neutral"),  # as earlier reports call it
    "uncertain": ("Cannot be decided", "neutral"),
}
_SOURCES = {
    "trainedAlgorithmicMedia": "made by AI",
    "compositeWithTrainedAlgorithmicMedia": "partly made by AI",
    "digitalCapture": "recorded",
    "digitalCreation": "made with software that generates nothing",
}
"""IPTC digital source types, as the signer declares them."""


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


def questions(found: Found) -> tuple[Told, ...]:
    """Every question that an audit answers."""
    return (
        ownership(found["ownership"], found["fingerprint"]),
        watermark(found["watermark"], *_outcome(found, "watermark")),
        credentials(found["credentials"], *_outcome(found, "credentials")),
        music(found["ai"]),
        voice(found["voice"]),
    )


def _outcome(found: Found, check: str) -> tuple[str, str]:
    """What became of a check, and why it gave no answer, if it gave none."""
    start, outcome = f"{check}: ", found.get("checks", {}).get(check, "done")
    warnings = (str(text) for text in found.get("warnings") or ())
    told = next((text.removeprefix(start) for text in warnings if text.startswith(start)), None)
    return outcome, told or "This check was not part of the audit."


def ownership(owned: Found, matches: Any = ()) -> Told:
    """Whose the audio is."""
    answer, tone = OWNERSHIP.get(owned["status"], (str(owned["status"]), "neutral"))
    record = owned.get("record") or {}
    told = (
        ("Title", record.get("title")),
        ("Owners", owners(record)),
        ("Claim", record.get("claim_status")),
        ("Log", UNSIGNED if record.get("log_signed") is False else None),
        ("Record", owned.get("record_id")),
        *(("Fingerprint", match(one)) for one in matches[:3]),
    )
    facts = tuple((name, str(value)) for name, value in told if value)
    basis = "signed record, log, watermark and fingerprint together"
    return Told("Whose is it?", answer, str(owned["text"]), tone, facts, basis)


def owners(record: Found) -> str:
    """Who a record says owns the track, each once."""
    return ", ".join(dict.fromkeys(str(owner.get("name", "")) for owner in record.get("owners") or ()))


def claim(record: Found) -> str:
    """What a verified record claims, in one line."""
    text = f"“{record['title']}”, owner {owners(record)}, AI: {record['ai_involvement']['overall']}"
    return text if record.get("log_signed", True) else f"{text}; {UNSIGNED}"


def match(found: Found) -> str:
    """A registered track that the audio holds, in a few words."""
    return f"{found['record_id']}, score {found['score']:.2f}"


def fingerprint_line(matches: Any, outcome: str) -> str:
    """The registered tracks in one line; where the comparison broke off, what it had found by then."""
    each = "; ".join(f"record {match(one)}, from {time_text(one['offset_s'])} on" for one in matches)
    if outcome != "done":
        return f"not judged ({outcome})" + (f"; until then: {each}" if each else "")
    return each or "no registered track"


def watermark(mark: Found, outcome: str = "done", reason: str = "") -> Told:
    """Whether our mark is in the sound; where the check gave no answer, its outcome and the reason."""
    question, basis = "Is our watermark in it?", "keyed mark in the sound"
    if outcome != "done":
        return Told(question, _OUTCOMES.get(outcome, outcome), reason, basis=basis)
    p_value = ("p-value", p_value_text(mark["p_value"]))
    if not mark["present"]:
        text = f"No mark of this registry can be read{searched(mark)}. Marks of other registries stay unseen."
        return Told(question, "No", text, facts=(p_value,), basis=basis)
    facts: Facts = (("Message", str(mark["message"] or "unreadable")), p_value)
    if abs(float(mark.get("speed") or 1) - 1) > 0.001:
        facts += (("Speed", f"{mark['speed']:.3f}"),)
    text = "The mark can be read from the sound itself, whatever happened to the file."
    return Told(question, "Yes", text, "good", facts, basis)


def searched(mark: Found) -> str:
    """Where an unheard mark was looked for; nothing of audits that did not keep it."""
    told = mark.get("searched")
    if not told:
        return ""
    if told["search"] == "full":
        return ", at speeds and tempos from 0.75 to 1.28 and pitches up to 2.5 semitones away"
    known = ", and at the changes that its fingerprint tells" if told["known"] else ""
    return f" at the file's own speed and pitch{known}; no other was looked at"


def watermark_line(mark: Found, outcome: str) -> str:
    """A detection in one line."""
    if outcome != "done":
        return f"not judged ({outcome})"
    if not mark["present"]:
        return "none of ours" + ("" if mark["p_value"] is None else f" (p-value {mark['p_value']:.2g})")
    return f"message {mark['message']} (p-value {p_value_text(mark['p_value'])}{change_text(mark)})"


def credentials(seen: Found, outcome: str = "done", reason: str = "") -> Told:
    """What the content credentials in the file vouch for; without an answer as in `watermark`."""
    question, basis = "Does it carry content credentials?", "C2PA manifest in the file"
    if outcome != "done":
        return Told(question, _OUTCOMES.get(outcome, outcome), reason, basis=basis)
    answer, text, tone = _vouched(seen)
    if not seen["present"]:
        return Told(question, answer, text, basis=basis)
    facts: Facts = (("Signer", str(seen.get("signer") or "unnamed")),)
    if seen.get("digital_source_type"):
        name = str(seen["digital_source_type"]).rsplit("/", 1)[-1]
        facts += (("Declared source", _SOURCES.get(name, name)),)
    return Told(question, answer, text, tone, facts, basis)


def _vouched(seen: Found) -> tuple[str, str, Tone]:
    """Signature, binding and trust are three separate facts."""
    if not seen["present"]:
        return "None", "Re-encoding removes them, so this proves nothing.", "neutral"
    if not seen.get("signature_valid", seen["valid"]):
        return "Broken", "Their signature does not hold: they vouch for nothing.", "bad"
    if not seen.get("content_bound", seen["valid"]):
        return "Broken", "The file was changed after it was signed.", "bad"
    if not seen["valid"]:
        return "Faulty", "They fit the file, but a validator found something else wrong with them.", "bad"
    if not seen.get("trusted", seen["valid"]):
        text = "Unchanged since it was signed, by somebody whose certificate leads to no root known here."
        return "Unknown signer", text, "warn"
    if seen.get("record_known") is False:
        text = f"They name record {seen['record_id']}, which this registry does not know."
        return "Another registry's or tenant's", text, "warn"
    text = "Unchanged since it was signed, and the signer's certificate leads to a root known here."
    return "Valid", f"{text} That proves who signed, not that what is said is true.", "good"


def credentials_line(seen: Found, outcome: str) -> str:
    """Content credentials in one line."""
    if outcome != "done":
        return f"not judged ({outcome})"
    if not seen["present"]:
        return "none"
    facts = (
        "signature valid" if seen["signature_valid"] else "signature not valid",
        "content bound" if seen["content_bound"] else "content changed after signing",
        "signer known here" if seen["trusted"] else "signer not known here",
    )
    return ", ".join(facts) + f"; signed by {seen['signer']}"


def music(ai: Found) -> Told:
    """Whether traces of a machine were found in the sound."""
    question, facts = "Are there traces of a machine?", _music_facts(ai)
    if ai["score"] is None:
        text = f"{ai.get('reason') or 'nothing could be measured'}."
        return Told(question, "Not measured", text, basis=ESTIMATE)
    answer, tone = _MUSIC.get(ai["verdict"], (str(ai["verdict"]), "neutral"))
    if ai["verdict"] == "synthetic":
        text = "The sound went through a neural decoder, the last stage of every music generator. "
        text += "A recording sent through a neural codec looks the same."
    elif ai["verdict"] == "uncertain":
        text = _sentence(str(ai.get("reason") or "the evidence does not decide"))
    else:
        rates = ", in ".join(f"{100 * m['share']:.0f} % {m['condition']}" for m in ai.get("misses") or ())
        text = "That says nothing of who made the recording."
        text += f" None is found in known generators' music either: in {rates}." if rates else ""
    return Told(question, answer, text, tone, facts, ESTIMATE)


def _music_facts(ai: Found) -> Facts:
    if ai["score"] is None:
        return ()
    facts: Facts = (
        ("Score", score_text(ai["score"])),
        ("p-value (human music)", p_value_text(ai["p_value"])),
    )
    return (*facts, ("Resembles", resembles(ai))) if resembles(ai) else facts


def resembles(ai: Found) -> str:
    """The likeliest decoders, where there are traces of one."""
    if ai["verdict"] != "synthetic":
        return ""
    likely = [g for g in ai.get("generator") or () if g.get("share")][:3]
    return ", ".join(f"{g['family']} {percent_text(g['share'])}" for g in likely)


def exhibits(ai: Found) -> tuple[str, ...]:
    """The evidence, strongest first, a sentence each."""
    texts = (str(item.get("text", "")) for item in ai.get("evidence") or ())
    return tuple(_sentence(text) for text in texts if text)


def music_line(ai: Found) -> str:
    """The music finding in one line."""
    if ai["score"] is None:
        return f"not measured: {ai.get('reason')}"
    score, p_value = score_text(ai["score"]), p_value_text(ai["p_value"])
    line = f"{_lower(music(ai).answer)}; score {score}, p-value {p_value} against human music"
    return f"{line}; resembles {resembles(ai)}" if resembles(ai) else line


def voice(found: Found) -> Told:
    """Whether an enrolled artist's voice is imitated, as the policy judges it."""
    answer, text, tone = _imitated(found)
    facts: Facts = ()
    if found["has_voice"] and found.get("synthetic_score") is not None:
        facts = (("Synthetic score", score_text(found["synthetic_score"])),)
        facts += tuple((str(a["name"]), artist(a)) for a in found.get("artists") or ())
    return Told("Whose voice is it?", answer, text, tone, facts, ESTIMATE)


def _imitated(found: Found) -> tuple[str, str, Tone]:
    if not_measured(found):
        return "Not measured", f"{found.get('reason') or 'the vocals could not be measured'}.", "neutral"
    if not found["has_voice"]:
        return "No vocals", NO_VOCALS, "neutral"
    artists = found.get("artists") or ()
    copies = [a for a in artists if a.get("suspected")]
    named = ", ".join(str(a["name"]) for a in copies)
    if copies and all(a.get("consent") == "active" for a in copies):
        return "Authorised copy", f"It sounds like a copy of {named}, and a consent is on file.", "good"
    if copies:
        return "Clone suspected", f"It sounds like a synthetic copy of {named}.", "bad"
    if not artists:
        return "No artist compared", "The vocals were compared with no enrolled artist.", "neutral"
    text = "No comparison reached the policy's limit. Most copies stay below it, so this is no all-clear."
    return "No clone established", text, "neutral"


def not_measured(found: Found) -> bool:
    """Whether the vocals gave no answer."""
    unheard = found["has_voice"] and found.get("synthetic_score") is None
    return found["has_voice"] is None or bool(unheard)


def voice_line(found: Found) -> str:
    """The voice finding in one line."""
    if not_measured(found):
        return f"not measured: {found.get('reason')}"
    if not found["has_voice"]:
        return _lower(NO_VOCALS).rstrip(".")
    lines = [f"{_lower(voice(found).answer)}; synthetic score {score_text(found['synthetic_score'])}"]
    lines += [f"{a['name']}: {artist(a)}" for a in found["artists"]]
    return "; ".join(lines)


def artist(row: Found) -> str:
    """How the vocals compare with one artist."""
    similarity = row.get("similarity")
    told = "not measured" if similarity is None else f"{similarity:.1f} (3 and more: alike)"
    clone, says = row.get("clone_score"), row.get("consent_says")
    text = f"similarity {told}" + ("" if clone is None else f", clone score {score_text(clone)}")
    return f"{text}, consent on record: {row.get('consent', 'unknown')}" + (f" ({says})" if says else "")


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


def _lower(text: str) -> str:
    return f"{text[:1].lower()}{text[1:]}"
