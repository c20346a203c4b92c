"""Records that their owners let everybody see: who holds the very file learns who claims it, nobody else.

A record is private until somebody who may write it says otherwise, and is private again as soon as other
owners are named: what they show is theirs to say.
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, delete, insert, select

from api import database
from api.database.tables import Table
from api.errors import UnknownEntry
from core import clock

if TYPE_CHECKING:
    from api.registry.registry import Registry

_RECORDS = Table.metadata.tables["records"]
_FILES = Table.metadata.tables["record_files"]
_PUBLICATIONS = Table.metadata.tables["publications"]
MOST = 20
"""Claims that are told of one file; each is verified while somebody waits who showed no key."""


@dataclass(frozen=True)
class Claims:
    """Who claims a file in public.

    Attributes:
        found: what each of the records says today, verified, the first registered first.
        more: there are more than `MOST`.
    """

    found: tuple[dict[str, Any], ...]
    more: bool


@dataclass(frozen=True)
class Publications:
    """Which of one tenant's records everybody may see."""

    engine: Engine
    tenant: str

    def since(self, record_id: str) -> datetime | None:
        """Since when everybody may see a record; None where it is private.

        Raises:
            UnknownEntry: the tenant has no such record.
        """
        with database.reading(self.engine) as connection:
            self._known(connection, record_id)
            return _since(connection, record_id)

    def publish(self, record_id: str) -> datetime:
        """Let everybody see a record; returns since when, also where that was said before.

        Raises:
            UnknownEntry: the tenant has no such record.
        """
        with database.writing(self.engine) as connection:
            self._known(connection, record_id)
            since = _since(connection, record_id)
            if since is None:
                since = clock.now()
                row = {"record_id": record_id, "tenant": self.tenant, "since": since}
                connection.execute(insert(_PUBLICATIONS).values(**row))
        return since

    def withdraw(self, record_id: str) -> None:
        """Let nobody else see a record any more.

        Raises:
            UnknownEntry: the tenant has no such record.
        """
        with database.writing(self.engine) as connection:
            self._known(connection, record_id)
            withdraw_on(connection, record_id)

    def _known(self, connection: Connection, record_id: str) -> None:
        mine = (_RECORDS.c.record_id == record_id, _RECORDS.c.tenant == self.tenant)
        if connection.execute(select(_RECORDS.c.record_id).where(*mine).with_for_update()).first() is None:
            raise UnknownEntry(f"no record {record_id}")


def withdraw_on(connection: Connection, record_id: str) -> None:
    """Make a record private within a transaction, if it is not."""
    connection.execute(delete(_PUBLICATIONS).where(_PUBLICATIONS.c.record_id == record_id))


def claims(registry: "Registry", sha256: str) -> Claims:
    """Who claims a file in public, of all tenants.

    Args:
        registry: of any tenant.
        sha256: of the whole file, 64 hex digits in lower case.

    Raises:
        VerificationError: one of the records does not verify. None is told then: what is left could look
            undisputed.
    """
    public = (
        select(_RECORDS.c.record_id, _RECORDS.c.tenant)
        .join(_PUBLICATIONS, _PUBLICATIONS.c.record_id == _RECORDS.c.record_id)
        .join(_FILES, _FILES.c.record_id == _RECORDS.c.record_id)
        .where(_FILES.c.sha256 == sha256)
        .order_by(_RECORDS.c.leaf_index)
        .limit(MOST + 1)
    )
    with database.reading(registry.engine) as connection:
        rows = connection.execute(public).all()
    told = []
    for row in rows[:MOST]:
        with suppress(UnknownEntry):  # erased since
            today = registry.for_tenant(row.tenant).records.verified(row.record_id).today()
            told.append({"record_id": row.record_id, **today})
    return Claims(tuple(told), len(rows) > MOST)


def _since(connection: Connection, record_id: str) -> datetime | None:
    query = select(_PUBLICATIONS.c.since).where(_PUBLICATIONS.c.record_id == record_id)
    found: datetime | None = connection.execute(query).scalar_one_or_none()
    return found
