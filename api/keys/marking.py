"""The keys that mark files: each tenant's watermark secret, and the identity of content credentials.

The database knows them by name: a machine whose secret is missing or another one is told so, and never
invents a new one, under which all earlier marks would be unseen.
"""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import Engine, insert, select, update
from sqlalchemy.exc import IntegrityError

from api import database
from api.database.tables import Table
from api.keys.files import KeyStore, copied
from core import clock
from core.errors import KeyFileError
from provenance.records.envelope import Envelope
from provenance.records.record import OwnershipRecord

if TYPE_CHECKING:
    from provenance.credentials.identity import C2paIdentity
    from provenance.watermark import WatermarkKey

_ROOTS = Table.metadata.tables["credential_roots"]
_NAMES = Table.metadata.tables["watermark_keys"]
_RECORDS = Table.metadata.tables["records"]

RENEW_BEFORE = timedelta(days=90)
"""So long before its end a certificate for content credentials is renewed by itself."""


class MarkingKeys:
    """Watermark secrets and the credentials identity.

    Args:
        engine: the registry's database, which knows their names.
        store: the secrets.
        at_home: whether this machine may publish new keys.
        credentials_tsa: address of the authority that stamps content credentials; None asks nobody.
    """

    def __init__(
        self, engine: Engine, store: KeyStore, at_home: Callable[[], bool], credentials_tsa: str | None = None
    ) -> None:
        self._engine = engine
        self._store = store
        self._at_home = at_home
        self._credentials_tsa = credentials_tsa
        self._opened: dict[str, WatermarkKey] = {}

    def watermark(self, tenant: str) -> "WatermarkKey":
        """The secret of a tenant's watermarks, in the epoch that marks today; made before the first mark.

        Raises:
            KeyFileError: this machine does not have it, or has another one.
        """
        with database.reading(self._engine) as connection:
            name = connection.execute(select(_NAMES).where(_NAMES.c.tenant == tenant)).one_or_none()
        key = self._opened.get(tenant) or self._store.watermark_key(tenant)
        if name is None:
            key = self._name(tenant, key)
        elif key is None:
            raise _missing(tenant)
        elif replace(key, epoch=name.epoch).keyid != name.keyid:
            raise KeyFileError(
                f"keys/watermark-{tenant}.key of this machine is another one than the registry's: "
                "its marks cannot be read with it; restore the right file"
            )
        else:
            key = replace(key, epoch=name.epoch)  # all epochs come from one secret
        self._opened[tenant] = key
        return key

    def _name(self, tenant: str, key: "WatermarkKey | None") -> "WatermarkKey":
        """Publish the name of a tenant's key, and make the key where nothing was ever marked."""
        if not self._at_home() or (key is None and self._marked(tenant)):
            raise _missing(tenant)
        key = key or self._store.watermark_key(tenant, make=True)
        if key is None:  # it was removed this very moment
            raise _missing(tenant)
        try:
            with database.writing(self._engine) as connection:
                connection.execute(insert(_NAMES).values(tenant=tenant, epoch=key.epoch, keyid=key.keyid))
        except IntegrityError:
            return self.watermark(tenant)  # somebody else did it at the same moment
        return key

    def _marked(self, tenant: str) -> bool:
        """Whether a record of the tenant tells of a mark; asked where the registry knows no name."""
        query = select(_RECORDS.c.envelope).where(_RECORDS.c.tenant == tenant)
        with database.reading(self._engine) as connection:
            for envelope in connection.execution_options(yield_per=256).execute(query).scalars():
                payload = Envelope.from_json(envelope.encode()).payload
                if OwnershipRecord.from_payload(payload).marks:
                    return True
        return False

    def next_watermark_epoch(self, tenant: str) -> "WatermarkKey":
        """Mark with fresh chips from now on; the new key still reads all earlier marks.

        Against layouts that leaked or were estimated. All epochs come from one secret, so it does not help
        against theft of the key file.
        """
        current = self.watermark(tenant)
        following = current.next_epoch()
        with database.writing(self._engine) as connection:
            mine = (_NAMES.c.tenant == tenant, _NAMES.c.epoch == current.epoch)
            connection.execute(
                update(_NAMES).where(*mine).values(epoch=following.epoch, keyid=following.keyid)
            )
        self._store.put_watermark_key(tenant, following)
        return self.watermark(tenant)

    def credentials(self, now: datetime | None = None) -> "C2paIdentity":
        """Signs content credentials; its certificate is renewed by itself before its end.

        Raises:
            KeyFileError: this machine does not have it, or it has ended and the root's key is not here.
        """
        now = now or datetime.now(UTC)
        identity = self.publish_root() or self._first_identity()
        if identity.leaf.not_valid_after_utc - now < RENEW_BEFORE and identity.root_key is not None:
            identity = self._renewed(identity, now)
        if identity.leaf.not_valid_after_utc <= now:
            ended = identity.leaf.not_valid_after_utc
            raise KeyFileError(
                f"the certificate of content credentials ended on {ended:%Y-%m-%d}; put "
                "keys/c2pa.root-key.pem back and run `trackmark key renew credentials`"
            )
        return replace(identity, tsa=self._credentials_tsa)

    def renew_credentials(self, now: datetime | None = None) -> "C2paIdentity":
        """Sign with a new certificate under the same root from now on; readers notice nothing.

        Raises:
            KeyFileError: the identity or the root's key is not here.
        """
        return self._renewed(self.publish_root() or self._first_identity(), now or datetime.now(UTC))

    def publish_root(self) -> "C2paIdentity | None":
        """The identity of this machine, its root published; None where it has none.

        Raises:
            KeyFileError: its root is not the registry's, and this machine may not publish another one.
        """
        identity = self._store.c2pa_identity()
        if identity is not None:
            digest = hashlib.sha256(identity.root.public_bytes(Encoding.DER)).hexdigest()
            with database.reading(self._engine) as connection:
                known = connection.execute(select(_ROOTS).where(_ROOTS.c.sha256 == digest)).one_or_none()
            if known is None:
                if not self._at_home():
                    raise KeyFileError(
                        "keys/c2pa.pem of this machine is another identity than the registry's; copy the one "
                        "of the machine that tags"
                    )
                values = {"sha256": digest, "pem": identity.trust_anchor, "created_at": clock.now()}
                try:
                    with database.writing(self._engine) as connection:
                        connection.execute(insert(_ROOTS).values(**values))
                except IntegrityError:
                    pass  # somebody else did it at the same moment
        return identity

    def _first_identity(self) -> "C2paIdentity":
        with database.reading(self._engine) as connection:
            known = connection.execute(select(_ROOTS.c.sha256)).first()
        if known is None and self._at_home():
            self._store.c2pa_identity(make=True)
        identity = self.publish_root()
        if identity is None:
            raise KeyFileError(
                "this machine does not have the identity that signs content credentials: "
                f"{copied('c2pa.pem', 'tags')}"
            )
        return identity

    def _renewed(self, identity: "C2paIdentity", now: datetime) -> "C2paIdentity":
        renewed = identity.renew_leaf(now)
        self._store.put_c2pa_identity(renewed)
        return renewed


def _missing(tenant: str) -> KeyFileError:
    return KeyFileError(
        f"this machine does not have the secret of {tenant}'s watermarks: "
        f"{copied(f'watermark-{tenant}.key', 'tags')}; without it no mark can be read or made"
    )
