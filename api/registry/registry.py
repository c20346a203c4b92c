"""The registry: the one way in which command line and server touch keys, records, the log and artists.

A registry is bound to one tenant. Every query filters by it here, so that no route can forget to; what is
public (the log, the public keys) says so in its docstring.
"""

import secrets
from collections.abc import Iterable, Sequence
from copy import copy
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, Row, Select, delete, func, insert, select
from sqlalchemy.exc import IntegrityError

from api import database
from api.database.tables import DEFAULT_TENANT, Table
from api.errors import ConflictingEntry, InvalidRequest, UnknownEntry
from api.keys.files import KeySecrets, KeyStore, Purpose
from api.keys.signing import SigningKeys
from api.log.cosigning import Cosigned, Post, WitnessAddress, collect, post
from api.log.transparency import TransparencyLog
from api.registry.entries import EnrolledArtist, PublishedKey, Registration, StoredRecord
from api.registry.events import RecordHistory, current
from api.registry.records import desk, sign_new
from api.settings import Settings
from provenance.records.authorities import to_pem
from provenance.records.checkpoint import NoteKey, NoteSigner
from provenance.records.envelope import Envelope
from provenance.records.keyevents import ROTATE, KeyEvent, LoggedEvent
from provenance.records.keys import Signer
from provenance.records.record import OwnershipRecord
from provenance.records.trust import TrustedKeys
from provenance.records.verify import VerifiedRecord

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

    from provenance.credentials.identity import C2paIdentity
    from provenance.fingerprint import Copies, Fingerprint, MappedIndex
    from provenance.watermark import WatermarkKey

_RECORDS = Table.metadata.tables["records"]
_EVENTS = Table.metadata.tables["record_events"]
_FILES = Table.metadata.tables["record_files"]
_ARTISTS = Table.metadata.tables["artists"]


