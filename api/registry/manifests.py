"""The C2PA manifest stores that were written for records, for copies that have lost theirs."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, delete, insert, select

from api import database
from api.database.tables import Table
from api.errors import UnknownEntry
from core import clock

_MANIFESTS = Table.metadata.tables["manifests"]


@dataclass(frozen=True)
class Manifests:
    """The manifests of one tenant's records."""

    engine: Engine
    tenant: str

    def keep(
        self, record_id: str, store: bytes, while_wanted: Callable[[Connection], object] | None = None
    ) -> None:
        """Keep the manifest store that was just written for a record, in the place of an earlier one.

        A record's file is written once; an earlier store is of a file that nobody got, because the process
        was killed before it was done.

        Args:
            record_id: a registered record's.
            store: of the file that is about to be handed out.
            while_wanted: raises where the file will not be handed out after all; asked in the transaction.
        """
        from provenance.credentials.sidecar import manifest_id

        row = {
            "manifest_id": manifest_id(store),
            "record_id": record_id,
            "tenant": self.tenant,
            "store": store,
            "created_at": clock.now(),
        }
        earlier = delete(_MANIFESTS).where(
            _MANIFESTS.c.record_id == record_id, _MANIFESTS.c.tenant == self.tenant
        )
        with database.writing(self.engine) as connection:
            if while_wanted is not None:
                while_wanted(connection)
            connection.execute(earlier)
            connection.execute(insert(_MANIFESTS).values(**row))

    def of_record(self, record_id: str) -> list[str]:
        """Names of the manifests that were written for a record, newest first."""
        query = (
            select(_MANIFESTS.c.manifest_id)
            .where(_MANIFESTS.c.record_id == record_id, _MANIFESTS.c.tenant == self.tenant)
            .order_by(_MANIFESTS.c.created_at.desc())
        )
        with database.reading(self.engine) as connection:
            return list(connection.execute(query).scalars())

    def store(self, manifest_id: str) -> bytes:
        """A manifest store.

        Raises:
            UnknownEntry: the tenant has none of that name.
        """
        query = select(_MANIFESTS.c.store).where(
            _MANIFESTS.c.manifest_id == manifest_id, _MANIFESTS.c.tenant == self.tenant
        )
        with database.reading(self.engine) as connection:
            found = connection.execute(query).scalar_one_or_none()
        if found is None:
            raise UnknownEntry(f"no manifest {manifest_id}")
        return bytes(found)
