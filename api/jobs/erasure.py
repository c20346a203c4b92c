"""Erasing a record: whoever asks to be forgotten is, and every proof of others still holds.

The log keeps the entry. It is a commitment under a salt that is erased with the record, so it names nobody
and no guess can be tried against it.
"""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, delete, select

from api import database
from api.database.tables import Table
from api.errors import UnknownEntry

if TYPE_CHECKING:
    from api.registry.registry import Registry

_RECORDS = Table.metadata.tables["records"]
_JOBS = Table.metadata.tables["jobs"]
_IDEMPOTENT = Table.metadata.tables["idempotent_requests"]


def erase(registry: "Registry", record_id: str, outputs: Path) -> None:
    """Erase a record of this tenant with its events, manifests, fingerprint and taggings, for good.

    What others hold stays: files with the mark, exports, and reports of audits that quote the record.

    Args:
        registry: bound to the tenant.
        record_id: whose.
        outputs: folder of what jobs left behind (`Settings.outputs`).

    Raises:
        UnknownEntry: the tenant has no such record.
    """
    from provenance.fingerprint import SqlIndex

    mine = (_RECORDS.c.record_id == record_id, _RECORDS.c.tenant == registry.tenant)
    with database.writing(registry.engine) as connection:
        if connection.execute(select(_RECORDS.c.record_id).where(*mine)).first() is None:
            raise UnknownEntry(f"no record {record_id}")
        SqlIndex(registry.engine, registry.tenant).remove_on(connection, record_id)
        connection.execute(delete(_RECORDS).where(*mine))  # events, files and manifests go with it
        jobs = _taggings(connection, registry.tenant, record_id)
        connection.execute(delete(_IDEMPOTENT).where(_IDEMPOTENT.c.job_id.in_(jobs)))
        connection.execute(delete(_JOBS).where(_JOBS.c.id.in_(jobs)))
    for job in jobs:
        shutil.rmtree(outputs / job, ignore_errors=True)


def _taggings(connection: Connection, tenant: str, record_id: str) -> list[str]:
    """The jobs that made the record."""
    query = select(_JOBS.c.id, _JOBS.c.result).where(
        _JOBS.c.tenant == tenant, _JOBS.c.kind == "track", _JOBS.c.state == "succeeded"
    )
    rows = connection.execute(query)
    return [row.id for row in rows if row.result is not None and row.result.get("record_id") == record_id]