class Registry:
    """Keys, records, log and artists of one tenant.

    Args:
        engine: from `api.database.engine.connect`, its schema brought up by `api.database.engine.upgrade`.
        home: folder that holds `keys/`.
        fingerprint_folder: where copies of the fingerprint index lie; None takes one in `home`.
        tenant: whose data is seen.
        log_origin: name of the log in its checkpoints; None makes one from the log's key.
        witnesses: the witnesses whose cosignatures are collected and trusted.
        key_secrets: passphrase and given keys.
        tsa_roots: certificates of the time-stamp authorities that are believed.
        credentials_tsa: address of the one that stamps content credentials; None asks nobody.
    """

    def __init__(
        self,
        engine: Engine,
        home: Path,
        *,
        fingerprint_folder: Path | None = None,
        tenant: str = DEFAULT_TENANT,
        log_origin: str | None = None,
        witnesses: Sequence[WitnessAddress] = (),
        key_secrets: KeySecrets | None = None,
        tsa_roots: Sequence["Certificate"] = (),
        credentials_tsa: str | None = None,
    ) -> None:
        self.engine = engine
        self.home = Path(home)
        self.fingerprint_folder = fingerprint_folder or self.home / "fingerprints"
        self.tenant = tenant
        self._log_origin = log_origin
        self._witnesses = tuple(witnesses)
        self.witnesses_needed = 0  # how many of them `verify` asks for
        self._keystore = KeyStore(self.home, key_secrets)
        self._tsa_roots = tuple(tsa_roots)
        self._credentials_tsa = credentials_tsa
        self._desk = desk(engine)

    @classmethod
    def open(cls, settings: Settings, *, tenant: str = DEFAULT_TENANT) -> "Registry":
        """The registry that the settings name, created or migrated where needed."""
        settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        engine = database.connect(settings.database_url)
        database.upgrade(engine)
        witnesses = [WitnessAddress.parse(text) for text in settings.witnesses]
        return cls(
            engine,
            settings.home,
            fingerprint_folder=settings.fingerprint_folder,
            tenant=tenant,
            log_origin=settings.log_origin,
            witnesses=witnesses,
            key_secrets=settings.key_secrets(),
            tsa_roots=settings.trusted_authorities(),
            credentials_tsa=settings.credentials_tsa,
        )

    def for_tenant(self, tenant: str) -> "Registry":
        """The same registry seen by another tenant."""
        registry = copy(self)  # all tenants write into one log, so they share its transactions too
        registry.tenant = tenant
        return registry

    def close(self) -> None:
        """Give back the database connections."""
        self.engine.dispose()

    # Keys

    def record_signer(self) -> Signer:
        """Signs ownership records."""
        return self._signer("record")

    def log_signer(self) -> Signer:
        """Signs checkpoints of the log."""
        return self._signer("log")

    def report_signer(self) -> Signer:
        """Signs audit reports."""
        return self._signer("report")

    def c2pa_identity(self) -> "C2paIdentity":
        """Signs content credentials."""
        return replace(self._keystore.c2pa_identity(), tsa=self._credentials_tsa)

    def tsa_anchors(self) -> list[str]:
        """Root certificates of the time-stamp authorities that are believed, in PEM."""
        return [to_pem(root) for root in self._tsa_roots]

    def watermark_key(self, tenant: str | None = None) -> "WatermarkKey":
        """The secret of this tenant's watermarks."""
        return self._keystore.watermark_key(tenant or self.tenant)

    def next_watermark_epoch(self, tenant: str | None = None) -> "WatermarkKey":
        """Mark with fresh chips from now on (see `KeyStore.next_watermark_epoch`)."""
        return self._keystore.next_watermark_epoch(tenant or self.tenant)

    def published_keys(self) -> list[PublishedKey]:
        """Public: every key that ever signed here, so that old signatures stay verifiable."""
        return self.keys.published()

    def trusted_keys(self) -> TrustedKeys:
        """Public: what an offline verifier must be given (`keys.json`).

        Retired and revoked keys are in it with their dates: what they signed before stays valid.
        """
        published = self.published_keys()
        return TrustedKeys(
            record=tuple(p.key for p in published if p.purpose == "record"),
            report=tuple(p.key for p in published if p.purpose == "report"),
            log=(*self._log_keys(published), *(witness.key for witness in self._witnesses)),
            lives=tuple(p.life for p in published if p.life.ended),
            tsa=self._tsa_roots,
        )

    def _log_keys(self, published: Sequence[PublishedKey]) -> list[NoteKey]:
        """The log's keys under its name, the one in force first."""
        log = self.log
        former = (NoteKey(log.origin, p.key.raw) for p in published if p.purpose == "log")
        return [log.key, *(key for key in former if key != log.key)]

    @property
    def keys(self) -> SigningKeys:
        """The signing keys, to rotate and revoke."""
        return SigningKeys(self.engine, self._keystore, self._log_origin)

    def key_events(self, purpose: Purpose | None = None) -> list[LoggedEvent]:
        """Public: every rotation and revocation with its proof, for whoever trusts an older key.

        Args:
            purpose: of the keys; None for all.
        """
        log = self.log
        return [
            LoggedEvent(e.envelope, log.proof_file(e.leaf_index, handover=e.hands_over_log), e.salt)
            for e in self.keys.events()
            if purpose in (None, e.purpose)
        ]

    def _signer(self, purpose: Purpose) -> Signer:
        return self.keys.signer(purpose)

    # Records

    def register(
        self, record: OwnershipRecord, fingerprint: "Fingerprint", *, tenant: str | None = None
    ) -> Registration:
        """Sign a record and enter it: record, log entry, tree hashes and fingerprint, all or nothing.

        Raises:
            ConflictingEntry: the record id is taken.
            InvalidRequest: the record is a later revision.
        """
        if record.revision != 1:
            raise InvalidRequest("register takes first revisions only")
        new = sign_new(record, tenant or self.tenant, self.record_signer(), fingerprint)
        try:
            leaf_index = self._desk.submit(new)
        except IntegrityError as error:
            raise ConflictingEntry(f"record {record.record_id} exists already; draw a new id") from error
        return Registration(record.record_id, new.envelope, leaf_index, new.salt)

    def add_file(self, record_id: str, sha256: str) -> None:
        """Note that a file, such as the tagged one with its credentials, carries a record's audio.

        Raises:
            UnknownEntry: the tenant has no such record.
        """
        self._known(record_id)
        with database.writing(self.engine) as connection:
            known = select(_FILES.c.sha256).where(_FILES.c.record_id == record_id, _FILES.c.sha256 == sha256)
            if connection.execute(known).first() is None:
                self._insert_files(connection, record_id, self.tenant, {sha256})

    def record(self, record_id: str) -> StoredRecord | None:
        """A record of this tenant."""
        query = self._stored().where(_RECORDS.c.record_id == record_id)
        with database.reading(self.engine) as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else _stored(row)

    def records(self, *, limit: int = 50, before: int | None = None) -> list[StoredRecord]:
        """This tenant's records, newest first; `before` is the `first_index` of the last page's end."""
        query = self._stored()
        if before is not None:
            query = query.where(_RECORDS.c.leaf_index < before)
        with database.reading(self.engine) as connection:
            rows = connection.execute(query.order_by(_RECORDS.c.leaf_index.desc()).limit(limit)).all()
        return [_stored(row) for row in rows]

    def find_by_sha256(self, sha256: str) -> list[StoredRecord]:
        """This tenant's records of the audio that has this digest (of a file, or of decoded samples)."""
        query = (
            self._stored()
            .join(_FILES, _FILES.c.record_id == _RECORDS.c.record_id)
            .where(_FILES.c.sha256 == sha256, _FILES.c.tenant == self.tenant)
            .order_by(_RECORDS.c.leaf_index)
        )
        with database.reading(self.engine) as connection:
            return [_stored(row) for row in connection.execute(query)]

    def _stored(self) -> Select[Any]:
        """This tenant's records, each with its newest revision."""
        newest = (
            select(func.max(_EVENTS.c.leaf_index))
            .where(_EVENTS.c.record_id == _RECORDS.c.record_id, _EVENTS.c.type.in_(("amend", "transfer")))
            .correlate(_RECORDS)
            .scalar_subquery()
        )
        return (
            select(
                _RECORDS.c.record_id,
                _RECORDS.c.title,
                _RECORDS.c.created_at,
                _RECORDS.c.leaf_index.label("first_index"),
                func.coalesce(_EVENTS.c.leaf_index, _RECORDS.c.leaf_index).label("leaf_index"),
                func.coalesce(_EVENTS.c.envelope, _RECORDS.c.envelope).label("envelope"),
                func.coalesce(_EVENTS.c.salt, _RECORDS.c.salt).label("salt"),
            )
            .select_from(_RECORDS)
            .outerjoin(_EVENTS, _EVENTS.c.leaf_index == newest)
            .where(_RECORDS.c.tenant == self.tenant)
        )

    def verified(self, record_id: str) -> dict[str, Any]:
        """What a record of this tenant says today, every event of it checked; see `history.current`."""
        return current(self, record_id)

    def verify(self, record_id: str) -> VerifiedRecord:
        """The newest revision of a record of this tenant, every event's signature and log entry checked.

        Raises:
            UnknownEntry: the tenant has no such record.
            VerificationError: the stored record does not verify: somebody changed the database.
        """
        return RecordHistory(self).verify(record_id).current

    def _known(self, record_id: str) -> StoredRecord:
        stored = self.record(record_id)
        if stored is None:
            raise UnknownEntry(f"no record {record_id}")
        return stored

    def fingerprint_index(self) -> "MappedIndex":
        """The fingerprints of this tenant's records."""
        from provenance.fingerprint import MappedIndex

        return MappedIndex(self.engine, self.fingerprint_folder, self.tenant)

    def fingerprint_copies(self) -> "Copies":
        """Of all tenants: the copies that `fingerprint_index` searches."""
        from provenance.fingerprint import Copies

        return Copies(self.engine, self.fingerprint_folder)

    @staticmethod
    def _insert_files(connection: Connection, record_id: str, tenant: str, digests: Iterable[str]) -> None:
        rows = [{"record_id": record_id, "sha256": digest, "tenant": tenant} for digest in sorted(digests)]
        connection.execute(insert(_FILES), rows)

    # The log

    @property
    def log(self) -> TransparencyLog:
        """Public: the transparency log."""
        keys = self.keys
        return TransparencyLog(self.engine, NoteSigner(keys.origin(), keys.signer("log")))

    def checkpoint(self) -> str:
        """Public: the newest signed checkpoint."""
        return self.log.checkpoint()

    def cosign(self, send: Post = post) -> Cosigned:
        """Have the witnesses co-sign the newest checkpoint; see `cosigning.collect`."""
        events = self.key_events("log")
        handovers = [e for e in events if KeyEvent.from_payload(e.envelope.payload).type == ROTATE]
        return collect(self.log, self._witnesses, send, handovers=handovers)

    def inclusion(self, leaf_index: int, size: int | None = None) -> tuple[bytes, ...]:
        """Public: see `TransparencyLog.inclusion`."""
        return self.log.inclusion(leaf_index, size)

    def consistency(self, old_size: int, size: int | None = None) -> tuple[bytes, ...]:
        """Public: see `TransparencyLog.consistency`."""
        return self.log.consistency(old_size, size)

    def tlog_proof(self, record_id: str) -> str:
        """The proof file of a record's newest revision: see `TransparencyLog.proof_file`.

        Raises:
            UnknownEntry: the tenant has no such record.
        """
        return self.log.proof_file(self._known(record_id).leaf_index)

    # Artists

    def enrol(self, name: str, voiceprint: bytes, consent: str | None = None) -> EnrolledArtist:
        """Keep an artist's voice print.

        Raises:
            ConflictingEntry: the tenant has an artist of that name.
            InvalidRequest: the name is empty or too long.
        """
        name = name.strip()
        if not 0 < len(name) <= 200:
            raise InvalidRequest("an artist's name has 1 to 200 characters")
        artist = EnrolledArtist(secrets.token_hex(8), name, voiceprint, consent, database.now())
        try:
            with database.writing(self.engine) as connection:
                connection.execute(insert(_ARTISTS).values(**vars(artist), tenant=self.tenant))
        except IntegrityError as error:
            raise ConflictingEntry(
                f"artist {name!r} is enrolled already; delete the old entry first"
            ) from error
        return artist

    def artists(self) -> list[EnrolledArtist]:
        """This tenant's artists by name."""
        query = select(_ARTISTS).where(_ARTISTS.c.tenant == self.tenant).order_by(_ARTISTS.c.name)
        with database.reading(self.engine) as connection:
            rows = connection.execute(query).all()
        return [EnrolledArtist(row.id, row.name, row.voiceprint, row.consent, row.created_at) for row in rows]

    def delete(self, name: str) -> None:
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


def _stored(row: Row[Any]) -> StoredRecord:
    return StoredRecord(
        record_id=row.record_id,
        title=row.title,
        envelope=Envelope.from_json(row.envelope.encode()),
        salt=bytes(row.salt),
        leaf_index=row.leaf_index,
        first_index=row.first_index,
        created_at=row.created_at,
    )
