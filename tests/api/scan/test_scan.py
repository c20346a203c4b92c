"""Catalogue scans: workers that die, stores that are lost, files that change, what is no file's fault."""

import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import fsspec
import pytest
from sqlalchemy import create_engine

from api.errors import DiskFull
from api.scan import scan as scanning
from api.scan.engines import ENGINES
from api.scan.find import Item, ScanError, find
from api.scan.plan import Terms
from api.scan.scan import Scanned
from api.scan.table import COLUMNS
from api.scan.worker import audit_item
from core.errors import InvalidInput, KeyFileError, UnreadableAudio
from tests.api.scan.catalogues import DAY, asked, folder_of, in_turn, names, run, table


def test_a_file_that_kills_its_worker_costs_its_own_row_only(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, "a.wav", "b_frail.wav", "poison.wav", "z.wav")
    done = run(find(str(folder)), tmp_path / "r.jsonl", workers=2)
    rows = table(tmp_path / "r.jsonl")
    assert names(tmp_path / "r.jsonl") == ["a.wav", "b_frail.wav", "poison.wav", "z.wav"]
    assert [row["error_type"] for row in rows] == [None, None, "WorkerDied", None]
    assert asked(tmp_path) == {"a.wav": 1, "b_frail.wav": 2, "poison.wav": 2, "z.wav": 1}
    assert done == Scanned(4, {"accept": 3, "unreadable": 1})


def test_missing_optional_packages_and_wrong_names_are_told_before_any_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    items = find(str(folder_of(tmp_path, "a.wav")))
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ScanError, match=r"trackmark\[ray\]"):
        run(items, tmp_path / "r.jsonl", engine="ray")
    with pytest.raises(InvalidInput, match=r"\.parquet, \.jsonl, \.csv"):
        run(items, tmp_path / "r.txt")
    with pytest.raises(InvalidInput, match="unknown engine"):
        run(items, tmp_path / "r.csv", engine="hope")


class Unreachable(Exception):
    """As a store's own library raises; no OSError."""


@pytest.fixture
def unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: object, **_options: object) -> None:
        raise Unreachable("no route to bucket")

    monkeypatch.setattr("fsspec.filesystem", refuse)
    monkeypatch.setattr("api.scan.worker._opened", lambda home: (REGISTRY, None))


REGISTRY = SimpleNamespace(
    on_behalf=lambda reader: reader, engine=create_engine("sqlite://"), tenant="default"
)


def test_a_place_that_cannot_be_reached_is_told(unreachable: None) -> None:
    with pytest.raises(ScanError, match="cannot list s3://bucket: no route to bucket"):
        find("s3://bucket")
    row = audit_item(Item("s3://bucket/a.wav", 5), Path("home"), Terms(DAY))
    assert row["error"] == "FetchError: cannot fetch s3://bucket/a.wav: no route to bucket"


def test_a_store_that_is_lost_on_the_way_ends_the_scan_and_no_row_is_its_last_word(
    tmp_path: Path, unreachable: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ENGINES, "local", in_turn)
    monkeypatch.setattr(scanning, "LOST_IN_A_ROW", 3)
    items = [Item(f"s3://bucket/{n}.wav", 5, "v") for n in range(5)]
    with pytest.raises(ScanError, match=r"3 files in a row were lost.*no route"):
        run(items, tmp_path / "r.csv", audit=audit_item)
    run(items, tmp_path / "r.csv")
    assert [row["action"] for row in table(tmp_path / "r.csv")] == ["accept"] * 5
    run(items[:2], tmp_path / "few.csv", audit=audit_item)
    assert [row["error_type"] for row in table(tmp_path / "few.csv")] == ["FetchError"] * 2


def test_workers_that_die_whatever_they_are_given_end_the_scan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine out of memory, an installation that is broken: no file's last word."""
    monkeypatch.setattr(scanning, "LOST_IN_A_ROW", 3)
    folder = folder_of(tmp_path, *(f"poison-{n}.wav" for n in range(4)))
    with pytest.raises(ScanError, match=r"3 files in a row were lost.*is there enough memory"):
        run(find(str(folder)), tmp_path / "r.csv", workers=2)
    assert not (tmp_path / "r.csv").exists()


def test_a_disk_that_is_taken_away_ends_the_scan_and_files_that_never_were_there_do_not(
    tmp_path: Path, auditing: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scanning, "LOST_IN_A_ROW", 3)
    folder = folder_of(tmp_path, *(f"{n}.wav" for n in range(4)))
    names_of = tmp_path / "m.txt"
    names_of.write_text("".join(f"catalogue/{n}.wav\n" for n in range(4)))
    items = find(str(folder))
    for path in list(folder.iterdir()):
        path.unlink()
    with pytest.raises(ScanError, match=r"3 files in a row were lost.*FileMissing"):
        run(items, tmp_path / "r.csv", audit=audit_item)
    run(find(str(names_of)), tmp_path / "r.csv", audit=audit_item)
    assert [row["error_type"] for row in table(tmp_path / "r.csv")] == ["FileMissing"] * 4


