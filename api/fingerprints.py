"""The fingerprint index inside the registry: written in its transactions, read per tenant."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

from provenance.fingerprint.sql import SqlIndex
from sqlalchemy import Connection, Engine, select

from api import db
from api.tables import Table

if TYPE_CHECKING:
    from provenance.fingerprint import Fingerprint, Match

_RECORDS = Table.metadata.tables["records"]


class _OpenTransaction:
    """An engine's `begin` and `connect` on a transaction that is open already and ends elsewhere."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.dialect = connection.dialect

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        yield self._connection

    connect = begin


def index_within(connection: Connection) -> SqlIndex:
    """The index of all tenants, reading and writing in an open transaction."""
    return SqlIndex(cast(Engine, _OpenTransaction(connection)))


class TenantIndex:
    """The fingerprints of one tenant's records."""

    def __init__(self, engine: Engine, tenant: str) -> None:
        self._engine = engine
        self._tenant = tenant

    def query(self, fingerprint: "Fingerprint") -> "list[Match]":
        """Matches among the tenant's records, best first."""
        with db.reading(self._engine) as connection:
            matches = index_within(connection).query(fingerprint)
            ids = [match.record_id for match in matches]
            mine = select(_RECORDS.c.record_id).where(
                _RECORDS.c.record_id.in_(ids), _RECORDS.c.tenant == self._tenant
            )
            owned = set(connection.execute(mine).scalars())
        return [match for match in matches if match.record_id in owned]
