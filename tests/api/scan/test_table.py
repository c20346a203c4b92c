"""Rows and the tables that are written of them."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from api.scan import matches
from api.scan.engines import ENGINES
from api.scan.find import Item, find
from api.scan.table import COLUMNS, TABLES, failed, flatten, refuse_foreign, write_table
from core.errors import EmptyAudio, InvalidInput
from tests import fakes
from tests.api.scan.catalogues import folder_of, in_turn, run, table


@pytest.fixture
def row(tmp_path: Path) -> dict[str, Any]:
    from api.audit.audit import audit_file
    from api.settings import Settings

    found = audit_file(
        "song.wav",
        registry=fakes.Registry(matches=[fakes.match(fakes.RECORD)]),  # type: ignore[arg-type]  # a fake
        settings=Settings(home=tmp_path),
        engines=fakes.engines(detection=fakes.marked()),
    )
    return flatten(Item("song.wav", 1234), found.to_dict())


def test_an_audit_becomes_a_row_with_every_column(row: dict[str, Any]) -> None:
    assert list(row) == list(COLUMNS)
    assert row["ownership"] == "match"
    assert row["watermark_present"] is True
    assert json.loads(row["findings"])["ownership"]["record_id"] == fakes.RECORD


def test_no_row_holds_a_time(row: dict[str, Any]) -> None:
    """Two scans give the same table, bit for bit."""
    told = json.loads(row["findings"])
    assert "elapsed_s" not in row and told["elapsed_s"] is None and told["watermark"]["elapsed_s"] is None


def test_tables_of_every_kind(row: dict[str, Any], tmp_path: Path) -> None:
    bad = failed(Item("bad.wav", 0), EmptyAudio("no samples"))
    for suffix in (".parquet", ".jsonl", ".csv"):
        write_table([row, bad], tmp_path / f"r{suffix}")
    assert table(tmp_path / "r.parquet") == [row, bad]
    with (tmp_path / "r.csv").open() as file:
        failures = [(line["error"], line["error_type"]) for line in csv.DictReader(file)]
    assert failures == [("", ""), ("EmptyAudio: no samples", "EmptyAudio")]
    assert len((tmp_path / "r.jsonl").read_text().splitlines()) == 2


NAMES = [
    "caf\udce9 \udc85.mp3",
    "two\nlines.mp3",
    "\r\n.mp3",
    "\u2028 \x1b[31m.mp3",
    'a,"b";\t\'c.mp3',
    "ok é.mp3",
    "song\u202e3pm.exe\u2066.mp3",
    "\u05e9\u05dc\u05d5\u05dd\u200f \U000e0041\U0001f3b5.mp3",
]
ESCAPED = [
    "caf\\xe9 \\x85.mp3",
    "two\\x0alines.mp3",
    "\\x0d\\x0a.mp3",
    "\\u2028 \\x1b[31m.mp3",
    'a,"b";\\x09\'c.mp3',
    "ok é.mp3",
    "song\\u202e3pm.exe\\u2066.mp3",
    "\u05e9\u05dc\u05d5\u05dd\\u200f \\U000e0041\U0001f3b5.mp3",
]


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_any_file_name_has_its_row_in_every_table(
    tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    items = find(str(folder_of(tmp_path, *NAMES)))
    assert {Path(item.location).name for item in items} == set(NAMES)
    results = tmp_path / f"r{suffix}"
    shown: list[str] = []
    monkeypatch.setitem(ENGINES, "local", in_turn)
    run(items, results, progress=lambda _done, _all, row: shown.append(row["file"]))
    if suffix != ".parquet":
        assert len(results.read_text(encoding="utf-8").splitlines()) == len(NAMES) + (suffix == ".csv")
    assert [row["file"] for row in table(results)] == shown
    assert {name.rpartition("/")[2] for name in shown} == set(ESCAPED)


@pytest.mark.parametrize("suffix", TABLES)
def test_a_table_takes_the_place_of_one_of_a_scan_and_of_nothing_else(tmp_path: Path, suffix: str) -> None:
    ours, theirs, link = (tmp_path / f"{name}{suffix}" for name in ("ours", "theirs", "link"))
    refuse_foreign(ours)
    write_table([], ours)
    refuse_foreign(ours)
    write_table([dict.fromkeys(COLUMNS)], ours)
    refuse_foreign(ours)
    earlier = dict(list(COLUMNS.items())[:15])
    write_table([dict.fromkeys(earlier)], ours, earlier)
    refuse_foreign(ours)
    link.symlink_to(ours)
    refuse_foreign(link)
    write_table([{"file": "a.wav"}], theirs, {"file": "string"})  # a manifest
    strange = {**COLUMNS, "note": "string"}  # somebody's own work on one of ours
    noted = tmp_path / f"noted{suffix}"
    write_table([dict.fromkeys(strange)], noted, strange)
    text = tmp_path / f"text{suffix}"
    text.write_bytes(b"\xff\xfe nothing that anybody can read")
    nowhere = tmp_path / f"nowhere{suffix}"
    nowhere.symlink_to(tmp_path / "gone")
    for path in (theirs, noted, text, nowhere):
        with pytest.raises(InvalidInput, match="is no table of a scan"):
            refuse_foreign(path)
    with pytest.raises(InvalidInput, match="is no table of a scan"):
        refuse_foreign(ours, matches.COLUMNS)
