"""Catalogue scans: finding files, surviving dead workers, resuming, writing tables."""

import csv
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from api.errors import DiskFull
from api.scan.engines import ENGINES
from api.scan.find import Item, ScanError, find
from api.scan.scan import Scanned, audit_item, scan
from api.scan.table import COLUMNS, failed, flatten, write_table
from core.errors import KeyFileError, UnreadableAudio
from tests import fakes
from tests.fakes import scan_row


def folder_of(tmp_path: Path, *names: str) -> Path:
    folder = tmp_path / "catalogue"
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.fsencode(name))
    return folder


def run(items: list[Item], results: Path, **options: Any) -> Scanned:
    return scan(items, results, engine="local", workers=1, home=results.parent, audit=scan_row, **options)


def table(path: Path) -> list[dict[str, Any]]:
    if path.suffix == ".csv":
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


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
    done = run(find(str(folder)), tmp_path / "r.jsonl")
    rows = table(tmp_path / "r.jsonl")
    assert [Path(row["file"]).name for row in rows] == ["a.wav", "poison.wav", "z.wav"]
    assert [bool(row["error"]) for row in rows] == [False, True, False]
    assert "WorkerDied" in rows[1]["error"]
    assert done == Scanned(3, {"accept": 2, "unreadable": 1})


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

    monkeypatch.setitem(ENGINES, "local", engine)
    results = tmp_path / "r.csv"
    with pytest.raises(KeyboardInterrupt):
        run(items, results)
    assert not results.exists()
    with (tmp_path / ".r.csv.journal").open("a") as journal:
        journal.write('{"file": "half a li')
    Path(items[0].location).write_bytes(b"changed since")
    done = run(find(str(tmp_path / "catalogue")), results)
    assert asked == ["a.wav", "b.wav", "a.wav", "b.wav", "c.wav"], "a changed, so it is asked again"
    assert done.files == len(table(results)) == 3
    assert sorted(p.name for p in tmp_path.iterdir()) == ["catalogue", "r.csv"]


def test_a_resumed_scan_does_not_ask_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    items = find(str(folder_of(tmp_path, "a.wav", "b.wav")))
    journal = tmp_path / ".r.jsonl.journal"
    journal.write_text(json.dumps(scan_row(items[0], tmp_path)) + "\n")
    monkeypatch.setitem(ENGINES, "local", lambda left, _w, home, audit: (audit(i, home) for i in left[:1]))
    told: list[tuple[int, int]] = []
    done = run(items, tmp_path / "r.jsonl", progress=lambda done, total, _row: told.append((done, total)))
    assert told == [(2, 2)]
    assert done.files == len(table(tmp_path / "r.jsonl")) == 2


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


