"""Whose the audio is and what vouches for it, in words: record, mark, credentials, fingerprint."""

from collections.abc import Iterator
from typing import Any

from api.language import _, later, named
from api.language.figures import number_text
from api.report.numbers import change_text, p_value_text, span_text, time_text, told_chance
from api.report.words.log import UNSIGNED
from api.report.words.owned import owned_text
from api.report.words.parts import several, several_text
from api.report.words.reasons import reason_text
from api.report.words.record import declared_ai
from api.report.words.told import KEYED, OUTCOMES, Facts, Found, Told, Tone, not_judged, sentence

OWNERSHIP: dict[str, tuple[str, Tone]] = {
    "match": (later("Registered track"), "good"),
    "disputed": (later("Disputed"), "warn"),
    "record_revoked": (later("Record revoked"), "warn"),
    "transplant_suspected": (later("Copied watermark suspected"), "bad"),
    "mark_removed_or_unmarked": (later("Registered; no mark found"), "warn"),
    "fingerprint_only": (later("Registered track"), "warn"),
    "mark_unconfirmed": (later("Mark found, not confirmed"), "warn"),
    "unknown_mark": (later("Mark without a record"), "warn"),
    "record_invalid": (later("Record does not verify"), "bad"),
    "credentials_only": (later("Named by credentials only"), "warn"),
    "no_record": (later("No record found here"), "neutral"),
    "not_checked": (later("Not checked"), "neutral"),
}
"""What each status of ownership is called, and how it should look."""
_SOURCES = {
    "trainedAlgorithmicMedia": later("made by AI"),
    "compositeWithTrainedAlgorithmicMedia": later("partly made by AI"),
    "digitalCapture": later("recorded"),
    "digitalCreation": later("made with software that generates nothing"),
}
"""IPTC digital source types, as the signer declares them."""
SHOWN_TAGS = 8
"""Of a file's own tags; a hostile file has many."""
MARK_CHANCE = later("Chance of reading as much where there is no mark")
"""What the p-value of the watermark is the probability of."""


def ownership(owned: Found, matches: Any = ()) -> Told:
    """Whose the audio is."""
    answer, tone = OWNERSHIP.get(owned["status"], (str(owned["status"]), "neutral"))
    record = owned.get("record") or {}
    told = (
        (_("Title"), record.get("title")),
        (_("Owners"), owners(record)),
        (_("Claim"), claim_status(record)),
        (_("Log"), _(UNSIGNED) if record.get("log_signed") is False else None),
        (_("Record"), owned.get("record_id")),
        *((_("Fingerprint"), match(one)) for one in matches[:3]),
    )
    facts = tuple((name, str(value)) for name, value in told if value)
    basis = _("signed record, log, watermark and fingerprint together")
    question = _("Whose recording is it?")
    if several(owned):
        return Told(question, _("Tracks of several owners"), several_text(owned), "warn", facts, basis)
    return Told(question, _(answer), owned_text(owned, matches), tone, facts, basis)


def owners(record: Found) -> str:
    """Who a record says owns the track, each once."""
    return ", ".join(dict.fromkeys(str(owner.get("name", "")) for owner in record.get("owners") or ()))


def claim(record: Found) -> str:
    """What a verified record claims, in one line."""
    text = _(
        "“%(title)s”, owner %(owners)s; it declares of AI: %(declared)s",
        title=record["title"],
        owners=owners(record),
        declared=declared_ai(record),
    )
    return text if record.get("log_signed", True) else f"{text}; {_(UNSIGNED)}"


CLAIMS = {
    "asserted": later("asserted"),
    "evidenced": later("evidenced"),
    "disputed": later("disputed"),
    "revoked": later("revoked"),
}
"""How far anybody has looked at a claim."""


def claim_status(record: Found) -> str | None:
    """How far anybody has looked at what a record claims."""
    status = record.get("claim_status")
    return None if status is None else named(CLAIMS, status)


def match(found: Found) -> str:
    """A registered track that the audio holds, in a few words."""
    return _(
        "%(record)s, score %(score)s",
        record=found["record_id"],
        score=number_text(f"{found['score']:.2f}"),
    )


