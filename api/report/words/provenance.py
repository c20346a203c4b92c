"""Whose the audio is and what vouches for it, in words: record, mark, credentials, fingerprint."""

from collections.abc import Iterator
from typing import Any

from api.audit.numbers import p_value_text
from api.report.numbers import change_text, clock_text, time_text
from api.report.words.log import UNSIGNED
from api.report.words.told import KEYED, OUTCOMES, Facts, Found, Told, Tone, not_judged, sentence

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
_SOURCES = {
    "trainedAlgorithmicMedia": "made by AI",
    "compositeWithTrainedAlgorithmicMedia": "partly made by AI",
    "digitalCapture": "recorded",
    "digitalCreation": "made with software that generates nothing",
}
"""IPTC digital source types, as the signer declares them."""
SHOWN_TAGS = 8
"""Of a file's own tags; a hostile file has many."""


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


def placed(found: Found) -> str:
    """The same, with the moment of the track at which the audio begins."""
    return f"record {match(found)}, from {time_text(found['offset_s'])} on"


def fingerprint_line(matches: Any, outcome: str) -> str:
    """The registered tracks in one line; where the comparison broke off, what it had found by then."""
    each = "; ".join(map(placed, matches))
    if outcome != "done":
        return not_judged(outcome) + (f"; until then: {each}" if each else "")
    return each or "no registered track"


def watermark(mark: Found, outcome: str = "done", reason: str = "") -> Told:
    """Whether our mark is in the sound; where the check gave no answer, its outcome and the reason."""
    question, basis = "Is our watermark in it?", KEYED
    if outcome != "done":
        return Told(question, OUTCOMES.get(outcome, outcome), reason, basis=basis)
    p_value = ("p-value", p_value_text(mark["p_value"]))
    if not mark["present"]:
        text = f"No mark of this registry can be read{searched(mark)}. Marks of other registries stay unseen."
        return Told(question, "No", text, facts=(p_value,), basis=basis)
    facts: Facts = (("Message", str(mark["message"] or "unreadable")), p_value)
    if abs(float(mark.get("speed") or 1) - 1) > 0.001:
        facts += (("Speed", f"{mark['speed']:.3f}"),)
    if left_out(mark):
        facts += (("Other changes of speed and pitch not searched", left_out(mark)),)
    text = "The mark was read from the sound itself; what vouches for it is the record that it names."
    return Told(question, "Yes", text, "good", facts, basis)


def searched(mark: Found) -> str:
    """Where an unheard mark was looked for; nothing of audits that did not keep it."""
    told = mark.get("searched")
    if not told:
        return ""
    if told["search"] == "full":
        # a finding that does not say what it left out is of a release that looked less far
        most = "3" if "left_out" in told else "2.5"
        where = f", at speeds and tempos from 0.75 to 1.28 and pitches up to {most} semitones away"
        return where + (f", but not at all of them in {left_out(mark)}" if left_out(mark) else "")
    known = ", and at the changes that its fingerprint tells" if told["known"] else ""
    return f" at the file's own speed and pitch{known}; no other was looked at"


def left_out(mark: Found) -> str:
    """Where a full search ended before it had looked at every change; nothing where it did not."""
    parts = (mark.get("searched") or {}).get("left_out", ())
    return ", ".join(f"{clock_text(part['start_s'])} to {clock_text(part['end_s'])}" for part in parts)


def watermark_line(mark: Found, outcome: str) -> str:
    """A detection in one line."""
    if outcome != "done":
        return not_judged(outcome)
    if not mark["present"]:
        return "none of ours" + ("" if mark["p_value"] is None else f" (p-value {mark['p_value']:.2g})")
    return f"message {mark['message']} (p-value {p_value_text(mark['p_value'])}{change_text(mark)})"


def credentials(seen: Found, outcome: str = "done", reason: str = "") -> Told:
    """What the content credentials in the file vouch for; without an answer as in `watermark`."""
    question, basis = "Does it carry content credentials?", "C2PA manifest in the file"
    if outcome != "done":
        return Told(question, OUTCOMES.get(outcome, outcome), reason, basis=basis)
    answer, text, tone = _vouched(seen)
    facts: Facts = ()
    if seen["present"]:
        facts += (("Signer", str(seen.get("signer") or "unnamed")),)
        if seen.get("digital_source_type"):
            name = str(seen["digital_source_type"]).rsplit("/", 1)[-1]
            facts += (("Declared source", _SOURCES.get(name, name)),)
    own = seen.get("tags") or {}
    facts += tuple(_own_tags(own))
    said = tags_said(own)
    return Told(question, answer, f"{text} {sentence(said)}" if said else text, tone, facts, basis)


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


def tags_said(own: Found) -> str:
    """What a file's own tags say of AI, as a clause; nothing where they are silent (or of a former audit)."""
    says, said = own.get("says_ai"), ""
    if says is not None:
        whether = "that AI was used" if says else "that no AI was used, which shows nothing"
        said = f"the file's own tags, which anybody can write, say {whether}"
    if not own.get("unreadable"):
        return said
    return f"{said}; they could not all be read" if said else "the file's own tags could not all be read"


def _own_tags(own: Found) -> Iterator[tuple[str, str]]:
    statements = own.get("statements") or ()
    for one in statements[:SHOWN_TAGS]:
        yield f"Its own tag {one['name']}", str(one["text"])
    more = len(statements[SHOWN_TAGS:]) + int(own.get("left_out") or 0)
    if more:
        yield "Its own tags, not shown", str(more)


def other_record(record_id: str) -> str:
    """That credentials name another record than mark and sound do."""
    return f"they name another record, {record_id}"


def credentials_line(seen: Found, outcome: str) -> str:
    """Content credentials in one line."""
    if outcome != "done":
        return not_judged(outcome)
    said = tags_said(seen.get("tags") or {})
    own = f"; {said}" if said else ""
    if not seen["present"]:
        return f"none (re-encoding removes them){own}"
    facts = (
        "signature valid" if seen["signature_valid"] else "signature not valid",
        "content bound" if seen["content_bound"] else "content changed after signing",
        "signer known here" if seen["trusted"] else "signer not known here",
    )
    line = ", ".join(facts) + f"; signed by {seen['signer']}"
    if seen.get("stamped_at"):
        whom = "trusted here" if seen.get("stamp_trusted") else "not trusted here"
        line += f"; stamped {str(seen['stamped_at'])[:19]}Z by a time-stamp authority that is {whom}"
    return line + own