@pytest.fixture
def auditing(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the audits of this process come to, in turn: raised, called with the path, or None for a row."""
    outcomes: list[Any] = []

    class Found:
        def to_dict(self) -> dict[str, Any]:
            return {}

    def audit_file(path: Path, **_options: object) -> Found:
        outcome = outcomes.pop(0)
        if isinstance(outcome, BaseException):
            raise outcome
        if outcome is not None:
            outcome(path)
        return Found()

    monkeypatch.setattr("api.scan.worker._opened", lambda home: (REGISTRY, None))
    row = {**dict.fromkeys(COLUMNS), "action": "accept"}
    monkeypatch.setattr(
        "api.scan.worker.flatten",
        lambda item, _found: {**row, "file": item.location, "size_bytes": item.size},
    )
    monkeypatch.setattr("api.audit.audit.audit_file", audit_file)
    monkeypatch.setitem(ENGINES, "local", in_turn)
    return outcomes


@pytest.mark.parametrize(
    "error", [OSError(28, "No space left on device"), DiskFull("full"), KeyFileError("locked")]
)
def test_what_is_no_fault_of_a_file_is_no_row_and_the_scan_goes_on_later(
    tmp_path: Path, auditing: list[Any], error: Exception
) -> None:
    items = find(str(folder_of(tmp_path, "a.wav", "b.wav", "c.wav")))
    results = tmp_path / "r.jsonl"
    for outcomes in ([None, error], [error]):  # interrupted twice
        auditing[:] = outcomes
        with pytest.raises(type(error)):
            run(items, results, audit=audit_item)
    assert not results.exists()
    auditing[:] = [RuntimeError("a bug that one file shows"), UnreadableAudio("a zip")]
    done = run(items, results, audit=audit_item)
    assert [row["error_type"] for row in table(results)] == [None, "RuntimeError", "UnreadableAudio"]
    assert done.files == 3 and not auditing


def changed(path: Path) -> None:
    path.write_bytes(b"something else")


def changed_and_unreadable(path: Path) -> None:
    changed(path)
    raise UnreadableAudio("half of each")


def test_a_file_that_changes_during_the_scan_is_told_and_holds_nobody_up(
    tmp_path: Path, auditing: list[Any]
) -> None:
    folder = folder_of(tmp_path, "a.wav", "b.wav", "c.wav", "d.wav", "e.wav")
    items = find(str(folder))
    changed(folder / "c.wav")
    (folder / "d.wav").unlink()
    auditing[:] = [changed, changed_and_unreadable, None]
    run(items, tmp_path / "r.csv", audit=audit_item)
    kinds = [row["error_type"] for row in table(tmp_path / "r.csv")]
    assert kinds == ["FileChanged", "FileChanged", "FileChanged", "FileMissing", ""]
    assert "c.wav changed since it was listed: scan it again" in table(tmp_path / "r.csv")[2]["error"]


def test_files_of_an_object_store_are_copied_and_the_copies_go(
    tmp_path: Path, auditing: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "scratch"))
    (tmp_path / "scratch").mkdir()
    store = fsspec.filesystem("memory")
    store.pipe({f"/songs/{name}.wav": name.encode() for name in "abc"})
    items = find("memory://songs")
    heard: list[bytes] = []
    store.pipe("/songs/b.wav", b"B")
    store.rm("/songs/c.wav")
    auditing[:] = [lambda path: heard.append(path.read_bytes())]
    run(items, tmp_path / "r.csv", audit=audit_item)
    kinds = [row["error_type"] for row in table(tmp_path / "r.csv")]
    assert kinds == ["", "FileChanged", "FileMissing"]
    assert heard == [b"a"] and not list((tmp_path / "scratch").iterdir())
    store.rm("/songs", recursive=True)


def test_what_is_no_file_that_may_be_read_is_told_by_its_kind(
    tmp_path: Path, auditing: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = folder_of(tmp_path, "a.wav", "b.wav")
    opened = os.open

    def refuse(path: Any, *how: Any, **more: Any) -> int:
        if str(path).endswith("b.wav"):
            raise PermissionError(13, "Permission denied")
        return opened(path, *how, **more)

    monkeypatch.setattr("os.open", refuse)
    rows = tmp_path / "m.txt"
    rows.write_text("catalogue/a.wav\ncatalogue/b.wav\ncatalogue/gone.wav\n")
    auditing[:] = [None]
    run(find(str(rows)), tmp_path / "r.csv", audit=audit_item)
    assert [row["error_type"] for row in table(tmp_path / "r.csv")] == ["", "FileForbidden", "FileMissing"]
    assert str(folder / "gone.wav") in table(tmp_path / "r.csv")[2]["error"]


@pytest.mark.parametrize("table_of", ["results", "heard"])
def test_a_file_of_another_origin_is_not_replaced(tmp_path: Path, table_of: str) -> None:
    items = find(str(folder_of(tmp_path, "a.wav")))
    tables = {"results": tmp_path / "results.csv", "heard": tmp_path / "heard.csv"}
    tables[table_of].write_text("year,sales\n2026,5\n")
    with pytest.raises(InvalidInput, match=f"{table_of}.csv is no table of a scan"):
        run(items, tables["results"], heard=tables["heard"])
    assert not (tmp_path / "asked").exists(), "nothing was heard"
    assert tables[table_of].read_text() == "year,sales\n2026,5\n"
    run(items, tables["results"], heard=tables["heard"], overwrite=True)
    assert names(tables["results"]) == ["a.wav"]
    run(items, tables["results"], heard=tables["heard"])


def test_a_file_that_came_while_a_scan_ran_is_left_and_so_is_every_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    items, results = find(str(folder_of(tmp_path, "a.wav", "b.wav"))), tmp_path / "r.csv"
    with pytest.raises(InvalidInput, match="is no table of a scan"):
        run(items, results, progress=lambda *_told: results.write_text("a,b\n"))
    assert results.read_text() == "a,b\n"
    results.unlink()
    run(items, results)
    assert asked(tmp_path) == {"a.wav": 1, "b.wav": 1}
