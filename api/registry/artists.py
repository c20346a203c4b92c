"""The enrolled voices of a tenant."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, delete, insert, select
from sqlalchemy.exc import IntegrityError

from api import database
from api.database.tables import Table
from api.errors import ConflictingEntry, InvalidRequest, UnknownEntry
from core import clock

_ARTISTS = Table.metadata.tables["artists"]


@dataclass(frozen=True)
class EnrolledArtist:
    """A voice that audits compare against."""

    id: str
    name: str
    voiceprint: bytes
    consent: str | None
    created_at: datetime


@dataclass(frozen=True)
class Artists:
    """The artists of one tenant."""

    engine: Engine
    tenant: str

    def enrol(self, name: str, voiceprint: bytes, consent: str | None = None) -> EnrolledArtist:
        """Keep an artist's voice print.

        Raises:
            ConflictingEntry: the tenant has an artist of that name.
            InvalidRequest: the name is empty or too long.
        """
        name = name.strip()
        if not 0 < len(name) <= 200:
            raise InvalidRequest("an artist's name has 1 to 200 characters")
        artist = EnrolledArtist(secrets.token_hex(8), name, voiceprint, consent, clock.now())
        try:
            with database.writing(self.engine) as connection:
                connection.execute(insert(_ARTISTS).values(**vars(artist), tenant=self.tenant))
        except IntegrityError as error:
            raise ConflictingEntry(
                f"artist {name!r} is enrolled already; delete the old entry first"
            ) from error
        return artist

    def all(self) -> list[EnrolledArtist]:
        """This tenant's artists by name."""
        query = select(_ARTISTS).where(_ARTISTS.c.tenant == self.tenant).order_by(_ARTISTS.c.name)
        with database.reading(self.engine) as connection:
            rows = connection.execute(query).all()
        return [EnrolledArtist(row.id, row.name, row.voiceprint, row.consent, row.created_at) for row in rows]

    def remove(self, name: str) -> None:
        """Erase an artist's voice print.

        Raises:
            UnknownEntry: the tenant has no artist of that name.
        """
        with database.writing(self.engine) as connection:
            gone = connection.execute(
                delete(_ARTISTS).where(_ARTISTS.c.name == name, _ARTISTS.c.tenant == self.tenant)
            )
        if gone.rowcount == 0:
            raise UnknownEntry(f"no artist {name!r}")
        database.forget_traces(self.engine)