def test_tables_of_every_kind(row: dict[str, Any], tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    bad = failed(Item("bad.wav", 0), "EmptyAudio", "no samples")
    for suffix in (".parquet", ".jsonl", ".csv"):
        write_table([row, bad], tmp_path / f"r{suffix}")
    assert parquet.read_table(tmp_path / "r.parquet").to_pylist() == [row, bad]
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


def in_turn(left: list[Item], _workers: int, home: Path, audit: Any) -> Any:
    return (audit(item, home) for item in left)


def test_a_scan_cut_at_any_byte_any_number_of_times_loses_and_repeats_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    items = find(str(folder_of(tmp_path, "a.wav", "b.wav", "c.wav")))
    lines = [json.dumps(scan_row(item, tmp_path)).encode() + b"\n" for item in items]
    journal, results = tmp_path / ".r.jsonl.journal", tmp_path / "r.jsonl"
    monkeypatch.setitem(ENGINES, "local", in_turn)
    for first in range(len(lines[0]) + len(lines[1]) + 1):
        for junk in (b"", b"\0" * 9):
            cut = b"".join(lines)[:first] + junk
            journal.write_bytes(cut)
            asked: list[str] = []

            def audit(item: Item, home: Path, asked: list[str] = asked) -> dict[str, Any]:
                asked.append(item.location)
                if len(asked) == 2:  # cut again, behind a row that was written after the half line
                    raise KeyboardInterrupt
                return scan_row(item, home)

            options: dict[str, Any] = {"engine": "local", "workers": 1, "home": tmp_path}
            whole = cut.count(b"\n")
            if whole < 2:
                with pytest.raises(KeyboardInterrupt):
                    scan(items, results, audit=audit, **options)
                with journal.open("ab") as file:
                    file.write(b'{"file": "half')
            asked.clear()
            asked.append("so that nothing more is cut")
            asked.append("")
            scan(items, results, audit=audit, **options)
            again = asked[2:]
            assert again == [item.location for item in items[min(whole + 1, 2) :]]
            assert [row["file"] for row in table(results)] == [item.location for item in items]
            assert not journal.exists()


def test_what_an_earlier_release_glued_to_a_half_line_hides_no_later_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    items = find(str(folder_of(tmp_path, "a.wav", "b.wav", "c.wav")))
    lines = [json.dumps(scan_row(item, tmp_path)) + "\n" for item in items]
    (tmp_path / ".r.csv.journal").write_text('{"file": "ha' + "".join(lines))
    asked: list[str] = []

    def noted(left: list[Item], *_: object) -> Iterator[dict[str, Any]]:
        for item in left:
            asked.append(item.location)
            yield scan_row(item, tmp_path)

    monkeypatch.setitem(ENGINES, "local", noted)
    run(items, tmp_path / "r.csv")
    assert asked == [items[0].location]
    assert len(table(tmp_path / "r.csv")) == 3


def test_two_scans_do_not_write_one_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    items = find(str(folder_of(tmp_path, "a.wav")))

    def engine(_left: list[Item], *_others: Any) -> Any:
        with pytest.raises(ScanError, match="another scan"):
            run(items, tmp_path / "r.csv")
        yield scan_row(items[0], tmp_path)

    monkeypatch.setitem(ENGINES, "local", engine)
    run(items, tmp_path / "r.csv")


NAMES = [
    "caf\udce9 \udc85.mp3",
    "two\nlines.mp3",
    "\r\n.mp3",
    "\u2028 \x1b[31m.mp3",
    'a,"b";\t\'c.mp3',
    "ok é.mp3",
]
ESCAPED = [
    "caf\\xe9 \\x85.mp3",
    "two\\x0alines.mp3",
    "\\x0d\\x0a.mp3",
    "\\u2028 \\x1b[31m.mp3",
    'a,"b";\\x09\'c.mp3',
    "ok é.mp3",
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
    if suffix == ".parquet":
        rows = pytest.importorskip("pyarrow.parquet").read_table(results).to_pylist()
    else:
        rows = table(results)
        assert len(results.read_text(encoding="utf-8").splitlines()) == len(NAMES) + (suffix == ".csv")
    assert [row["file"] for row in rows] == shown
    assert {name.rpartition("/")[2] for name in shown} == set(ESCAPED)


def manifest(tmp_path: Path, name: str, text: str) -> str:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_a_manifest_names_what_is_scanned(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, "b.wav", "a,1.mp3")
    b, a = str(folder / "b.wav"), str(folder / "a,1.mp3")
    gone = str(folder / "gone.wav")
    listed = manifest(tmp_path, "m.txt", f"# ours\n{b}\n\n{a}\n{gone}\n{b}\n")
    assert find(listed) == [Item(b, 5), Item(a, 7), Item(gone, None)], "in its order, each once"
    table_of = manifest(tmp_path, "m.csv", f'title,file\nB,{b}\nA,"{a}"\n')
    assert find(table_of) == [Item(b, 5), Item(a, 7)]
    beside = manifest(tmp_path, "near.txt", "catalogue/b.wav\n")
    assert find(beside) == [Item(b, 5)], "names without a folder lie beside the manifest"


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("m.csv", "file,title\na.wav,A\n,B\nc.wav,C\n ,D\n", "no audio file in line 3, 5"),
        ("m.csv", "path\na.wav\n", "no column `file`"),
        ("m.csv", "file\n", "names no file"),
        ("m.txt", "\n# nothing\n", "names no file"),
    ],
)
def test_a_manifest_with_wrong_rows_says_which(tmp_path: Path, name: str, text: str, why: str) -> None:
    with pytest.raises(ScanError, match=why):
        find(manifest(tmp_path, name, text))


