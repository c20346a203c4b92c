"""The table of a scan: one flat row per file, as Parquet, JSON lines or CSV.

Rows hold nothing of when, where and how fast they were made: two scans of the same files by the same registry
give the same table, bit for bit.
"""

import csv
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any

from api.audit.json_form import Json
from api.scan.find import Item
from core.characters import invisible
from core.errors import InvalidInput
from core.files import replacing, settle

TABLES = (".parquet", ".jsonl", ".csv")
ROWS_AT_ONCE = 1000
MOST_LINE = 1 << 26
"""Characters of a line; one with all findings of a long file is far below."""
COLUMNS: dict[str, str] = {
    "file": "string",
    "size_bytes": "int64",
    "sha256": "string",
    "duration_s": "float64",
    "action": "string",
    "rules": "string",
    "ownership": "string",
    "record_id": "string",
    "watermark_present": "bool_",
    "watermark_p_value": "float64",
    "fingerprint_record_id": "string",
    "fingerprint_score": "float64",
    "credentials_valid": "bool_",
    "ai_score": "float64",
    "ai_p_value": "float64",
    "ai_verdict": "string",
    "voice_synthetic_score": "float64",
    "warnings": "string",
    "error": "string",
    "error_type": "string",
    "findings": "string",
}
"""Names of the columns and their Arrow types."""

TIMED = "elapsed_s"
"""What two audits of one file may differ in."""


def flatten(item: Item, found: Json) -> Json:
    """One audit as a flat row: the columns that a catalogue is filtered by, and the whole as JSON."""
    found = {**found, "file": _shown(item.location)}
    best = found["fingerprint"][0] if found["fingerprint"] else {}
    return {
        "file": item.location,
        "size_bytes": item.size,
        "sha256": found["sha256"],
        "duration_s": found["duration_s"],
        "action": found["decision"]["action"],
        "rules": ",".join(rule["rule"] for rule in found["decision"]["rules"]),
        "ownership": found["ownership"]["status"],
        "record_id": found["ownership"]["record_id"],
        "watermark_present": found["watermark"]["present"],
        "watermark_p_value": found["watermark"]["p_value"],
        "fingerprint_record_id": best.get("record_id"),
        "fingerprint_score": best.get("score"),
        "credentials_valid": found["credentials"]["valid"],
        "ai_score": found["ai"]["score"],
        "ai_p_value": found["ai"]["p_value"],
        "ai_verdict": found["ai"]["verdict"],
        "voice_synthetic_score": found["voice"]["synthetic_score"],
        "warnings": "; ".join(found["warnings"]),
        "error": None,
        "error_type": None,
        "findings": json.dumps(_untimed(found)),
    }


def _untimed(found: Any) -> Any:
    if isinstance(found, list):
        return [_untimed(value) for value in found]
    if isinstance(found, dict):
        return {name: None if name == TIMED else _untimed(value) for name, value in found.items()}
    return found


def failed(item: Item, error: Exception) -> Json:
    """The row of a file that could not be audited: why, and the kind of the failure."""
    row: Json = dict.fromkeys(COLUMNS)
    kind = type(error).__name__
    why = {"error": f"{kind}: {error}", "error_type": kind}
    return {**row, "file": item.location, "size_bytes": item.size, **why}


def told(row: Mapping[str, Any]) -> Json:
    """A row as it is shown: what is no text in its strings, or shows nothing, is escaped.

    A file's name is bytes on most systems. Those that are no UTF-8 become `\\xe9`, line breaks `\\x0a`, what
    turns its line round `\\u202e`: what is legible elsewhere is so here.

    >>> told({"file": "caf\\udce9\\n.mp3", "size_bytes": 5})
    {'file': 'caf\\\\xe9\\\\x0a.mp3', 'size_bytes': 5}
    """
    return {name: _shown(value) if isinstance(value, str) else value for name, value in row.items()}


def _shown(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(_escaped(c) if invisible(c) else c for c in text)


def _escaped(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # a byte of a file's name, as Python carries it
        code -= 0xDC00
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def write_table(rows: Iterable[Mapping[str, Any]], path: Path, columns: Mapping[str, str] = COLUMNS) -> None:
    """Write rows, whole or not at all, a thousand in memory at a time; they are on the disk at the end.

    Raises:
        OSError: the disk failed, or is full.
    """
    shown = map(told, rows)
    with replacing(path) as part:
        if path.suffix == ".parquet":
            _write_parquet(shown, part, columns)
        elif path.suffix == ".jsonl":
            with part.open("w", encoding="utf-8") as file:
                file.writelines(json.dumps(row) + "\n" for row in shown)
        else:
            with part.open("w", newline="", encoding="utf-8") as file:
                table = csv.DictWriter(file, fieldnames=list(columns))
                table.writeheader()
                table.writerows(shown)
        settle(part)
    settle(path.parent)


def _write_parquet(rows: Iterator[Json], path: Path, columns: Mapping[str, str]) -> None:
    arrow, parquet = _pyarrow()
    schema = arrow.schema([(name, getattr(arrow, kind)()) for name, kind in columns.items()])
    with parquet.ParquetWriter(path, schema, compression="zstd", write_page_checksum=True) as writer:
        while some := list(islice(rows, ROWS_AT_ONCE)):
            writer.write_table(arrow.Table.from_pylist(some, schema=schema))


def refuse_foreign(path: Path, columns: Mapping[str, str] = COLUMNS) -> None:
    """Refuse to replace what is no table of a scan: whoever named it meant another one.

    What an earlier release wrote may lack some columns; an empty file is no loss, and where nothing matches,
    JSON lines are one.

    Raises:
        InvalidInput: something else is there.
    """
    if not os.path.lexists(path) or (path.is_file() and not path.stat().st_size):
        return
    found = set(_columns_of(path)) if path.is_file() else set()
    if not found <= columns.keys() or len(found) <= len(columns) / 2:
        raise InvalidInput(f"{path} is no table of a scan: choose another output, or replace it with --force")


def _columns_of(path: Path) -> list[str]:
    """The columns of a table in order; none where it is none."""
    try:
        if path.suffix == ".parquet":
            arrow, parquet = _pyarrow()
            try:
                return list(parquet.read_schema(path).names)
            except arrow.ArrowException:
                return []
        with path.open(encoding="utf-8", newline="") as file:
            if path.suffix == ".csv":
                return next(csv.reader(file), [])
            first = json.loads(file.readline(MOST_LINE) or "{}")
            return list(first) if isinstance(first, dict) else []
    except (ValueError, csv.Error):
        return []


def rows_in(path: Path) -> int | None:
    """How many rows a Parquet file says it has; None where it is cut off or none at all."""
    arrow, parquet = _pyarrow()
    try:
        return int(parquet.read_metadata(path).num_rows)
    except (OSError, arrow.ArrowException):
        return None


def read_part(path: Path) -> list[Json] | None:
    """The rows of a Parquet file; None where it is damaged."""
    arrow, parquet = _pyarrow()
    try:
        rows: list[Json] = parquet.ParquetFile(path, page_checksum_verification=True).read().to_pylist()
    except (OSError, arrow.ArrowException):
        return None
    return rows


def _pyarrow() -> tuple[Any, Any]:
    """Slow to import, and without types."""
    return import_module("pyarrow"), import_module("pyarrow.parquet")
