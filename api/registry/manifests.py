"""The C2PA manifest stores that were written for records, for copies that have lost theirs."""

from dataclasses import dataclass

from sqlalchemy import Engine, insert, select

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

    def keep(self, record_id: str, store: bytes) -> None:
        """Keep a manifest store that was just written; to be given to `provenance.tag.tag`."""
        from provenance.credentials.sidecar import manifest_id

        row = {
            "manifest_id": manifest_id(store),
            "record_id": record_id,
            "tenant": self.tenant,
            "store": store,
            "created_at": clock.now(),
        }
        with database.writing(self.engine) as connection:
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
