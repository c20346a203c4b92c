"""The copy of the fingerprint index in the service: made by itself, missed by nobody, never mixed up."""

import logging
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from api.registry.fingerprints import CopyKeeper
from api.registry.registry import Registry
from api.scan.scan import Scanned
from api.settings import Settings
from provenance.fingerprint import Copies, Fingerprint, copies, extract
from provenance.fingerprint import filed as reading
from tests.api.cli.conftest import invoke
from tests.api.serving import blank_record, parts, serve
from tests.signals import music

SONG = extract(music(12.0, 44_100, seed=3), 44_100)
OTHER = extract(music(12.0, 44_100, seed=4), 44_100)


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    opened = Registry.open(Settings(home=tmp_path / "home", fingerprint_folder=tmp_path / "copies"))
    yield opened
    opened.close()


@pytest.fixture(autouse=True)
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy is due after every track."""
    monkeypatch.setattr(copies, "LEAST_NEWER", 0)
    monkeypatch.setattr(copies, "LEAST_GONE", 0)


def filed(registry: Registry, fingerprint: Fingerprint) -> str:
    return registry.records.register(blank_record(registry), fingerprint).record_id


def found(registry: Registry, fingerprint: Fingerprint) -> list[str]:
    return [match.record_id for match in registry.fingerprints.index().query(fingerprint)]


def made(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.glob("*") if entry.name.isdecimal())


def wait_for(what: Callable[[], bool]) -> None:
    while not what():
        time.sleep(0.02)


def test_tenants_share_a_copy_and_meet_only_their_own(registry: Registry, tmp_path: Path) -> None:
    stranger = registry.for_tenant("stranger")
    mine, theirs = filed(registry, SONG), filed(stranger, SONG)
    assert registry.fingerprints.copies().refresh()
    assert len(made(tmp_path / "copies")) == 1
    newer = filed(stranger, OTHER)
    assert found(registry, SONG) == [mine]
    assert found(stranger, SONG) == [theirs]
    assert found(stranger, OTHER) == [newer]
    assert found(registry, OTHER) == []


def test_a_server_makes_the_copy_and_answers_while_there_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "elsewhere"
    with serve(tmp_path / "home") as client:  # its first look is at an empty catalogue
        record_id = filed(parts(client).registry, SONG)
        assert found(parts(client).registry, SONG) == [record_id]
    with serve(tmp_path / "home", fingerprint_folder=folder) as client:
        wait_for(lambda: bool(made(folder)))
        assert found(parts(client).registry, SONG) == [record_id]
    assert not (tmp_path / "home" / "fingerprints").exists()


def test_a_scan_makes_the_copy_before_it_begins(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filed(registry, SONG)
    (tmp_path / "song.wav").write_bytes(b"RIFF")
    monkeypatch.setenv("TRACKMARK_HOME", str(registry.home))
    monkeypatch.setenv("TRACKMARK_FINGERPRINT_FOLDER", str(tmp_path / "copies"))
    seen: list[list[str]] = []

    def scan(*_args: object, **_options: object) -> Scanned:
        seen.append(made(tmp_path / "copies"))
        return Scanned(1, {})

    monkeypatch.setattr("api.scan.scan.scan", scan)
    assert invoke("scan", tmp_path / "song.wav", "-o", tmp_path / "out.csv").code == 0
    assert len(seen[0]) == 1


def test_the_keeper_goes_on_after_a_failure(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    real, calls = Copies.refresh, []

    def failing(self: Copies, stopped: Callable[[], bool]) -> bool:
        calls.append(stopped())
        if len(calls) == 1:
            raise OSError("the disk is full")
        return real(self, stopped)

    monkeypatch.setattr(Copies, "refresh", failing)
    record_id = filed(registry, SONG)
    keeper = CopyKeeper(registry.fingerprints.copies(), interval_s=0.01)
    with caplog.at_level(logging.ERROR):
        keeper.start()
        wait_for(lambda: bool(made(tmp_path / "copies")))
        first = made(tmp_path / "copies")
        assert found(registry, SONG) == [record_id]
        filed(registry, OTHER)
        wait_for(lambda: made(tmp_path / "copies") not in ([], first))
        keeper.stop()
    assert "no copy of the fingerprint index could be made" in caplog.text
    newest = made(tmp_path / "copies")
    filed(registry, SONG)
    assert not keeper._thread.is_alive()
    assert made(tmp_path / "copies") == newest


def test_a_copy_that_is_made_does_not_delay_the_end(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filed(registry, SONG)
    begun: list[None] = []

    def endless(*_: object) -> Iterator[object]:
        while True:
            begun.append(None)
            time.sleep(0.01)
            if keeper._stopping.is_set():
                raise reading.Stopped
            yield from ()

    monkeypatch.setattr(reading, "_pieces", endless)
    keeper = CopyKeeper(registry.fingerprints.copies())
    keeper.start()
    wait_for(lambda: bool(begun))
    keeper.stop()
    keeper._thread.join()  # it ends, though its work never would
    assert made(tmp_path / "copies") == []
