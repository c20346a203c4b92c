"""What an artist allows others to do with the voice: scope, term, territory, and its revocation.

A consent is never changed: a new one is added, or it is revoked with a reason. Nothing here is legal advice.
"""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from sqlalchemy import ColumnElement, Engine, insert, select, update

from api import database
from api.database.tables import Table
from api.errors import ConflictingEntry, UnknownEntry
from api.language import later
from core import clock
from core.characters import one_line
from core.errors import InvalidInput

_CONSENTS = Table.metadata.tables["artist_consents"]

SCOPES = ("singing", "speech", "training")
WORLD = "WORLD"
LONGEST_US_YEARS = 10
OVER_TEN_YEARS = later(
    "runs for more than ten years: in the US a licence of a digital replica may hold for ten at most "
    "(NO FAKES Act, pending)"
)
State = Literal["active", "expired", "revoked"]


@dataclass(frozen=True)
class Terms:
    """What is allowed, where and when.

    Attributes:
        scopes: uses out of `SCOPES`.
        territories: ISO 3166-1 alpha-2 codes, or `WORLD` alone.
        valid_from: first day.
        valid_until: last day, or None for no end.
        licence: reference to the contract.
        evidence_sha256: digest of the signed paper.

    Raises:
        InvalidInput: a term that is none; the message says which.
    """

    scopes: tuple[str, ...]
    valid_from: date
    valid_until: date | None = None
    territories: tuple[str, ...] = (WORLD,)
    licence: str | None = None
    evidence_sha256: str | None = None

    def __post_init__(self) -> None:
        if not self.scopes or not set(self.scopes) <= set(SCOPES) or len(set(self.scopes)) < len(self.scopes):
            raise InvalidInput(f"the scope is one or more of {', '.join(SCOPES)}, each once")
        places = set(self.territories)
        codes = all(re.fullmatch("[A-Z]{2}", place) for place in places)
        if len(places) < len(self.territories) or not (places == {WORLD} or (places and codes)):
            raise InvalidInput(f"a territory is a code such as DE or US, each once, or {WORLD} alone")
        if self.valid_until is not None and self.valid_until < self.valid_from:
            raise InvalidInput("the consent ends before it begins")
        if self.licence is not None and not (0 < len(self.licence) <= 500 and one_line(self.licence)):
            raise InvalidInput("a licence reference has 1 to 500 printable characters")
        if self.evidence_sha256 is not None and not re.fullmatch("[0-9a-f]{64}", self.evidence_sha256):
            raise InvalidInput("evidence_sha256 has 64 lower-case hex digits")


@dataclass(frozen=True)
class Consent:
    """A consent on file.

    Attributes:
        revoked_reason: why it was revoked, in the words of who did it.
    """

    id: str
    terms: Terms
    created_at: datetime
    revoked_at: datetime | None = None
    revoked_reason: str | None = None

    def state(self, on: date) -> State:
        """Whether it holds on a day; outside its term it is `expired`, revoked before anything else."""
        if self.revoked_at is not None:
            return "revoked"
        ended = self.terms.valid_until is not None and self.terms.valid_until < on
        return "expired" if ended or on < self.terms.valid_from else "active"

    def flags(self) -> tuple[str, ...]:
        """What a lawyer should look at."""
        terms = self.terms
        if not {WORLD, "US"} & set(terms.territories):
            return ()
        return (OVER_TEN_YEARS,) if _too_long(terms.valid_from, terms.valid_until) else ()


def _too_long(first: date, last: date | None) -> bool:
    """Whether a term is longer than ten years, both days counted."""
    if last is None:
        return True
    year = first.year + LONGEST_US_YEARS
    return (last.year, last.month, last.day) >= (year, first.month, first.day)


@dataclass(frozen=True)
class Consents:
    """The consents of one artist."""

    engine: Engine
    tenant: str
    artist_id: str

    def add(self, terms: Terms, consent_id: str | None = None) -> Consent:
        """Put a consent on file.

        Args:
            terms: what is allowed.
            consent_id: its id; where there is one that has it, this is the same request once more.

        Raises:
            UnknownEntry: the artist was erased meanwhile.
        """
        consent = Consent(consent_id or secrets.token_hex(8), terms, clock.now())
        with database.writing(self.engine) as connection:
            artists = Table.metadata.tables["artists"]
            if connection.execute(select(artists.c.id).where(artists.c.id == self.artist_id)).first() is None:
                raise UnknownEntry("the artist was erased just now")
            if connection.execute(select(_CONSENTS.c.id).where(*self._mine(consent.id))).first() is not None:
                return self._found(consent.id)
            connection.execute(
                insert(_CONSENTS).values(
                    id=consent.id,
                    artist_id=self.artist_id,
                    tenant=self.tenant,
                    scopes=list(terms.scopes),
                    territories=list(terms.territories),
                    valid_from=terms.valid_from,
                    valid_until=terms.valid_until,
                    licence=terms.licence,
                    evidence_sha256=terms.evidence_sha256,
                    created_at=consent.created_at,
                )
            )
        return consent

    def all(self) -> list[Consent]:
        """Every consent, revoked ones too, in the order of their entry."""
        return on_file(self.engine, self.tenant, [self.artist_id]).get(self.artist_id, [])

    def revoke(self, consent_id: str, reason: str) -> Consent:
        """End a consent, at once and for good.

        Raises:
            UnknownEntry: the artist has no such consent.
            ConflictingEntry: it is revoked already.
            InvalidInput: no reason.
        """
        reason = reason.strip()
        if not (0 < len(reason) <= 1000 and one_line(reason)):
            raise InvalidInput("say why it is revoked, in 1 to 1000 printable characters")
        with database.writing(self.engine) as connection:
            changed = connection.execute(
                update(_CONSENTS)
                .where(*self._mine(consent_id), _CONSENTS.c.revoked_at.is_(None))
                .values(revoked_at=clock.now(), revoked_reason=reason)
            )
        found = self._found(consent_id)
        if changed.rowcount == 0:
            raise ConflictingEntry(f"consent {consent_id} is revoked already")
        return found

    def _mine(self, consent_id: str) -> tuple[ColumnElement[bool], ...]:
        mine = (_CONSENTS.c.artist_id == self.artist_id, _CONSENTS.c.tenant == self.tenant)
        return (_CONSENTS.c.id == consent_id, *mine)

    def _found(self, consent_id: str) -> Consent:
        found = next((consent for consent in self.all() if consent.id == consent_id), None)
        if found is None:
            raise UnknownEntry(f"no consent {consent_id!r} of this artist")
        return found


def on_file(engine: Engine, tenant: str, artist_ids: Sequence[str]) -> dict[str, list[Consent]]:
    """The consents of several artists by artist id."""
    mine = (_CONSENTS.c.tenant == tenant, _CONSENTS.c.artist_id.in_(artist_ids))
    query = select(_CONSENTS).where(*mine).order_by(_CONSENTS.c.created_at, _CONSENTS.c.id)
    found: dict[str, list[Consent]] = {}
    with database.reading(engine) as connection:
        for row in connection.execute(query):
            terms = Terms(
                tuple(row.scopes),
                row.valid_from,
                row.valid_until,
                tuple(row.territories),
                row.licence,
                row.evidence_sha256,
            )
            consent = Consent(row.id, terms, row.created_at, row.revoked_at, row.revoked_reason)
            found.setdefault(row.artist_id, []).append(consent)
    return found
