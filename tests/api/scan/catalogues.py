"""Catalogues of files that no audit opens, and what became of scanning them."""

import csv
import json
import os
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import Any

from api.scan.find import Item
from api.scan.plan import Terms
from api.scan.scan import Scanned, scan
from api.scan.worker import Outcomes, Task
from tests.api.scan.rows import scan_row

DAY = date(2026, 11, 28)


def folder_of(tmp_path: Path, *names: str) -> Path:
    folder = tmp_path / "catalogue"
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.fsencode(name))
    return folder


def run(items: list[Item], results: Path, **options: Any) -> Scanned:
    """Scan by the stand-in for an audit, in one process."""
    given: dict[str, Any] = {
        "engine": "local",
        "workers": 1,
        "home": results.parent,
        "audit": scan_row,
        "terms": Terms(DAY),
    }
    return scan(items, results, **{**given, **options})


def in_turn(items: list[Item], _workers: int, task: Task) -> Outcomes:
    """An engine of this process."""
    for number, item in enumerate(items):
        yield number, task.row(item)


def table(path: Path) -> list[dict[str, Any]]:
    if path.suffix == ".parquet":
        rows: list[dict[str, Any]] = import_module("pyarrow.parquet").read_table(path).to_pylist()
        return rows
    if path.suffix == ".csv":
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def names(path: Path) -> list[str]:
    """The files that a table is about."""
    return [Path(row["file"]).name for row in table(path)]


def asked(home: Path) -> dict[str, int]:
    """How often `scan_row` was asked about each file."""
    return {path.name: path.stat().st_size for path in (home / "asked").iterdir()}
