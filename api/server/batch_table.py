"""The results of a batch as one flat table, for spreadsheets (CSV) and data frames (Parquet)."""

import io
from collections.abc import Iterator
from typing import Any

from api.jobs.batches import Batches, Result
from api.jobs.exporting import FOUND, found
from api.jobs.tables import Columns, Form, write

AT_ONCE = 500
COLUMNS: Columns = {
    "row": "int64",
    "reference": "string",
    "upload_id": "string",
    "audit_id": "string",
    "state": "string",
    "file": "string",
    "sha256": "string",
    **FOUND,
}
"""Names of the columns and their Arrow types."""
_OWN = tuple(name for name in COLUMNS if name not in FOUND)


def flat(result: Result) -> dict[str, Any]:
    """A row of the table; what was not found, or not looked for, is None."""
    return {**{name: getattr(result, name) for name in _OWN}, **found(result.found, result.problem)}


def every(batches: Batches, batch_id: str, tenant: str) -> Iterator[dict[str, Any]]:
    """All rows of a batch in order; raises `UnknownEntry`."""
    last = 0
    while shown := batches.results(batch_id, tenant, after=last, limit=AT_ONCE):
        yield from map(flat, shown)
        last = shown[-1].row


def table(batches: Batches, batch_id: str, tenant: str, form: Form) -> bytes:
    """The whole table as a file; raises `UnknownEntry`."""
    out = io.BytesIO()
    write(out, form, COLUMNS, every(batches, batch_id, tenant))
    return out.getvalue()