def placed(found: Found) -> str:
    """The same, with the moment of the track at which the audio begins, or the other way round."""
    if found["offset_s"] < 0:
        into = time_text(-found["offset_s"] / (found.get("speed") or 1.0))
        return _("record %(match)s, which begins at %(moment)s of the file", match=match(found), moment=into)
    return _("record %(match)s, from %(moment)s on", match=match(found), moment=time_text(found["offset_s"]))


def fingerprint_line(matches: Any, outcome: str) -> str:
    """The registered tracks in one line; where the comparison broke off, what it had found by then."""
    each = "; ".join(map(placed, matches))
    if outcome != "done":
        return not_judged(outcome) + (_("; until then: %(matches)s", matches=each) if each else "")
    return each or _("no registered track")


def watermark(mark: Found, outcome: str = "done", reason: str = "") -> Told:
    """Whether our mark is in the sound; where the check gave no answer, its outcome and the reason."""
    question, basis = _("Does it carry this registry's watermark?"), _(KEYED)
    if outcome != "done":
        return Told(
            question,
            named(OUTCOMES, outcome),
            sentence(reason_text(reason)),
            basis=basis,
        )
    chance = (_(MARK_CHANCE), told_chance(mark["p_value"]))
    if not mark["present"]:
        text = _("No mark of this registry can be read%(where)s.", where=searched(mark))
        if (mark.get("searched") or {}).get("asked_for"):
            text = " ".join(
                (text, _("The marks of the tracks that the fingerprint names were asked for by name."))
            )
        text = " ".join((text, _("Marks of other registries stay unseen.")))
        return Told(question, _("No mark found"), text, facts=(chance,), basis=basis)
    facts: Facts = ((_("Message"), str(mark["message"] or _("unreadable"))), chance)
    if abs(float(mark.get("speed") or 1) - 1) > 0.001:
        facts += ((_("Speed"), number_text(f"{mark['speed']:.3f}")),)
    if left_out(mark):
        facts += ((_("Other changes of speed and pitch not searched"), left_out(mark)),)
    text = _("The mark was read from the sound itself; what vouches for it is the record that it names.")
    if any(m.get("by_name") and m["message"] == mark["message"] for m in mark.get("messages") or ()):
        text = _(
            "The mark could not be read from the sound. It was heard when it was asked for by the message of "
            "this very record, whose track the fingerprint names."
        )
    return Told(question, _("Yes"), text, "good", facts, basis)


def searched(mark: Found) -> str:
    """Where an unheard mark was looked for; nothing of audits that did not keep it."""
    told = mark.get("searched")
    if not told:
        return ""
    if told["search"] == "full":
        # a finding that does not say what it left out is of a release that looked less far
        most = "3" if "left_out" in told else "2.5"
        where = _(
            ", at speeds and tempos from %(low)s to %(high)s and pitches up to %(most)s semitones away",
            low=number_text("0.75"),
            high=number_text("1.28"),
            most=number_text(most),
        )
        missed = left_out(mark)
        return where + (_(", but not at all of them in %(where)s", where=missed) if missed else "")
    if told["known"]:
        return _(
            " at the file's own speed and pitch, and at the changes that its fingerprint tells; no other was "
            "looked at"
        )
    return _(" at the file's own speed and pitch; no other was looked at")


def left_out(mark: Found) -> str:
    """Where a full search ended before it had looked at every change; nothing where it did not."""
    parts = (mark.get("searched") or {}).get("left_out", ())
    return ", ".join(span_text(part["start_s"], part["end_s"]) for part in parts)


def watermark_line(mark: Found, outcome: str) -> str:
    """A detection in one line."""
    if outcome != "done":
        return not_judged(outcome)
    if not mark["present"]:
        if mark["p_value"] is None:
            return _("none of ours")
        return _("none of ours (p-value %(p_value)s)", p_value=p_value_text(mark["p_value"]))
    return _(
        "message %(message)s (p-value %(p_value)s%(changed)s)",
        message=mark["message"],
        p_value=p_value_text(mark["p_value"]),
        changed=change_text(mark),
    )


