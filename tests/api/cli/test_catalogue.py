"""`trackmark catalogue` and the sketches of its tracks."""

from pathlib import Path

import pytest

from api.actor import Actor
from api.registry.registry import Registry
from api.retention.holds import Holds
from api.settings import Settings
from core.encode import encode
from tests.api.cli.conftest import Trackmark
from tests.signals import music

RATE = 16_000


@pytest.fixture
def masters(tmp_path: Path) -> Path:
    """Two files and a table that names one of them."""
    folder = tmp_path / "masters"
    folder.mkdir()
    for name, seed in (("song", 1), ("other", 2)):
        encode(music(4.0, RATE, seed), RATE, folder / f"{name}.wav", codec="wav")
    (folder / "catalogue.csv").write_text("file,title,owner\nsong.wav,A Song,A Label\n")
    return folder


def sketched(home: Path) -> list[str]:
    registry = Registry.open(Settings(home=home))
    kept = list(registry.sketches.shelved().records)
    registry.close()
    return kept


def test_sketches_are_kept_as_tracks_are_imported_where_it_is_wanted(
    trackmark: Trackmark, masters: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACKMARK_KEEP_SKETCHES", "true")
    done = trackmark("catalogue", "import", masters / "catalogue.csv", "--json")
    assert done.code == 0, done.err
    assert sketched(home) == [done.lines[0]["imported"][0]["record_id"]]


def test_sketches_are_made_up_for_of_registered_tracks_only(
    trackmark: Trackmark, masters: Path, home: Path
) -> None:
    done = trackmark("catalogue", "import", masters / "catalogue.csv", "--json")
    record = done.lines[0]["imported"][0]["record_id"]
    assert sketched(home) == []
    other, song = masters / "other.wav", masters / "song.wav"
    first = trackmark("catalogue", "sketch", masters, "--json")
    assert first.code == 1
    assert first.lines == [
        {"file": str(other), "became": "unregistered", "records": []},
        {"file": str(song), "became": "kept", "records": [record]},
    ]
    assert sketched(home) == [record]
    again = trackmark("catalogue", "sketch", song)
    assert again.code == 0
    assert "".join(again.out.split()) == f"{song}:asketchwaskeptalreadywithrecord{record}"
    theirs = trackmark("catalogue", "sketch", song, "--tenant", "another", "--json")
    assert (theirs.code, theirs.lines[0]["became"]) == (1, "unregistered")
    (masters / "notes.mp3").write_text("not audio")
    broken = trackmark("catalogue", "sketch", masters / "notes.mp3", "--json")
    assert broken.code == 3 and broken.lines[0]["error"]["message"]
    assert trackmark("catalogue", "sketch", masters / "nowhere").code == 3


def test_sketches_are_erased_when_a_tenant_asks(
    trackmark: Trackmark, masters: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACKMARK_KEEP_SKETCHES", "true")
    done = trackmark("catalogue", "import", masters / "catalogue.csv", "--json")
    record = done.lines[0]["imported"][0]["record_id"]
    registry = Registry.open(Settings(home=home))
    placed = Holds.of(registry.engine, registry.tenant)
    hold = placed.place("record", record, "a claim", Actor("Counsel"))
    held = trackmark("catalogue", "erase-sketches", "--yes")
    assert (held.code, f"keeps that of record {record}" in " ".join(held.out.split())) == (1, True)
    assert sketched(home) == [record]
    placed.release(hold.id, "settled", Actor("Counsel"))
    registry.close()
    assert trackmark("catalogue", "erase-sketches", "--record", "0" * 16, "--yes").code == 2
    gone = trackmark("catalogue", "erase-sketches", "--yes", "--json")
    assert (gone.code, gone.lines) == (0, [{"tenant": "default", "erased": [record], "held": []}])
    assert sketched(home) == []
    assert trackmark("record", "show", record).code == 0, "the record stays"
