"""Rows as a file: for spreadsheets (CSV), for data frames (Parquet), for everything else (lines of JSON)."""

import csv
import io
import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from importlib import import_module
from itertools import islice
from typing import Any, BinaryIO, Literal

from api.report.legible import visible
from core import clock
from provenance.exchange.table import guarded

Form = Literal["parquet", "csv", "jsonl"]
Columns = Mapping[str, str]
"""Names of columns, and their Arrow types; `moment` is a time in UTC."""
MEDIA: Mapping[Form, str] = {
    "parquet": "application/vnd.apache.parquet",
    "csv": "text/csv; charset=utf-8",
    "jsonl": "application/jsonl",
}
AT_ONCE = 5000


def write(file: BinaryIO, form: Form, columns: Columns, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write rows as they come, a few thousand in memory at most.

    Args:
        file: open for writing; it stays open.
        form: of the file. In CSV, texts are written as `cell` says.
        columns: of every row.
        rows: each with every column; what is not known is None.
    """
    {"parquet": _parquet, "csv": _csv, "jsonl": _jsonl}[form](file, columns, rows)


def cell(value: Any) -> Any:
    """A value as people read it in a spreadsheet: nothing in it is hidden, and nothing is run.

    >>> cell("=1+1"), cell("a\\u202egpj.mp3"), cell(7)
    ("'=1+1", 'a[U+202E]gpj.mp3', 7)
    """
    return guarded(visible(value)) if isinstance(value, str) else value


def _csv(file: BinaryIO, columns: Columns, rows: Iterable[Mapping[str, Any]]) -> None:
    out = io.TextIOWrapper(file, encoding="utf-8", newline="")
    writer = csv.writer(out)
    writer.writerow(columns)
    for row in rows:
        writer.writerow(cell(_plain(row[name])) for name in columns)
    out.flush()
    out.detach()


def _jsonl(file: BinaryIO, columns: Columns, rows: Iterable[Mapping[str, Any]]) -> None:
    for row in rows:
        told = {name: _plain(row[name]) for name in columns}
        file.write(json.dumps(told, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace") + b"\n")


def _parquet(file: BinaryIO, columns: Columns, rows: Iterable[Mapping[str, Any]]) -> None:
    arrow: Any = import_module("pyarrow")
    parquet: Any = import_module("pyarrow.parquet")
    schema = arrow.schema(
        [
            (name, arrow.timestamp("us", tz="UTC") if kind == "moment" else getattr(arrow, kind)())
            for name, kind in columns.items()
        ]
    )
    left = iter(rows)
    with parquet.ParquetWriter(file, schema, compression="zstd") as writer:
        for first in left:
            group = [first, *islice(left, AT_ONCE - 1)]
            writer.write_table(arrow.Table.from_pylist(group, schema=schema))


def _plain(value: Any) -> Any:
    return clock.utc_text(value) if isinstance(value, datetime) else value
