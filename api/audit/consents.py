"""Whether a consent allows the copies of a voice that are heard: one in the track's record, or one on file.

An authorised and an unauthorised clone sound alike; only a consent tells them apart. It counts where it holds
on the day for singing (whether vocals are sung or spoken is not measured, and a track is music) everywhere
(where a track will be sold is not known). Whose upload it is, no consent tells.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from api.audit.beside import GAP_S, spans_of
from api.audit.claims import Ownership
from api.audit.findings import WatermarkFound
from api.audit.heard import ArtistHeard, ConsentState, VoiceFound
from api.registry.consents import SCOPES, WORLD, Consent

USE = "singing"
_MOST_TELLING: tuple[ConsentState, ...] = ("active", "other-scope", "revoked", "expired", "none")


@dataclass(frozen=True)
class _Said:
    """One consent: its state for this track, and what it is, in words."""

    state: ConsentState
    text: str | None = None


def consented(
    found: VoiceFound,
    ownership: Ownership,
    watermark: WatermarkFound,
    on_file: Mapping[str, Sequence[Consent]],
    *,
    on: date,
) -> tuple[ArtistHeard, ...]:
    """Fill in whether the artist consented to a copy of the voice.

    Args:
        found: who was compared, and where vocals were heard.
        ownership: whose record counts where it matches, for the vocals that lie in its track.
        watermark: tells with the fingerprint where that is.
        on_file: the registry's consents by artist.
        on: the day.
    """
    granted: Sequence[Mapping[str, Any]] = ()
    if ownership.status == "match" and ownership.record is not None:
        granted = ownership.record.get("voice_consents") or ()
    elsewhere = bool(granted) and _sung_elsewhere(found, ownership, watermark)
    judged = [_judged(one, granted, on_file.get(one.name, ()), on, elsewhere) for one in found.artists]
    return tuple(_under_two_names(one, judged) for one in judged)


def _under_two_names(artist: ArtistHeard, every: Sequence[ArtistHeard]) -> ArtistHeard:
    """Where the same voice may be enrolled twice, what only one name allows is open for both.

    One person may have consented under one of the names, or two people sound alike: the consent of one
    neither clears the other's voice nor is left unsaid where the other's is found copied. Somebody who is
    neither suspected nor has said anything makes nobody's consent unclear: with many artists some are alike.
    """
    others = [other for other in every if other.name in artist.alike]
    if artist.consent == "active":
        differing = [other for other in others if other.consent != "active" and _counts(other)]
    else:
        differing = [other for other in others if other.consent == "active" and _counts(artist)]
    if not differing:
        return artist
    own = artist.consent_says or "no consent under this name"
    said = [f"{other.name!r}: {other.consent_says or 'no consent'}" for other in differing]
    text = "; ".join([own, "the same person may be enrolled under another name", *said])
    return replace(artist, consent="unclear", consent_says=text)


def _counts(artist: ArtistHeard) -> bool:
    """Whether an artist without an active consent is found copied, or has one that ended or is narrower.

    That counts where the vocals speak for the artist or an imitation, after paying for all who were compared.
    """
    return artist.suspected or (artist.consent != "none" and (artist.likelihood_ratio or 0.0) > 0.0)


def _sung_elsewhere(found: VoiceFound, ownership: Ownership, watermark: WatermarkFound) -> bool:
    """Whether vocals are heard outside of the record's track, as in a file that holds more than it."""
    spans = spans_of(str(ownership.record_id), ownership.tracks, watermark)
    outside = (
        part.end_s - part.start_s
        for part in found.segments
        if all(part.end_s <= start or part.start_s >= end for start, end in spans)
    )
    return bool(spans) and sum(outside) > GAP_S


def _judged(
    artist: ArtistHeard,
    granted: Sequence[Mapping[str, Any]],
    on_file: Sequence[Consent],
    on: date,
    elsewhere: bool,
) -> ArtistHeard:
    ended = {consent.terms.licence for consent in on_file if consent.revoked_at is not None} - {None}
    said = [_Said("none")]
    said += [_recorded(one, ended, on, elsewhere) for one in granted if one["artist"] == artist.name]
    said += [_filed(one, on) for one in on_file]
    best = min(said, key=lambda one: _MOST_TELLING.index(one.state))
    return replace(artist, consent=best.state, consent_says=best.text)


def _filed(consent: Consent, on: date) -> _Said:
    """A consent on file."""
    terms, state = consent.terms, consent.state(on)
    until = terms.valid_until.isoformat() if terms.valid_until else "no end"
    text = (
        f"consent {consent.id} on file: {', '.join(terms.scopes)} in {' '.join(terms.territories)}, "
        f"{terms.valid_from} to {until}"
    )
    if consent.revoked_at is not None:
        text += f"; revoked on {consent.revoked_at:%Y-%m-%d}: {consent.revoked_reason}"
    text += "".join(f"; it {flag}" for flag in consent.flags())
    if state == "active" and not (USE in terms.scopes and WORLD in terms.territories):
        return _Said("other-scope", f"{text}; a song heard everywhere needs {USE} in the {WORLD}")
    return _Said(state, text)


def _recorded(consent: Mapping[str, Any], ended: set[str | None], on: date, elsewhere: bool) -> _Said:
    """A consent in the track's record; a licence that is revoked on file is revoked there, too."""
    scope, licence = str(consent.get("scope") or ""), consent.get("licence_id")
    text = f"consent in the record: {scope or 'scope not stated'}, licence {licence or 'not named'}"
    if consent.get("revoked_at") or licence in ended - {None}:
        return _Said("revoked", text)
    day = on.isoformat()
    begun = str(consent.get("from") or "")[:10] <= day
    if not begun or (consent.get("to") and str(consent["to"])[:10] < day):
        return _Said("expired", text)
    if elsewhere:
        return _Said("other-scope", f"{text}; it is of the record's track, and vocals are heard beside it")
    # A record describes the scope in its own words; one that names other uses and not this leaves it out.
    named = {word for word in SCOPES if re.search(rf"\b{word}\b", scope.lower())}
    return _Said("other-scope" if named and USE not in named else "active", text)
