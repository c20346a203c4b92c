"""Erasing a record: whoever asks to be forgotten is, and every proof of others still holds.

The log keeps the entry. It is a commitment under a salt that is erased with the record, so it names nobody
and no guess can be tried against it.
"""

from typing import TYPE_CHECKING

from sqlalchemy import Connection, delete, or_, select

from api import database
from api.database.tables import Table
from api.errors import UnknownEntry
from api.jobs.files import JobFiles
from api.jobs.job import Job
from api.retention import holds

if TYPE_CHECKING:
    from api.registry.registry import Registry

_RECORDS = Table.metadata.tables["records"]
_JOBS = Table.metadata.tables["jobs"]
_UPLOADS = Table.metadata.tables["resumable_uploads"]
_IDEMPOTENT = Table.metadata.tables["idempotent_requests"]


def erase(registry: "Registry", record_id: str, files: JobFiles) -> None:
    """Erase a record of this tenant with its events, manifests, fingerprint and taggings, for good.

    What a tagging was made of goes, too, also where it is still kept as an upload of its own. What others
    hold stays: files with the mark, exports, and reports of audits that quote the record.

    Args:
        registry: bound to the tenant.
        record_id: whose.
        files: where the taggings' uploads and outputs lie.

    Raises:
        UnknownEntry: the tenant has no such record.
        OnHold: a legal hold keeps it.
    """
    from provenance.fingerprint import SqlIndex

    mine = (_RECORDS.c.record_id == record_id, _RECORDS.c.tenant == registry.tenant)
    with database.writing(registry.engine) as connection:
        if connection.execute(select(_RECORDS.c.record_id).where(*mine)).first() is None:
            raise UnknownEntry(f"no record {record_id}")
        holds.refuse(connection, registry.tenant, "record", record_id)
        SqlIndex(registry.engine, registry.tenant).remove_on(connection, record_id)
        connection.execute(delete(_RECORDS).where(*mine))  # events, files and manifests go with it
        jobs = _taggings(connection, registry.tenant, record_id)
        ids = [job.id for job in jobs]
        connection.execute(delete(_IDEMPOTENT).where(_IDEMPOTENT.c.job_id.in_(ids)))
        connection.execute(delete(_JOBS).where(_JOBS.c.id.in_(ids)))
        kept = _UPLOADS.c.sha256.in_([job.sha256 for job in jobs]), _UPLOADS.c.tenant == registry.tenant
        gone = connection.execute(delete(_UPLOADS).where(*kept).returning(_UPLOADS.c.stored))
        stored = list(gone.scalars())
    database.forget_traces(registry.engine)
    for job in jobs:
        files.discard(job)
    files.discard_uploads(stored)


def _taggings(connection: Connection, tenant: str, record_id: str) -> list[Job]:
    """The jobs that made the record or are at it: an attempt may have been cut short after it registered."""
    named = or_(
        _JOBS.c.request["record_id"].as_string() == record_id,
        _JOBS.c.result["record_id"].as_string() == record_id,
    )
    query = select(_JOBS).where(_JOBS.c.tenant == tenant, _JOBS.c.kind == "track", named)
    return [Job(**row._mapping) for row in connection.execute(query)]