def credentials(seen: Found, outcome: str = "done", reason: str = "") -> Told:
    """What the content credentials in the file vouch for; without an answer as in `watermark`."""
    question, basis = _("Does it carry content credentials?"), _("C2PA manifest in the file")
    if outcome != "done":
        return Told(
            question,
            named(OUTCOMES, outcome),
            sentence(reason_text(reason)),
            basis=basis,
        )
    answer, text, tone = _vouched(seen)
    facts: Facts = ()
    if seen["present"]:
        facts += ((_("Signer"), str(seen.get("signer") or _("unnamed"))),)
        if seen.get("digital_source_type"):
            name = str(seen["digital_source_type"]).rsplit("/", 1)[-1]
            facts += ((_("Declared source"), named(_SOURCES, name)),)
    own = seen.get("tags") or {}
    facts += tuple(_own_tags(own))
    said = tags_said(own)
    return Told(question, answer, f"{text} {sentence(said)}" if said else text, tone, facts, basis)


def _vouched(seen: Found) -> tuple[str, str, Tone]:
    """Signature, binding and trust are three separate facts."""
    if not seen["present"]:
        return _("None"), _("Converting a file removes them: that none are there proves nothing."), "neutral"
    if not seen.get("signature_valid", seen["valid"]):
        return _("Broken"), _("Their signature does not hold: they vouch for nothing."), "bad"
    if not seen.get("content_bound", seen["valid"]):
        return _("Broken"), _("The file was changed after it was signed."), "bad"
    if not seen["valid"]:
        text = _("They fit the file, but a validator found something else wrong with them.")
        return _("Faulty"), text, "bad"
    if not seen.get("trusted", seen["valid"]):
        text = _("Unchanged since it was signed, by somebody whose certificate leads to no root known here.")
        return _("Unknown signer"), text, "warn"
    if seen.get("record_known") is False:
        named = seen["record_id"]
        text = _("They name record %(record)s, which this registry does not know.", record=named)
        return _("Another registry's or tenant's"), text, "warn"
    text = _(
        "Unchanged since it was signed, and the signer's certificate leads to a root known here. That proves "
        "who signed, not that what is said is true."
    )
    return _("Valid"), text, "good"


def tags_said(own: Found) -> str:
    """What a file's own tags say of AI, as a clause; nothing where they are silent (or of a former audit)."""
    says, said = own.get("says_ai"), ""
    if says is not None:
        said = (
            _("the file's own tags, which anybody can write, say that AI was used")
            if says
            else _(
                "the file's own tags, which anybody can write, say that no AI was used, which shows nothing"
            )
        )
    if not own.get("unreadable"):
        return said
    unread = _("the file's own tags could not all be read")
    return said + _("; they could not all be read") if said else unread


def _own_tags(own: Found) -> Iterator[tuple[str, str]]:
    statements = own.get("statements") or ()
    for one in statements[:SHOWN_TAGS]:
        yield _("Its own tag %(name)s", name=one["name"]), str(one["text"])
    more = len(statements[SHOWN_TAGS:]) + int(own.get("left_out") or 0)
    if more:
        yield _("Its own tags, not shown"), str(more)


def other_record(record_id: str) -> str:
    """That credentials name another record than mark and sound do."""
    return _("they name another record, %(record)s", record=record_id)


def credentials_line(seen: Found, outcome: str) -> str:
    """Content credentials in one line."""
    if outcome != "done":
        return not_judged(outcome)
    said = tags_said(seen.get("tags") or {})
    own = f"; {said}" if said else ""
    if not seen["present"]:
        return _("none (re-encoding removes them)") + own
    facts = (
        _("signature valid") if seen["signature_valid"] else _("signature not valid"),
        _("content bound") if seen["content_bound"] else _("content changed after signing"),
        _("signer known here") if seen["trusted"] else _("signer not known here"),
    )
    line = ", ".join(facts) + _("; signed by %(signer)s", signer=seen["signer"])
    if seen.get("stamped_at"):
        moment = f"{str(seen['stamped_at'])[:19]}Z"
        line += (
            _("; stamped %(moment)s by a time-stamp authority that is trusted here", moment=moment)
            if seen.get("stamp_trusted")
            else _("; stamped %(moment)s by a time-stamp authority that is not trusted here", moment=moment)
        )
    return line + own
