"""Whether the record of a track allows the copies of a voice that are heard in it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from api.audit.claims import Ownership
from api.audit.heard import ArtistHeard, Consent


def consented(artists: Sequence[ArtistHeard], ownership: Ownership, *, on: date) -> tuple[ArtistHeard, ...]:
    """Fill in whether the matching record holds the artist's consent to a copy of the voice.

    An authorised and an unauthorised clone sound alike; only the record tells them apart.
    """
    granted: Sequence[Mapping[str, Any]] = ()
    if ownership.status == "match" and ownership.record is not None:
        granted = ownership.record.get("voice_consents") or ()
    return tuple(replace(artist, consent=_state(artist.name, granted, on)) for artist in artists)


def _state(name: str, granted: Sequence[Mapping[str, Any]], on: date) -> Consent:
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
