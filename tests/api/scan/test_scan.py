"""Catalogue scans: finding files, surviving dead workers, resuming, writing tables."""

import csv
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from api.scan import scan as scanning
from api.scan.scan import Item, ScanError, find, flatten, scan, write_table
from tests import fakes
from tests.fakes import scan_row


def folder_of(tmp_path: Path, *names: str) -> Path:
    folder = tmp_path / "catalogue"
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    return folder


def run(items: list[Item], results: Path, **options: Any) -> list[dict[str, Any]]:
    return scan(items, results, engine="local", workers=1, home=results.parent, audit=scan_row, **options)


def test_folders_patterns_files_and_urls_are_listed_in_order(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, "b.wav", "a.MP3", "deep/c.flac", "notes.txt")
    every = [str(folder / name) for name in ("a.MP3", "b.wav", "deep/c.flac")]
    assert [item.location for item in find(str(folder))] == every
    assert [item.location for item in find(f"file://{folder}")] == every
    assert [item.location for item in find(str(folder / "*.wav"))] == every[1:2]
    assert [item.location for item in find(str(folder / "b.wav"))] == every[1:2]
    assert find(str(folder))[0].size == 5


@pytest.mark.parametrize("target", ["{}/notes.txt", "{}/none", "gopher://hole/a.wav"])
def test_nothing_to_scan_is_told(tmp_path: Path, target: str) -> None:
    folder = folder_of(tmp_path, "notes.txt")
    with pytest.raises(ScanError):
        find(target.format(folder))


def test_a_file_that_kills_its_worker_costs_its_own_row_only(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, "a.wav", "poison.wav", "z.wav")
    rows = run(find(str(folder)), tmp_path / "r.jsonl")
    assert [Path(row["file"]).name for row in rows] == ["a.wav", "poison.wav", "z.wav"]
    assert [bool(row["error"]) for row in rows] == [False, True, False]
    assert "WorkerDied" in rows[1]["error"]
    assert [json.loads(line) for line in (tmp_path / "r.jsonl").read_text().splitlines()] == rows


def test_an_interrupted_scan_goes_on_where_it_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    items = find(str(folder_of(tmp_path, "a.wav", "b.wav", "c.wav")))
    asked: list[str] = []

    def engine(left: list[Item], _workers: int, home: Path, audit: Any) -> Any:
        for item in left:
            asked.append(Path(item.location).name)
            if len(asked) == 2:
                raise KeyboardInterrupt
            yield audit(item, home)

    monkeypatch.setattr(scanning, "_local", engine)
    results = tmp_path / "r.csv"
    with pytest.raises(KeyboardInterrupt):
        run(items, results)
    assert not results.exists()
    with (tmp_path / ".r.csv.journal").open("a") as journal:
        journal.write('{"file": "half a li')
    Path(items[0].location).write_bytes(b"changed since")
    rows = run(find(str(tmp_path / "catalogue")), results)
    assert asked == ["a.wav", "b.wav", "a.wav", "b.wav", "c.wav"], "a changed, so it is asked again"
    assert len(rows) == 3
    assert sorted(p.name for p in tmp_path.iterdir()) == ["catalogue", "r.csv"]


def test_a_resumed_scan_does_not_ask_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    items = find(str(folder_of(tmp_path, "a.wav", "b.wav")))
    journal = tmp_path / ".r.jsonl.journal"
    journal.write_text(json.dumps(scan_row(items[0], tmp_path)) + "\n")
    monkeypatch.setattr(scanning, "_local", lambda left, _w, home, audit: (audit(i, home) for i in left[:1]))
    told: list[tuple[int, int]] = []
    rows = run(items, tmp_path / "r.jsonl", progress=lambda done, total, _row: told.append((done, total)))
    assert told == [(2, 2)]
    assert len(rows) == 2


@pytest.fixture
def row(tmp_path: Path) -> dict[str, Any]:
    from api.audit.audit import audit_file
    from api.settings import Settings

    found = audit_file(
        "song.wav",
        registry=fakes.Registry(matches=[fakes.Match(fakes.RECORD)]),  # type: ignore[arg-type]  # a fake
        settings=Settings(home=tmp_path),
        stages=fakes.stages(detection=fakes.marked()),
    )
    return flatten(Item("song.wav", 1234), found.to_dict())


def test_an_audit_becomes_a_row_with_every_column(row: dict[str, Any]) -> None:
    assert list(row) == list(scanning._COLUMNS)
    assert row["ownership"] == "match"
    assert row["watermark_present"] is True
    assert json.loads(row["findings"])["ownership"]["record_id"] == fakes.RECORD


def test_tables_of_every_kind(row: dict[str, Any], tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    failed = scanning._failed(Item("bad.wav", 0), "EmptyAudio", "no samples")
    for suffix in (".parquet", ".jsonl", ".csv"):
        write_table([row, failed], tmp_path / f"r{suffix}")
    assert parquet.read_table(tmp_path / "r.parquet").to_pylist() == [row, failed]
    with (tmp_path / "r.csv").open() as file:
        assert [line["error"] for line in csv.DictReader(file)] == ["", "EmptyAudio: no samples"]
    assert len((tmp_path / "r.jsonl").read_text().splitlines()) == 2


def test_missing_optional_packages_are_told_before_any_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    items = find(str(folder_of(tmp_path, "a.wav")))
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ScanError, match=r"trackmark\[ray\]"):
        scan(items, tmp_path / "r.jsonl", engine="ray", workers=1, home=tmp_path, audit=scan_row)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ScanError, match="pyarrow"):
        run(items, tmp_path / "r.parquet")
    with pytest.raises(ScanError, match=r"\.parquet, \.jsonl, \.csv"):
        run(items, tmp_path / "r.txt")
    with pytest.raises(ScanError, match="unknown engine"):
        scan(items, tmp_path / "r.csv", engine="hope", workers=1, home=tmp_path)
