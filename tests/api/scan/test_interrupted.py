"""Every row once, whatever is killed, torn or full, and however often."""

import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from api.scan import parts
from api.scan import run as runs
from api.scan.engines import ENGINES
from api.scan.find import Item, ScanError, find
from api.scan.plan import Terms
from api.scan.table import COLUMNS
from api.scan.worker import Outcomes, Task
from tests.api.scan.catalogues import DAY, asked, folder_of, in_turn, names, run, table
from tests.api.scan.rows import scan_row

FILES = [f"{letter}.wav" for letter in "abcdefg"]


@pytest.fixture
def items(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Item]:
    """Seven files, two to a part, audited in this process."""
    monkeypatch.setattr(parts, "ROWS_PER_PART", 2)
    monkeypatch.setitem(ENGINES, "local", in_turn)
    return find(str(folder_of(tmp_path, *FILES)))


def cut_after(count: int) -> Callable[[Item, Path, Terms], dict[str, Any]]:
    """An audit that is interrupted after so many rows."""
    left = [count]

    def audit(item: Item, home: Path, terms: Terms) -> dict[str, Any]:
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        return scan_row(item, home, terms)

    return audit


def folder(results: Path) -> Path:
    return results.with_name(f".{results.name}.scan")


def whole_table(tmp_path: Path, items: list[Item]) -> bytes:
    """What an uninterrupted scan writes."""
    home = tmp_path / "elsewhere"
    home.mkdir()
    run(items, home / "r.parquet")
    return (home / "r.parquet").read_bytes()


@pytest.mark.parametrize("cuts", [(1, 1, 1), (3, 2), (0, 0, 5), (6,), (2, 4)])
def test_interrupted_again_and_again_the_table_is_that_of_one_scan(
    tmp_path: Path, items: list[Item], cuts: tuple[int, ...]
) -> None:
    results = tmp_path / "r.parquet"
    told: list[tuple[int, int]] = []
    for cut in cuts:
        with pytest.raises(KeyboardInterrupt):
            run(items, results, audit=cut_after(cut))
        assert not results.exists()
    run(items, results, begun=lambda before, total: told.append((before, total)))
    assert told == [(sum(cuts), 7)]
    assert asked(tmp_path) == dict.fromkeys(FILES, 1)
    assert results.read_bytes() == whole_table(tmp_path, items)
    assert not folder(results).exists()


def test_rows_stand_in_parts_and_whole_lines_only(tmp_path: Path, items: list[Item]) -> None:
    results = tmp_path / "r.csv"
    with pytest.raises(KeyboardInterrupt):
        run(items, results, audit=cut_after(5))
    there = sorted(path.name for path in folder(results).iterdir())
    assert there == ["part-000000.parquet", "part-000001.parquet", "plan.jsonl", "rows-000002.jsonl"]


@pytest.mark.parametrize("kind", ["cut", "rubbish", "of another size"])
def test_a_torn_part_is_thrown_away_and_its_rows_are_asked_for_again(
    tmp_path: Path, items: list[Item], kind: str
) -> None:
    results = tmp_path / "r.csv"
    with pytest.raises(KeyboardInterrupt):
        run(items, results, audit=cut_after(5))
    torn = folder(results) / "part-000000.parquet"
    content = torn.read_bytes()
    other = whole_table(tmp_path, items)
    torn.write_bytes({"cut": content[:-9], "rubbish": b"\0" * 99, "of another size": other}[kind])
    run(items, results)
    assert asked(tmp_path) == {**dict.fromkeys(FILES, 1), "a.wav": 2, "b.wav": 2}
    assert names(results) == FILES


def test_a_part_that_rots_is_noticed_when_it_is_read(tmp_path: Path, items: list[Item]) -> None:
    results = tmp_path / "r.csv"
    with pytest.raises(KeyboardInterrupt):
        run(items, results, audit=cut_after(5))
    rotten = folder(results) / "part-000001.parquet"
    content = bytearray(rotten.read_bytes())
    content[60] ^= 0xFF  # in the first page
    rotten.write_bytes(content)
    with pytest.raises(ScanError, match=r"part-000001.parquet was damaged"):
        run(items, results)
    run(items, results)
    assert names(results) == FILES


