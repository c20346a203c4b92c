"""The enrolled voices of a tenant: sealed at rest under a key each, every reading on record."""

import os
import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from api import database
from api.actor import Actor
from api.database.engine import LOG_LOCK
from api.database.tables import Table
from api.errors import ConflictingEntry, UnknownEntry
from api.keys.sealing import SealBroken, WrappingKey
from api.keys.signing import SigningKeys
from api.outbox import trail
from api.outbox.trail import Acting, Event
from api.registry.consents import Consent, Consents, on_file
from api.retention import holds
from core import clock
from core.errors import InvalidInput, KeyFileError

_ARTISTS = Table.metadata.tables["artists"]
_KEYS = Table.metadata.tables["voice_keys"]
_READS = Table.metadata.tables["voice_reads"]
_OPENED = select(_ARTISTS, _KEYS.c.wrapped).outerjoin(_KEYS, _KEYS.c.artist_id == _ARTISTS.c.id)
_SEALING = LOG_LOCK + 2


MOST_ALIKE = 3
"""Artists named whom a new one sounds like; among hundreds of singers some always are."""
FROM_ONE = "enrolled from one recording, so no other could confirm whose voice it is: give two or more"


def new_artist_id() -> str:
    """A fresh id: 16 hex digits."""
    return secrets.token_hex(8)


def taken(name: str) -> ConflictingEntry:
    """That an artist of that name is there."""
    return ConflictingEntry(f"artist {name!r} is enrolled already; delete the old entry first")


@dataclass(frozen=True)
class Reader:
    """On whose behalf voice prints are opened, and what for."""

    who: str
    purpose: str = "not stated"

    @classmethod
    def here(cls, purpose: str = "not stated") -> "Reader":
        """Whoever runs this process, where nobody signed in."""
        return cls(f"user {os.getuid()} of this machine", purpose)


@dataclass(frozen=True)
class Reading:
    """One opening of voice prints.

    Attributes:
        artist_id: whose, or None for all who were enrolled at that moment.
        voices: how many prints were opened.
        who: an API key, or a user of the machine.
        purpose: the audit.
    """

    artist_id: str | None
    voices: int
    who: str
    purpose: str
    read_at: datetime


@dataclass(frozen=True)
class EnrolledArtist:
    """A voice that audits compare against.

    Attributes:
        encoder: name of the speaker encoder that made the voice print, where it is known.
    """

    id: str
    name: str
    consent: str | None
    created_at: datetime
    encoder: str | None = None


@dataclass(frozen=True)
class OpenedVoice(EnrolledArtist):
    """The same with the voice print; one that cannot be opened here is as it is stored, sealed."""

    voiceprint: bytes = b""


def enrolment_warnings(recordings: int, alike: Sequence[EnrolledArtist] = ()) -> list[str]:
    """What to tell of an enrolment from so many recordings, of a voice like those of `alike`."""
    told = [FROM_ONE] if recordings == 1 else []
    return told + [
        f"sounds like {one.name!r}, enrolled on {one.created_at.date().isoformat()}: if that is the same "
        "person under another name, keep only one of the two, since a consent counts under its own name "
        "only; two people who sound alike may both stay"
        for one in alike
    ]


_KNOWN = [_ARTISTS.c[name] for name in EnrolledArtist.__dataclass_fields__]


