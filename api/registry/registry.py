"""The registry: the one way in which command line and server touch keys, records, the log and artists.

A registry is bound to one tenant, and so are its parts: every query filters by it there, so that no route can
forget to. What is public (the log, the published keys) says so.
"""

import logging
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine

from api import database
from api.database.tables import DEFAULT_TENANT
from api.keys import given
from api.keys.files import KeySecrets, KeyStore
from api.keys.published import PublishedKeys
from api.keys.signing import SigningKeys
from api.log.cosigning import WitnessAddress
from api.log.transparency import TransparencyLog
from api.registry.artists import Artists, Reader, seal_old
from api.registry.events import RecordEvents
from api.registry.fingerprints import Fingerprints, Newest
from api.registry.manifests import Manifests
from api.registry.publications import Publications
from api.registry.records import Records, Registration, desk
from api.registry.sketches import Held, Sketches
from api.settings import Settings
from core.limits import DEFAULT_LIMITS, Limits
from provenance.records.keys import Signer
from provenance.records.record import OwnershipRecord

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

    from core.clip import Clip
    from provenance.credentials.identity import C2paIdentity
    from provenance.fingerprint import Fingerprint, MappedIndex
    from provenance.watermark import WatermarkKey

log = logging.getLogger(__name__)


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
        limits: what is accepted of a file that is to be tagged or registered.
        keep_sketches: whether a track's sketch is kept as it is registered.
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
        limits: Limits = DEFAULT_LIMITS,
        keep_sketches: bool = False,
    ) -> None:
        self.engine = engine
        self.home = Path(home)
        self.limits = limits
        self._keep_sketches = keep_sketches
        self.keys = SigningKeys(
            engine,
            KeyStore(self.home, key_secrets),
            PublishedKeys(engine, log_origin, tsa_roots, witnesses),
            credentials_tsa=credentials_tsa,
        )
        self._fingerprint_folder = fingerprint_folder or self.home / "fingerprints"
        self._newest = Newest()
        self._held = Held()
        self._desk = desk(engine, self.keys.appending)
        self._reader: Reader | None = None
        self._bind(tenant, 0)

    def _bind(self, tenant: str, witnesses: int) -> None:
        self.tenant = tenant
        self.keys = self.keys.for_tenant(tenant)
        self.log: TransparencyLog = self.keys.published.log
        own = database.for_tenant(self.engine, tenant)
        self.events = RecordEvents(own, self.keys, tenant, witnesses)
        # All tenants write into one log, so they share its transactions too.
        self.records = Records(own, self.keys, self.events, self._desk, tenant)
        self.artists = Artists(own, tenant, self.keys, self._reader)
        self.manifests = Manifests(own, tenant)
        self.publications = Publications(own, tenant)
        self.sketches = Sketches(own, tenant, self._held)
        self.fingerprints = Fingerprints(self.engine, self._fingerprint_folder, tenant, self._newest)

    @classmethod
    def open(cls, settings: Settings, *, tenant: str = DEFAULT_TENANT) -> "Registry":
        """The registry that the settings name, created or migrated where needed."""
        settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        settings.home.chmod(0o700)  # also where it was there before
        engine = database.connect(settings.database_url)
        database.upgrade(engine)
        witnesses = [WitnessAddress.parse(text) for text in settings.witnesses]
        registry = cls(
            engine,
            settings.home,
            fingerprint_folder=settings.fingerprint_folder,
            tenant=tenant,
            log_origin=settings.log_origin,
            witnesses=witnesses,
            key_secrets=given.key_secrets(settings),
            tsa_roots=given.trusted_authorities(settings),
            credentials_tsa=settings.credentials_tsa,
            limits=settings.limits(),
            keep_sketches=settings.keep_sketches,
        )
        registry.keys.catch_up()
        seal_old(engine, registry.keys)
        return registry

    def for_tenant(self, tenant: str) -> "Registry":
        """The same registry seen by another tenant."""
        registry = copy(self)
        registry._bind(tenant, self.events.witnesses)
        return registry

    def demanding(self, witnesses: int) -> "Registry":
        """The same registry, believing only records that so many of its witnesses co-signed."""
        registry = copy(self)
        registry._bind(self.tenant, witnesses)
        return registry

    def on_behalf(self, reader: Reader) -> "Registry":
        """The same registry, which puts on record on whose behalf it opens voice prints, and what for."""
        registry = copy(self)
        registry._reader = reader
        registry._bind(self.tenant, self.events.witnesses)
        return registry

    def heard(self, record_id: str, clip: "Clip") -> None:
        """Keep a sketch of a registered track, where the settings want it.

        Raises nothing: the track is registered; `trackmark catalogue sketch` makes up for what is missing.
        """
        if not self._keep_sketches:
            return
        try:
            self.sketches.hear(record_id, clip)
        except Exception:
            log.warning("no sketch of record %s was kept", record_id, exc_info=True)

    def ledger(self, while_wanted: Callable[[Connection], object] | None = None) -> "RegistryLedger":
        """The registry as tagging sees it.

        Args:
            while_wanted: raises where somebody else makes the file by now; asked in the transaction that
                keeps the file's manifest.
        """
        return RegistryLedger(self, while_wanted)

    def close(self) -> None:
        """Give back the database connections."""
        self.engine.dispose()


@dataclass(frozen=True)
class RegistryLedger:
    """`provenance.tag.Ledger`: keys and a place for the record."""

    registry: Registry
    while_wanted: Callable[[Connection], object] | None = None

    @property
    def limits(self) -> Limits:
        """What is accepted of a file."""
        return self.registry.limits

    def watermark_key(self) -> "WatermarkKey":
        """The tenant's watermark key."""
        return self.registry.keys.watermark()

    def record_signer(self) -> Signer:
        """The key that signs records."""
        return self.registry.keys.signer("record")

    def c2pa_identity(self) -> "C2paIdentity":
        """Certificate and key that sign credentials."""
        return self.registry.keys.credentials()

    def fingerprint_index(self) -> "MappedIndex":
        """The index of the registered tracks."""
        return self.registry.fingerprints.index()

    def register(self, record: OwnershipRecord, fingerprint: "Fingerprint") -> Registration:
        """Sign the record, log it and index its fingerprint, all or nothing."""
        return self.registry.records.register(record, fingerprint)

    def stating(self, isrc: str) -> tuple[str, ...]:
        """Records of the tenant that state an ISRC and are not revoked."""
        return self.registry.records.stating(isrc)

    def checkpoint(self) -> str:
        """The newest signed checkpoint of the log; its first line names the log."""
        return self.registry.log.checkpoint()

    def keep_manifest(self, record_id: str, store: bytes) -> None:
        """Keep the C2PA manifest store of a registered record, for copies that lose theirs."""
        self.registry.manifests.keep(record_id, store, self.while_wanted)

    def add_file(self, record_id: str, sha256: str) -> None:
        """Remember the digest of a file that carries the record's audio."""
        self.registry.records.add_file(record_id, sha256)

    def heard(self, record_id: str, clip: "Clip") -> None:
        """Keep a sketch of a finished track, where the settings want it."""
        self.registry.heard(record_id, clip)