def test_a_journal_cut_at_any_byte_loses_its_last_line_only(tmp_path: Path, items: list[Item]) -> None:
    results = tmp_path / "r.jsonl"
    with pytest.raises(KeyboardInterrupt):
        run(items, results, audit=cut_after(5))
    journal = folder(results) / "rows-000002.jsonl"
    whole = journal.read_bytes()
    line = json.dumps({"number": 5, "row": table_row(items[5])}).encode() + b"\n"
    for end in range(0, len(line), 9):
        for junk in (b"", b"\0" * 9):
            journal.write_bytes(whole + line[:end] + junk)
            with pytest.raises(KeyboardInterrupt):
                run(items, results, audit=cut_after(0))
            assert journal.read_bytes() == whole
    journal.write_bytes(whole + line)
    run(items, results)
    assert asked(tmp_path) == {name: 1 for name in FILES if name != "f.wav"}
    assert names(results) == FILES


def table_row(item: Item) -> dict[str, Any]:
    return {**dict.fromkeys(COLUMNS), "file": item.location, "size_bytes": item.size}


def test_a_changed_catalogue_keeps_the_rows_of_what_stayed(tmp_path: Path, items: list[Item]) -> None:
    results = tmp_path / "r.csv"
    with pytest.raises(KeyboardInterrupt):
        run(items, results, audit=cut_after(5))
    Path(items[1].location).write_bytes(b"changed since")
    Path(items[2].location).unlink()
    folder_of(tmp_path, "0.wav")
    again = find(str(tmp_path / "catalogue"))
    with pytest.raises(KeyboardInterrupt):
        run(again, results, audit=cut_after(1), terms=Terms(date(2027, 1, 1), "another"))
    run(again, results)
    assert names(results) == ["0.wav", "a.wav", "b.wav", "d.wav", "e.wav", "f.wav", "g.wav"]
    assert asked(tmp_path) == {**dict.fromkeys(["0.wav", *FILES], 1), "b.wav": 2}
    decided = {row["rules"] for row in table(results)}
    assert decided == {f"{DAY} by default"}, "by what the first run was begun with"


def test_killed_while_rows_are_carried_nothing_is_lost(
    tmp_path: Path, items: list[Item], monkeypatch: pytest.MonkeyPatch
) -> None:
    results = tmp_path / "r.csv"
    with pytest.raises(KeyboardInterrupt):
        run(items, results, audit=cut_after(5))
    folder_of(tmp_path, "0.wav")
    again = find(str(tmp_path / "catalogue"))
    unlink, count, at = Path.unlink, [0], [0]

    def killed(path: Path, missing_ok: bool = False) -> None:
        count[0] += 1
        if count[0] == at[0]:
            raise KeyboardInterrupt
        unlink(path, missing_ok=missing_ok)

    while True:
        at[0] += 1
        count[0] = 0
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(Path, "unlink", killed)
            run(again, results, audit=cut_after(0))
        if count[0] < at[0]:  # it came as far as the first audit
            break
    assert at[0] > 5
    run(again, results)
    assert asked(tmp_path) == dict.fromkeys(["0.wav", *FILES], 1)
    assert names(results) == ["0.wav", *FILES]


def test_rows_without_a_plan_are_nobodys(tmp_path: Path, items: list[Item]) -> None:
    results = tmp_path / "r.csv"
    with pytest.raises(KeyboardInterrupt):
        run(items, results, audit=cut_after(5))
    (folder(results) / runs.PLAN).unlink()  # as a scan does that is killed after its table was written
    run(items, results)
    assert asked(tmp_path) == {name: 2 if name < "f" else 1 for name in FILES}


def test_a_plan_that_cannot_be_read_is_told_and_nothing_is_thrown_away(
    tmp_path: Path, items: list[Item]
) -> None:
    results = tmp_path / "r.csv"
    with pytest.raises(KeyboardInterrupt):
        run(items, results, audit=cut_after(5))
    plan = folder(results) / runs.PLAN
    content = plan.read_text()
    for damaged in (content.replace('"version": 2', '"version": 9'), content[:-30], "{}", ""):
        plan.write_text(damaged)
        with pytest.raises(ScanError, match="cannot be read"):
            run(items, results)
    plan.write_text(content)
    run(items, results)
    assert asked(tmp_path) == dict.fromkeys(FILES, 1)


