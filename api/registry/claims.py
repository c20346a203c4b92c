"""What a registered record claims, and whether the claim still verifies."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from api.audit.findings import Json, Ownership
from core.errors import TrackmarkError

if TYPE_CHECKING:
    from api.registry.registry import Registry


def known_records(registry: "Registry", ids: Iterable[str]) -> dict[str, Json]:
    """Summaries of those ids that the registry knows, by id."""
    summaries = ((record_id, summarise(registry, record_id)) for record_id in ids)
    return {record_id: found for record_id, found in summaries if found is not None}


def summarise(registry: "Registry", record_id: str) -> Json | None:
    """Title, owners and AI declaration of a record, and whether signature and log proof verify.

    Returns:
        None where the registry holds no such record. A record that fails to verify is returned
        with `verified: False` and the `problem`, never with its claims.
    """
    stored = registry.record(record_id)
    if stored is None:
        return None
    try:
        record = registry.verified(record_id)
    except TrackmarkError as error:
        return {"record_id": record_id, "verified": False, "problem": str(error)}
    return {"record_id": record_id, "verified": True, "problem": None, **record}


def consented(artists: Sequence[Json], ownership: Ownership, *, on: date) -> list[Json]:
    """Fill in whether the matching record holds the artist's consent to a copy of the voice.

    An authorised and an unauthorised clone sound alike; only the record tells them apart.
    """
    granted: Sequence[Mapping[str, Any]] = ()
    if ownership.status == "match" and ownership.record is not None:
        granted = ownership.record.get("voice_consents") or ()
    return [{**artist, "consent": _state(str(artist["name"]), granted, on)} for artist in artists]


def _state(name: str, granted: Sequence[Mapping[str, Any]], on: date) -> str:
    found = [consent for consent in granted if consent["artist"] == name]
    if any(_holds(consent, on) for consent in found):
        return "active"
    return "expired" if found else "none"


def _holds(consent: Mapping[str, Any], on: date) -> bool:
    day = on.isoformat()
    if consent.get("revoked_at"):
        return False
    return str(consent.get("from") or "")[:10] <= day and (
        not consent.get("to") or day <= str(consent["to"])[:10]
    )