@dataclass(frozen=True)
class Artists:
    """The artists of one tenant.

    Attributes:
        reader: who opens voice prints.
    """

    engine: Engine
    tenant: str
    keys: SigningKeys
    reader: Reader | None = None

    def enrol(
        self,
        name: str,
        voiceprint: bytes,
        consent: str | None = None,
        *,
        artist_id: str | None = None,
        while_wanted: Callable[[Connection], None] = lambda _connection: None,
    ) -> EnrolledArtist:
        """Seal and keep an artist's voice print.

        Args:
            name: of the artist.
            voiceprint: as a `VoiceEar` made it.
            consent: where the artist's consent is found.
            artist_id: drawn before by whoever may try again; enrolling it twice changes nothing.
            while_wanted: raises, within the transaction, where nobody wants the artist any more.

        Raises:
            ConflictingEntry: the tenant has an artist of that name.
            InvalidInput: the name is empty or too long.
            KeyFileError: this machine does not have the key of the tenant's voice prints.
        """
        name = name.strip()
        if not 0 < len(name) <= 200:
            raise InvalidInput("an artist's name has 1 to 200 characters")
        from detector.voice.voiceprint import encoder_of

        made_by = encoder_of(voiceprint)
        artist = EnrolledArtist(artist_id or new_artist_id(), name, consent, clock.now(), made_by)
        key = self._key()
        sealed, wrapped = key.seal(voiceprint, self._about(artist.id))
        try:
            with database.writing(self.engine) as connection:
                while_wanted(connection)
                row = {**vars(artist), "voiceprint": sealed, "tenant": self.tenant}
                connection.execute(insert(_ARTISTS).values(**row))
                self._keep_key(connection, artist.id, key, wrapped)
        except IntegrityError:
            found = self.find(name)
            if found.id != artist.id:
                raise taken(name) from None
            return found
        return artist

    def free(self, name: str, artist_id: str) -> None:
        """Raise `ConflictingEntry` where an artist of another id has that name."""
        if any(known.name == name.strip() and known.id != artist_id for known in self.listed()):
            raise taken(name.strip())

    def listed(self) -> list[EnrolledArtist]:
        """This tenant's artists by name; no voice print is opened."""
        query = select(*_KNOWN).where(_ARTISTS.c.tenant == self.tenant).order_by(_ARTISTS.c.name)
        with database.reading(self.engine) as connection:
            return [EnrolledArtist(**row._mapping) for row in connection.execute(query)]

    def find(self, named: str) -> EnrolledArtist:
        """The artist of that name, else of that id; no voice print is opened.

        Raises:
            UnknownEntry: the tenant has none.
        """
        mine = (_ARTISTS.c.tenant == self.tenant, or_(_ARTISTS.c.name == named, _ARTISTS.c.id == named))
        with database.reading(self.engine) as connection:
            found = [
                EnrolledArtist(**row._mapping) for row in connection.execute(select(*_KNOWN).where(*mine))
            ]
        if not found:
            raise UnknownEntry(f"no artist {named!r}")
        return next((artist for artist in found if artist.name == named), found[0])

    def all(self) -> list[OpenedVoice]:
        """This tenant's artists by name with their voice prints, which is recorded as a reading."""
        return self._open(None)

    def others(self, voiceprint: bytes, artist_id: str) -> list[OpenedVoice]:
        """Artists but the one of that id, with voice prints to compare a new one with, recorded as a reading.

        Nothing is opened and recorded where all others' prints are of another encoder.
        """
        from detector.voice.voiceprint import encoder_of

        made_by = encoder_of(voiceprint)
        if all(known.id == artist_id or known.encoder not in (made_by, None) for known in self.listed()):
            return []
        return [known for known in self._open(None) if known.id != artist_id]

    def named(self, ids: Sequence[str]) -> list[EnrolledArtist]:
        """Those of some artists' ids who are still enrolled, in that order."""
        known = {artist.id: artist for artist in self.listed()}
        return [known[one] for one in ids if one in known]

    def one(self, named: str) -> OpenedVoice:
        """One artist with the voice print, recorded as a reading.

        Raises:
            UnknownEntry: the tenant has no artist of that name or id.
        """
        artist = self.find(named)
        opened = self._open(artist.id)
        if not opened:
            raise UnknownEntry(f"no artist {named!r}")  # erased at this very moment
        return opened[0]

    def readings(self, artist_id: str | None = None) -> list[Reading]:
        """Who opened voice prints, the latest first: all readings, or those that concern one artist."""
        query = select(_READS).where(_READS.c.tenant == self.tenant).order_by(_READS.c.id.desc())
        if artist_id is not None:
            enrolled = select(_ARTISTS.c.created_at).where(_ARTISTS.c.id == artist_id).scalar_subquery()
            every = _READS.c.artist_id.is_(None) & (_READS.c.read_at >= enrolled)
            query = query.where(or_(_READS.c.artist_id == artist_id, every))
        with database.reading(self.engine) as connection:
            return [
                Reading(row.artist_id, row.voices, row.who, row.purpose, row.read_at)
                for row in connection.execute(query)
            ]

    def remove(self, named: str) -> None:
        """Erase an artist with voice print, its key and consents, for good.

        Raises:
            UnknownEntry: the tenant has no artist of that name or id.
            OnHold: a legal hold keeps the voice print.
        """
        artist = self.find(named)
        with database.writing(self.engine) as connection:  # its key and consents go with it
            holds.refuse(connection, self.tenant, "artist", artist.id)
            gone = connection.execute(delete(_ARTISTS).where(_ARTISTS.c.id == artist.id))
        if gone.rowcount == 0:
            raise UnknownEntry(f"no artist {named!r}")
        database.forget_traces(self.engine)

    def consents(self, named: str) -> Consents:
        """What an artist allows.

        Raises:
            UnknownEntry: the tenant has no artist of that name or id.
        """
        return Consents(self.engine, self.tenant, self.find(named).id)

    def seal_old(self) -> int:
        """Seal the voice prints that an earlier release kept plain; returns how many."""
        plain = (_ARTISTS.c.tenant == self.tenant, _KEYS.c.artist_id.is_(None))
        key = self._key()
        with database.writing(self.engine) as connection:
            database.hold(connection, _SEALING)
            rows = connection.execute(_OPENED.where(*plain)).all()
            for row in rows:
                sealed, wrapped = key.seal(row.voiceprint, self._about(row.id))
                connection.execute(update(_ARTISTS).where(_ARTISTS.c.id == row.id).values(voiceprint=sealed))
                self._keep_key(connection, row.id, key, wrapped)
        database.forget_traces(self.engine)
        return len(rows)

    def consents_of(self, names: Sequence[str]) -> dict[str, list[Consent]]:
        """The consents on file of several artists, by name."""
        chosen = {artist.id: artist.name for artist in self.listed() if artist.name in set(names)}
        found = on_file(self.engine, self.tenant, list(chosen))
        return {chosen[artist_id]: consents for artist_id, consents in found.items()}

    def _open(self, artist_id: str | None) -> list[OpenedVoice]:
        query = _OPENED.where(_ARTISTS.c.tenant == self.tenant).order_by(_ARTISTS.c.name)
        if artist_id is not None:
            query = query.where(_ARTISTS.c.id == artist_id)
        with database.reading(self.engine) as connection:
            rows = connection.execute(query).all()
        if rows:
            key = self.keys.voices()
            self._record(artist_id, len(rows))
            return [self._opened(row, key) for row in rows]
        return []

    def _opened(self, row: Row[Any], key: WrappingKey | None) -> OpenedVoice:
        artist = OpenedVoice(row.id, row.name, row.consent, row.created_at, row.encoder, row.voiceprint)
        if row.wrapped is None or key is None:
            return artist
        with suppress(SealBroken):
            return replace(artist, voiceprint=key.open(row.voiceprint, row.wrapped, self._about(row.id)))
        return artist

    def _record(self, artist_id: str | None, voices: int) -> None:
        reader = self.reader or Reader.here()
        values = {"who": reader.who[:200], "purpose": reader.purpose, "read_at": clock.now()}
        with database.writing(self.engine) as connection:
            row = insert(_READS).values(tenant=self.tenant, artist_id=artist_id, voices=voices, **values)
            connection.execute(row)
            read = f"/v1/artists/{artist_id}" if artist_id is not None else "/v1/artists"
            by = Acting(Actor(reader.who), trail.acting.get().request_id)
            trail.enter(connection, [Event(self.tenant, "read", "voice-print.opened", read, by)])

    def _key(self) -> WrappingKey:
        """The key under which the tenant's voices are sealed, made for the first of them."""
        query = select(_KEYS.c.keyid).where(_KEYS.c.tenant == self.tenant).distinct()
        with database.reading(self.engine) as connection:
            used = set(connection.execute(query).scalars())
        key = self.keys.voices()
        if key is None or (
            used and key.keyid not in used
        ):  # a second key would hide the voices under the first
            return self.keys.first_of_voices(known=bool(used))
        return key

    def _keep_key(self, connection: Connection, artist_id: str, key: WrappingKey, wrapped: bytes) -> None:
        row = {"artist_id": artist_id, "tenant": self.tenant, "keyid": key.keyid, "wrapped": wrapped}
        connection.execute(insert(_KEYS).values(**row))

    def _about(self, artist_id: str) -> bytes:
        return f"{self.tenant}/{artist_id}".encode()


def seal_old(engine: Engine, keys: SigningKeys) -> None:
    """Seal what an earlier release kept plain, for every tenant whose key is at hand."""
    query = select(_ARTISTS.c.tenant).distinct().outerjoin(_KEYS, _KEYS.c.artist_id == _ARTISTS.c.id)
    with database.reading(engine) as connection:
        tenants = connection.execute(query.where(_KEYS.c.artist_id.is_(None))).scalars().all()
    for tenant in tenants:
        with suppress(KeyFileError):  # another machine's to do
            Artists(engine, tenant, keys.for_tenant(tenant)).seal_old()