def test_a_manifest_in_another_encoding_or_nowhere_is_told(tmp_path: Path) -> None:
    (tmp_path / "m.txt").write_bytes("é.wav\n".encode("latin-1"))
    with pytest.raises(ScanError, match="not UTF-8"):
        find(str(tmp_path / "m.txt"))
    with pytest.raises(ScanError, match="cannot list"):
        find(str(tmp_path / "none.csv"))


class Unreachable(Exception):
    """As a store's own library raises; no OSError."""


def test_a_place_that_cannot_be_reached_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: object, **_options: object) -> None:
        raise Unreachable("no route to bucket")

    monkeypatch.setattr("fsspec.url_to_fs", refuse)
    with pytest.raises(ScanError, match="cannot list s3://bucket: no route to bucket"):
        find("s3://bucket")
    row = audit_item(Item("s3://bucket/a.wav", 5), Path("home"))
    assert row["error"] == "FetchError: cannot fetch s3://bucket/a.wav: no route to bucket"


@pytest.fixture
def auditing(monkeypatch: pytest.MonkeyPatch) -> list[BaseException | None]:
    """What the audits of this process come to, in turn; None is a row."""
    outcomes: list[BaseException | None] = []

    class Found:
        def to_dict(self) -> dict[str, Any]:
            return {}

    def audit_file(*_arguments: object, **_options: object) -> Found:
        outcome = outcomes.pop(0)
        if outcome is not None:
            raise outcome
        return Found()

    registry = SimpleNamespace(on_behalf=lambda reader: reader)
    monkeypatch.setattr("api.scan.scan._opened", lambda home: (registry, None))
    monkeypatch.setattr("api.scan.scan.flatten", lambda item, _found: scan_row(item, Path()))
    monkeypatch.setattr("api.audit.audit.audit_file", audit_file)
    monkeypatch.setitem(ENGINES, "local", in_turn)
    return outcomes


@pytest.mark.parametrize(
    "error", [OSError(28, "No space left on device"), DiskFull("full"), KeyFileError("locked")]
)
def test_what_is_no_fault_of_a_file_is_no_row_and_the_scan_goes_on_later(
    tmp_path: Path, auditing: list[BaseException | None], error: Exception
) -> None:
    items = find(str(folder_of(tmp_path, "a.wav", "b.wav", "c.wav")))
    results = tmp_path / "r.jsonl"
    options: dict[str, Any] = {"engine": "local", "workers": 1, "home": tmp_path}
    for _ in range(2):  # interrupted twice
        auditing[:] = [None, error]
        with pytest.raises(type(error)):
            scan(items, results, **options)
    assert not results.exists()
    auditing[:] = [UnreadableAudio("a zip")]
    done = scan(items, results, **options)
    assert [row["error"] for row in table(results)] == [None, None, "UnreadableAudio: a zip"]
    assert done.files == 3 and not auditing


def test_a_disk_that_fills_up_under_the_journal_loses_nothing(
    tmp_path: Path, auditing: list[BaseException | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    items = find(str(folder_of(tmp_path, "a.wav", "b.wav")))
    write, written = os.write, list[int]()

    def full(file: int, data: bytes) -> int:
        written.append(len(data))
        if len(written) == 3:
            raise OSError(28, "No space left on device")
        return write(file, data[:7] if len(written) == 2 else data)

    auditing[:] = [None, None]
    with monkeypatch.context() as patch, pytest.raises(OSError, match="No space"):
        patch.setattr(os, "write", full)
        scan(items, tmp_path / "r.csv", engine="local", workers=1, home=tmp_path)
    auditing[:] = [None]
    assert scan(items, tmp_path / "r.csv", engine="local", workers=1, home=tmp_path).files == 2
    assert len(table(tmp_path / "r.csv")) == 2