def test_rows_that_an_earlier_release_carried_are_told_and_kept(tmp_path: Path, items: list[Item]) -> None:
    results = tmp_path / "r.csv"
    with pytest.raises(KeyboardInterrupt):
        run(items, results, audit=cut_after(5))
    carried = folder(results) / runs.CARRIED
    (folder(results) / runs.PLAN).unlink()
    carried.write_text('"2026-11-01"\n')
    with pytest.raises(ScanError, match="cannot be read"):
        run(items, results)
    assert carried.exists()


def test_two_scans_do_not_write_one_table(
    tmp_path: Path, items: list[Item], monkeypatch: pytest.MonkeyPatch
) -> None:
    def engine(left: list[Item], workers: int, task: Task) -> Outcomes:
        with pytest.raises(ScanError, match="another scan"):
            run(items, tmp_path / "r.csv")
        yield from in_turn(left, workers, task)

    monkeypatch.setitem(ENGINES, "local", engine)
    run(items, tmp_path / "r.csv")
    assert names(tmp_path / "r.csv") == FILES


@pytest.mark.parametrize("room", [100, 700, 1500, 3000])
def test_a_disk_that_fills_up_loses_nothing(tmp_path: Path, items: list[Item], room: int) -> None:
    """No file may grow past `room`: the journal, a part or the table is where it ends."""
    results = tmp_path / "r.parquet"
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, limits[1]))
    ended = 0
    try:
        for _ in range(2):
            try:
                run(items, results)
            except OSError:
                ended += 1
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert ended == 2
    run(items, results)
    assert results.read_bytes() == whole_table(tmp_path, items)


def start(tmp_path: Path, engine: str) -> subprocess.Popen[bytes]:
    module = [sys.executable, "-m", "tests.api.scan.interrupted"]
    return subprocess.Popen(
        [*module, str(tmp_path / "catalogue"), str(tmp_path / "r.parquet"), engine], start_new_session=True
    )


def wait_for(what: Callable[[], object]) -> None:
    while not what():
        time.sleep(0.02)


def rows_there(tmp_path: Path) -> int:
    there = folder(tmp_path / "r.parquet")
    if not (there / runs.PLAN).exists():
        return 0
    whole = {path.stem[-6:] for path in there.glob("part-*.parquet")}
    begun = [path for path in there.glob("rows-*.jsonl") if path.stem[-6:] not in whole]
    return 2 * len(whole) + sum(path.read_bytes().count(b"\n") for path in begun)


def left_of(driver: subprocess.Popen[bytes]) -> list[int]:
    """The processes that a driver started and that still run."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it ended meanwhile
            state, _parent, _group, session = stat.read_text().rpartition(")")[2].split()[:4]
            if int(session) == driver.pid and state != "Z":
                found.append(int(stat.parent.name))
    return found


@pytest.mark.parametrize("engine", ["local", pytest.param("ray", marks=pytest.mark.slow)])
def test_drivers_and_workers_killed_twice_lose_and_repeat_nothing(
    tmp_path: Path, items: list[Item], engine: str
) -> None:
    """On a Ray of this machine as well: two processors, started and ended by the scan."""
    workers, settled = tmp_path / "workers", dict[str, int]()
    for allowed in (FILES[:2], FILES[2:5]):
        before = rows_there(tmp_path)
        driver = start(tmp_path, engine)
        wait_for(lambda: workers.exists() and len(list(workers.iterdir())) == 2)
        victim = int(next(workers.iterdir()).name)
        os.kill(victim, signal.SIGKILL)
        for name in allowed:
            (tmp_path / f"go {name}").touch()
        while rows_there(tmp_path) < before + len(allowed):
            assert driver.poll() is None, "it ended by itself"
            time.sleep(0.05)
        driver.kill()
        driver.wait()
        (tmp_path / "go").touch()  # those that were left behind are done with what they hold, and end
        while left := left_of(driver):
            time.sleep(0.2)
            if engine == "ray":  # the machine dies
                for pid in left:
                    with suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
        (tmp_path / "go").unlink()
        for path in workers.iterdir():
            path.unlink()
        settled.update({name: asked(tmp_path)[name] for name in allowed})
    assert rows_there(tmp_path) == 5
    (tmp_path / "go").touch()
    last = start(tmp_path, engine)
    assert last.wait() == 0
    wait_for(lambda: not left_of(last))
    again = asked(tmp_path)
    assert names(tmp_path / "r.parquet") == FILES
    assert (tmp_path / "r.parquet").read_bytes() == whole_table(tmp_path, items)
    assert {name: again[name] for name in FILES[:5]} == settled, "what has a row is not asked for again"
