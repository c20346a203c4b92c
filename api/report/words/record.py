"""What a record says, in words: who holds what, what is declared of AI, and what happened to it."""

from collections.abc import Iterable, Mapping
from typing import Any

from api.language import _, later

Found = Mapping[str, Any]

EVENTS = {
    "register": "Registered",
    "amend": "Amended",
    "transfer": "Transferred",
    "dispute.open": "Dispute opened",
    "dispute.close": "Dispute closed",
    "revoke": "Revoked",
}
"""What each kind of event is called."""
_DECLARED = {
    "None": "no AI was used",
    "Partly": "AI was used for parts",
    "All": "made wholly by AI",
    "Undeclared": "nothing declared",
}


def holding(owner: Found) -> str:
    """One owner's part: who, how much of which right, and where."""
    if owner.get("share") is None:
        return str(owner["name"])
    territories = list(owner.get("territories") or ())
    where = f" in {' '.join(territories)}" if territories else ""
    where = ", worldwide" if territories == ["WORLD"] else where
    return f"{owner['name']}, {100 * owner['share']:.6g}\u00a0% of the {owner['right']} right{where}"


def declared_ai(record: Found) -> str:
    """What a record declares of AI, in words that cannot be taken for a missing value."""
    involvement = record.get("ai_involvement") or {}
    declared = str(involvement.get("overall"))
    generator = f", with {record['generator']}" if record.get("generator") else ""
    return _DECLARED.get(declared, declared) + generator


def ingredient(made_of: Found) -> str:
    """A file that a recording was made from, as its record names it."""
    what = {"score": "the score", "melody": "the melody", "continued": "the beginning"}[made_of["relation"]]
    form = f" ({made_of['format']})" if made_of.get("format") else ""
    own = f", of record {made_of['record_id']}" if made_of.get("record_id") else ""
    signed = f", signed by {made_of['signer']}" if made_of.get("signer") else ""
    return f"{what}{form} with SHA-256 {made_of['sha256']}{own}{signed}"


CONSENTS = {"active": later("Active"), "expired": later("Expired"), "revoked": later("Revoked")}
"""Where a consent stands."""
_SCOPES = {"singing": later("singing"), "speech": later("speech"), "training": later("training")}


def consent_state(state: str) -> str:
    """Where a consent stands, in a word."""
    return _(CONSENTS.get(state, state))


def scopes(names: Iterable[str]) -> str:
    """What a consent allows."""
    return ", ".join(_(_SCOPES.get(name, name)) for name in names)


def territories(codes: Iterable[str]) -> str:
    """Where it allows that."""
    return ", ".join(_("worldwide") if code == "WORLD" else code for code in codes)
