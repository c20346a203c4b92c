"""Commands that are stopped by a real signal while they are at work: nothing half-written, lost or doubled.

Each process says when it has come to a certain step, and waits there for a word. The signal is sent while it
waits, so that no clock decides where it comes.
"""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.api.cli.conftest import Outcome, Trackmark
from tests.api.jobs.test_beside import answers, until

pytestmark = pytest.mark.slow

WAITING = """
import importlib, os, sys
from api.cli import main
told, place = int(sys.argv.pop(1)), sys.argv.pop(1)
module, _, name = place.partition(":")
holder = importlib.import_module(module)
*outer, name = name.split(".")
for one in outer:
    holder = getattr(holder, one)
real, waited = getattr(holder, name), []
def wait(*arguments, **named):
    if not waited:
        waited.append(True)
        os.write(told, b".")
        os.read(0, 1)
    return real(*arguments, **named)
setattr(holder, name, wait)
if __name__ == "__main__":
    main()
"""
Stop = Callable[..., Outcome]


@pytest.fixture
def stopped(home: Path) -> Stop:
    """Runs a command until it comes to a function (`module:name`), and sends it a signal there."""

    def stop(place: str, *arguments: object, number: int = signal.SIGINT) -> Outcome:
        reached, telling = os.pipe()
        words = [sys.executable, "-c", WAITING, str(telling), place, *map(str, arguments)]
        process = subprocess.Popen(
            words,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=[telling],
            text=True,
        )
        os.close(telling)
        came = os.read(reached, 1)
        os.close(reached)
        if came:
            process.send_signal(number)
        out, err = process.communicate("\n")
        assert came, err
        return Outcome(process.returncode, out, err)

    return stop


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*")) if folder.exists() else []


def records(trackmark: Trackmark) -> list[str]:
    return [str(line["record_id"]) for line in trackmark("record", "list", "--json").lines]


ENDS = [(signal.SIGINT, 130), (signal.SIGTERM, -signal.SIGTERM)]


@pytest.mark.parametrize(("number", "code"), ENDS)
def test_an_audit_leaves_no_part_of_a_report(
    stopped: Stop, song: Path, tmp_path: Path, number: int, code: int
) -> None:
    folder = tmp_path / "reports"
    words = ("audit", song, "--checks", "credentials", "--reports", folder)
    done = stopped("pathlib:Path.replace", *words, number=number)
    assert (done.code, done.out, done.err) == (code, "", "stopped\n")
    assert names(folder) == []


def test_a_scan_keeps_what_it_has_and_goes_on(
    stopped: Stop, trackmark: Trackmark, song: Path, tmp_path: Path
) -> None:
    (tmp_path / "in").mkdir()
    song.rename(tmp_path / "in" / song.name)
    table = tmp_path / "out" / "t.csv"
    table.parent.mkdir()
    words = ("scan", tmp_path / "in", "-o", table, "--workers", "1", "--quiet")
    done = stopped("api.scan.scan:write_table", *words)
    assert (done.code, done.err) == (130, "stopped\n")
    assert not table.exists() and not [name for name in names(table.parent) if name.endswith(".part")]
    assert trackmark(*words).code == 0
    assert names(table.parent) == ["t.csv"]
    assert len(table.read_text().splitlines()) == 2


TAG = ("--title", "T", "--owner", "O", "--quiet")


@pytest.mark.parametrize(("number", "code"), ENDS)
@pytest.mark.parametrize(("place", "whole"), [("_read_back", False), ("put", True)])
def test_a_track_is_tagged_and_registered_or_neither(
    stopped: Stop,
    trackmark: Trackmark,
    song: Path,
    tmp_path: Path,
    place: str,
    whole: bool,
    number: int,
    code: int,
) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    words = ("tag", song, "-o", folder / "out.wav", *TAG)
    done = stopped(f"provenance.publishing:{place}", *words, number=number)
    assert (done.code, done.out, done.err) == (code, "", "stopped\n")
    assert names(folder) == (["out.wav"] if whole else [])
    assert len(records(trackmark)) == whole


def test_what_opens_a_record_is_kept_wherever_the_record_is(
    stopped: Stop, trackmark: Trackmark, tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    words = ("generate", "x", "-o", folder / "out.wav", "--seconds", "6", "--quiet")
    assert stopped("provenance.tag_stream:publish", *words).code == 130
    assert (names(folder), records(trackmark)) == ([], [])
    assert stopped("provenance.publishing:put", *words).code == 130
    assert names(folder) == ["out.wav", "out.wav.private.json"]
    assert len(records(trackmark)) == 1


def test_a_backup_is_there_whole_or_not_at_all(
    stopped: Stop, trackmark: Trackmark, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert trackmark("apikey", "create", "x", "--role", "label").code == 0
    place = tmp_path / "backups" / "b"
    place.parent.mkdir()
    done = stopped("api.backup.archive:_copy_rows", "backup", place)
    assert (done.code, done.out, done.err) == (130, "", "stopped\n")
    assert names(place.parent) == []
    assert trackmark("backup", place).code == 0
    other = tmp_path / "other"
    monkeypatch.setenv("TRACKMARK_HOME", str(other))
    words = ("restore", place, "--nothing-later")
    assert stopped("api.backup.rows:copy", *words).code == 130
    assert not [name for name in names(other) if name.endswith(".part")]
    assert trackmark(*words).code == 0, "the same command finishes it"
    assert "x" in trackmark("apikey", "list").out


def test_a_watch_that_was_stopped_ends_what_it_began(
    stopped: Stop, trackmark: Trackmark, song: Path, tmp_path: Path
) -> None:
    source, target = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    song.rename(source / song.name)
    words = ("watch", source, target, "--owner", "O", "--settle", "0")
    done = stopped("provenance.publishing:put", *words)
    assert (done.code, done.err) == (130, "stopped\n")
    known = records(trackmark)
    assert (len(known), (target / song.name).exists()) == (1, False), "registered, and not yet moved"
    done = stopped("time:sleep", *words)
    assert (done.code, done.err.splitlines()[-1]) == (130, "stopped")
    assert records(trackmark) == known
    assert [path.name for path in target.rglob("*.wav")] == [song.name]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 0), (signal.SIGTERM, -signal.SIGTERM)])
def test_a_server_ends_in_order(home: Path, number: int, code: int) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    serve = [sys.executable, "-m", "api.cli", "serve", "--anonymous", "--port", str(port)]
    server = subprocess.Popen(serve, stderr=subprocess.PIPE, text=True)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=None) as client:
            until(lambda: answers(client))
        server.send_signal(number)
        _, err = server.communicate()
    finally:
        server.kill()
    assert (server.returncode, "Traceback" in err) == (code, False)
