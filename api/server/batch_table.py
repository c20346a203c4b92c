"""The results of a batch as one flat table, for spreadsheets (CSV) and data frames (Parquet)."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from typing import Any

from api.jobs.batches import Batches, Result
from provenance.exchange.table import guarded

AT_ONCE = 500
COLUMNS: dict[str, str] = {
    "row": "int64",
    "reference": "string",
    "upload_id": "string",
    "audit_id": "string",
    "state": "string",
    "file": "string",
    "sha256": "string",
    "decision": "string",
    "ownership": "string",
    "record_id": "string",
    "ai_verdict": "string",
    "ai_score": "float64",
    "problem": "string",
    "detail": "string",
}
"""Names of the columns and their Arrow types."""


def flat(result: Result) -> dict[str, Any]:
    """A row of the table; what was not found, or not looked for, is None."""
    found = result.found or {}
    ownership, ai = found.get("ownership") or {}, found.get("ai") or {}
    problem = result.problem or {}
    return {
        "row": result.row,
        "reference": result.reference,
        "upload_id": result.upload_id,
        "audit_id": result.audit_id,
        "state": result.state,
        "file": result.file,
        "sha256": result.sha256,
        "decision": (found.get("decision") or {}).get("action"),
        "ownership": ownership.get("status"),
        "record_id": ownership.get("record_id"),
        "ai_verdict": ai.get("verdict"),
        "ai_score": ai.get("score"),
        "problem": problem.get("code"),
        "detail": problem.get("detail"),
    }


def every(batches: Batches, batch_id: str, tenant: str) -> Iterator[dict[str, Any]]:
    """All rows of a batch in order; raises `UnknownEntry`."""
    last = 0
    while shown := batches.results(batch_id, tenant, after=last, limit=AT_ONCE):
        yield from map(flat, shown)
        last = shown[-1].row


def as_csv(rows: Iterable[Mapping[str, Any]]) -> bytes:
    """The table as CSV, in UTF-8; a text that a spreadsheet would run is written with an apostrophe."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow(guarded(cell) if isinstance(cell, str) else cell for cell in row.values())
    return out.getvalue().encode()


def as_parquet(rows: Iterable[Mapping[str, Any]]) -> bytes:
    """The table as Parquet."""
    arrow: Any = import_module("pyarrow")
    parquet: Any = import_module("pyarrow.parquet")
    schema = arrow.schema([(name, getattr(arrow, kind)()) for name, kind in COLUMNS.items()])
    out = io.BytesIO()
    parquet.write_table(arrow.Table.from_pylist(list(rows), schema=schema), out, compression="zstd")
    return out.getvalue()
