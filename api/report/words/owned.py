"""Whose the audio is, in a sentence: as the signed statement says it, or made anew in another language.

The statement's sentence is English; every other language is told from the status and from what it rests on.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from api.audit.beside import TOLD_FROM_S
from api.audit.ownership import UNSOUGHT
from api.language import _, later, ngettext, spoken
from api.report.numbers import moment_text
from api.report.words.told import Found
from core import clock

_SIMPLE: Mapping[str, str] = {
    "match": later("Watermark and fingerprint both name record %(record)s."),
    "fingerprint_only": later(
        "The audio is that of record %(record)s by its fingerprint. Whether it carries the mark is not known."
    ),
    "mark_unconfirmed": later(
        "The mark names record %(record)s. Whether the audio is that record's is not known."
    ),
    "unknown_mark": later(
        "The audio carries the mark %(record)s, made with this registry's key, but it names no record."
    ),
    "record_invalid": later("Record %(record)s does not verify."),
    "credentials_only": later(
        "Trusted credentials, bound to this file, name record %(record)s; mark and fingerprint do not."
    ),
    "no_record": later("No record of this registry is known for this audio."),
    "not_checked": later("Whose recording it is was not checked, or could not be."),
}
"""Of the statuses that rest on the record's id alone."""


def owned_text(owned: Found, matches: Sequence[Found] = ()) -> str:
    """What was found of ownership.

    Args:
        owned: the finding.
        matches: the registered tracks that the fingerprint found.
    """
    status, record_id = str(owned["status"]), owned.get("record_id")
    if spoken() == "en":
        return str(owned["text"])
    if status in _SIMPLE:
        told = _(_SIMPLE[status], record=record_id)
    elif status in _RICH:
        told = _RICH[status](owned, matches)
    else:
        return str(owned["text"])
    return " ".join(filter(None, (told, rest_text(owned))))


def rest_text(owned: Found) -> str:
    """How much of the audio is no registered track's, where that is worth telling."""
    rest_s = owned.get("unregistered_s")
    if rest_s is None or rest_s < TOLD_FROM_S:
        return ""
    return _("%(seconds)s s of the audio lie in no registered track.", seconds=f"{rest_s:.0f}")


def _unmarked(owned: Found, _matches: Sequence[Found]) -> str:
    start = _(
        "The audio is that of record %(record)s, and no watermark was found in it:",
        record=owned.get("record_id"),
    )
    if not (owned.get("record") or {}).get("marked"):
        end = _("the record does not say that the track was ever marked.")
    elif UNSOUGHT in str(owned["text"]):
        end = _("it was not looked for at every speed and pitch.")
    else:
        end = _("the original from before it was tagged, or a copy that lost its mark.")
    return f"{start} {end}"


def _transplanted(owned: Found, matches: Sequence[Found]) -> str:
    record = owned.get("record_id")
    # of several tracks in the audio the statement names the one that lies under the mark
    other = next((one["record_id"] for one in matches if one["record_id"] in str(owned["text"])), None)
    if other:
        start = _(
            "The mark names record %(record)s, but the audio is that of record %(other)s.",
            record=record,
            other=other,
        )
    else:
        start = _("The mark names record %(record)s, but the audio is not that record's.", record=record)
    return " ".join((start, _("The mark may have been copied from another track.")))


def _revoked(owned: Found, _matches: Sequence[Found]) -> str:
    start = _("Record %(record)s was revoked:", record=owned.get("record_id"))
    return f"{start} {_stated(owned.get('record') or {}, 'revoke')}"


def _disputed(owned: Found, _matches: Sequence[Found]) -> str:
    claims = list(owned.get("claims") or ())
    if len(claims) > 1:
        start = ngettext(
            "%(num)s record of different owners claims this audio, the earliest first:",
            "%(num)s records of different owners claim this audio, the earliest first:",
            len(claims),
        )
        return f"{start} {'; '.join(map(_claim, claims))}."
    if claims:
        start = _("The claim of %(claim)s is disputed:", claim=_claim(claims[0]))
    else:
        start = _("The claim of record %(record)s is disputed:", record=owned.get("record_id"))
    return f"{start} {_stated(owned.get('record') or {}, 'dispute.open')}"


def _claim(claim: Found) -> str:
    told = _(
        "record %(record)s of %(owners)s (entry %(entry)s of the log",
        record=claim["record_id"],
        owners=", ".join(claim["owners"]),
        entry=claim["log_index"],
    )
    if claim.get("logged_at"):
        told += _(", written %(moment)s by the log's own clock", moment=moment_text(claim["logged_at"]))
    if claim.get("witnessed_at") is not None:
        seen = moment_text(clock.utc_text(datetime.fromtimestamp(claim["witnessed_at"], UTC)))
        told += _(", seen by a third party no later than %(moment)s", moment=seen)
    return f"{told})"


def _stated(record: Found, kind: str) -> str:
    """Who said so, by which key, and what that proves: the name is whatever the writer put there."""
    stated = [one for one in record.get("statements") or () if one["type"] == kind]
    if not stated:
        return _("who said so is not on record.")
    last = stated[-1]
    text = _(
        "stated in the name of %(issuer)s (%(reason)s), signed by key %(key)s.",
        issuer=last["issuer"],
        reason=last["reason"],
        key=last["keyid"][:16],
    )
    if kind != "revoke":
        return " ".join((text, _("That proves the statement, not that it is right.")))
    named = {str(one["name"]).casefold() for one in record.get("owners") or ()}
    if str(last["issuer"]).casefold() in {*named, str(record.get("issuer")).casefold()}:
        return " ".join((text, _("That is the name of an owner or of the issuer on the record.")))
    return " ".join((text, _("That is no owner on the record: ask its owners whether they withdrew it.")))


_RICH = {
    "mark_removed_or_unmarked": _unmarked,
    "transplant_suspected": _transplanted,
    "record_revoked": _revoked,
    "disputed": _disputed,
}
"""Of the others."""
