"""What a record says, in words: who holds what, what is declared of AI, and what happened to it."""

from collections.abc import Iterable, Mapping
from typing import Any

from api.language import _, later, named
from api.language.figures import number_text

Found = Mapping[str, Any]

EVENTS = {
    "register": later("Registered"),
    "amend": later("Amended"),
    "transfer": later("Transferred"),
    "dispute.open": later("Dispute opened"),
    "dispute.close": later("Dispute closed"),
    "revoke": later("Revoked"),
}
"""What each kind of event is called."""
_DECLARED = {
    "None": later("no AI was used"),
    "Partly": later("AI was used for parts"),
    "All": later("made wholly by AI"),
    "Undeclared": later("nothing declared"),
}
_MADE_OF = {
    "score": later("the score"),
    "melody": later("the melody"),
    "continued": later("the beginning"),
}
_RIGHTS = {
    "master": later("%(share)s of the master right"),
    "publishing": later("%(share)s of the publishing right"),
    "performance": later("%(share)s of the performance right"),
    "neighbouring": later("%(share)s of the neighbouring right"),
}
"""Each kind of right, with the share of it that somebody holds."""


def event(kind: str) -> str:
    """What a kind of event is called."""
    return named(EVENTS, kind)


def holding(owner: Found) -> str:
    """One owner's part: who, how much of which right, and where."""
    if owner.get("share") is None:
        return str(owner["name"])
    territories = list(owner.get("territories") or ())
    share = number_text(f"{100 * owner['share']:.6g}\u00a0%")
    right = _RIGHTS.get(str(owner["right"]))
    part = (
        _(right, share=share)
        if right
        else _("%(share)s of the %(right)s right", share=share, right=owner["right"])
    )
    if territories == ["WORLD"]:
        where = _(", worldwide")
    else:
        where = _(" in %(places)s", places=" ".join(territories)) if territories else ""
    return f"{owner['name']}, {part}{where}"


def declared_ai(record: Found) -> str:
    """What a record declares of AI, in words that cannot be taken for a missing value."""
    involvement = record.get("ai_involvement") or {}
    declared = str(involvement.get("overall"))
    generator = _(", with %(generator)s", generator=record["generator"]) if record.get("generator") else ""
    return named(_DECLARED, declared) + generator


def ingredient(made_of: Found) -> str:
    """A file that a recording was made from, as its record names it."""
    what = _(_MADE_OF[made_of["relation"]])
    form = f" ({made_of['format']})" if made_of.get("format") else ""
    own = _(", of record %(record)s", record=made_of["record_id"]) if made_of.get("record_id") else ""
    signed = _(", signed by %(signer)s", signer=made_of["signer"]) if made_of.get("signer") else ""
    told = _("%(what)s with SHA-256 %(digest)s", what=f"{what}{form}", digest=made_of["sha256"])
    return f"{told}{own}{signed}"


CONSENTS = {"active": later("Active"), "expired": later("Expired"), "revoked": later("Revoked")}
"""Where a consent stands."""
_SCOPES = {"singing": later("singing"), "speech": later("speech"), "training": later("training")}


def consent_state(state: str) -> str:
    """Where a consent stands, in a word."""
    return named(CONSENTS, state)


def scopes(names: Iterable[str]) -> str:
    """What a consent allows."""
    return ", ".join(named(_SCOPES, name) for name in names)


def territories(codes: Iterable[str]) -> str:
    """Where it allows that."""
    return ", ".join(_("worldwide") if code == "WORLD" else code for code in codes)
