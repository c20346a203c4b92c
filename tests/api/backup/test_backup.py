"""A backup is whole or not one; a restored home is the old one; a restored log shows no second history."""

import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api import database
from api.backup import archive, restoring
from api.backup.archive import BackupError
from api.backup.restoring import restore
from api.errors import LogCutShort
from api.jobs.books import Jobs
from api.jobs.job import Upload
from api.log.completing import complete
from api.log.cosigning import WitnessAddress, collect
from api.log.witness_server import create_witness
from api.registry.registry import Registry
from api.settings import Settings
from core.errors import ProofError, SignatureError
from provenance.records.keys import Ed25519Signer
from provenance.records.note import NoteSigner
from provenance.records.tiles import Tile
from tests.api.cli.conftest import invoke
from tests.api.serving import register
from tests.closed import closed


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> Settings:
    return Settings(home=tmp_path / "home", database_url=database_url)


@pytest.fixture
def registry(settings: Settings) -> Iterator[Registry]:
    opened = Registry.open(settings)
    yield opened
    opened.close()


@pytest.fixture
def elsewhere(tmp_path: Path) -> Settings:
    """An empty home, on SQLite whatever the backup was made on."""
    return Settings(home=tmp_path / "elsewhere")


def tiles_of(registry: Registry) -> Callable[[str], bytes]:
    """What a mirror of the log answers."""

    def fetch(path: str) -> bytes:
        if path == "checkpoint":
            return registry.log.checkpoint().encode()
        tile = Tile.parse(path.removeprefix("tile/"))
        return registry.log.entry_tile(tile.number, tile.width)

    return fetch


def waiting(registry: Registry) -> list[str]:
    return [job.id for job in Jobs(registry.engine).newest(tenant="default", state="queued", limit=50)]


def test_what_is_restored_is_what_was_there(
    registry: Registry, settings: Settings, elsewhere: Settings, tmp_path: Path
) -> None:
    made = [register(registry, title=f"Song {n}") for n in range(5)]
    registry.events.dispute(made[0].record_id, issuer="Other Label", reason="ours")
    registry.keys.watermark()
    Jobs(registry.engine).create(
        "audit", "default", Upload("a.wav", "kept", "ab" * 32, 3), {"stored": "kept"}
    )
    settings.uploads.mkdir()
    (settings.uploads / "kept").write_bytes(b"abc")
    backup = archive.make(settings, tmp_path / "backup")
    assert backup.log_size == 6
    assert backup.rows["records"] == 5
    assert archive.check(tmp_path / "backup") == backup

    assert restore(tmp_path / "backup", elsewhere, nothing_later=True).missing == 0
    again = Registry.open(elsewhere)
    assert again.log.checkpoint() == registry.log.checkpoint()
    for one in made:
        assert again.records.verified(one.record_id) == registry.records.verified(one.record_id)
    assert again.keys.watermark().keyid == registry.keys.watermark().keyid
    assert (elsewhere.uploads / "kept").read_bytes() == b"abc"
    assert waiting(again) == waiting(registry) != []
    register(again)  # new rows are numbered behind the restored ones
    assert again.fingerprints.index() is not None
    again.close()


def test_a_backup_goes_back_into_the_kind_of_database_that_it_came_from(
    registry: Registry, settings: Settings, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    made = register(registry)
    archive.make(settings, tmp_path / "backup")
    there = Settings(home=tmp_path / "there")
    if registry.engine.dialect.name == "postgresql":
        there = Settings(home=tmp_path / "there", database_url=request.getfixturevalue("postgres").database())
    restore(tmp_path / "backup", there, nothing_later=True)
    again = Registry.open(there)
    again.records.verified(made.record_id)
    assert register(again).leaf_index == 1
    again.close()


@pytest.mark.parametrize("harm", ["change", "remove", "add", "list", "entry"])
def test_a_harmed_backup_is_refused(
    registry: Registry, settings: Settings, elsewhere: Settings, tmp_path: Path, harm: str
) -> None:
    register(registry)
    folder = tmp_path / "backup"
    archive.make(settings, folder)
    key = folder / "home" / "keys" / "record.pem"
    if harm == "change":
        key.write_bytes(key.read_bytes()[:-2] + b"x\n")
    elif harm == "remove":
        key.unlink()
    elif harm == "add":
        (folder / "home" / "more").write_bytes(b"x")
    elif harm == "list":
        (folder / "backup.json").write_text('{"format": "trackmark-backup/1", "files": {"../x": 1}}')
    else:
        harm_an_entry(folder)
    with pytest.raises(BackupError):
        restore(folder, elsewhere, nothing_later=True)
    assert not elsewhere.home.exists()


def harm_an_entry(folder: Path) -> None:
    """Change a log entry, and the list so that only the log itself can tell."""
    rows = folder / "rows.sqlite"
    with sqlite3.connect(rows) as connection:
        connection.execute("UPDATE log_leaves SET entry = x'00'")
    connection.close()
    listed = json.loads((folder / "backup.json").read_text())
    listed["files"]["rows.sqlite"] = {"size": rows.stat().st_size, "sha256": archive.digest_of(rows)}
    (folder / "backup.json").write_text(json.dumps(listed))


def test_nothing_is_overwritten(registry: Registry, settings: Settings, tmp_path: Path) -> None:
    register(registry)
    archive.make(settings, tmp_path / "backup")
    with pytest.raises(BackupError, match="exists"):
        archive.make(settings, tmp_path / "backup")
    with pytest.raises(BackupError, match="holds rows"):
        restore(tmp_path / "backup", settings, nothing_later=True)
    other = Settings(home=tmp_path / "other")
    (other.home / "keys").mkdir(parents=True)
    (other.home / "keys" / "log.pem").write_text("another key")
    with pytest.raises(BackupError, match="another file"):
        restore(tmp_path / "backup", other, nothing_later=True)


def test_a_restoration_that_was_cut_short_is_finished_by_the_next(
    registry: Registry,
    settings: Settings,
    elsewhere: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = register(registry)
    archive.make(settings, tmp_path / "backup")
    with monkeypatch.context() as patch:
        patch.setattr("api.backup.rows.copy", lambda *_: (_ for _ in ()).throw(OSError("power cut")))
        with pytest.raises(OSError, match="power cut"):
            restore(tmp_path / "backup", elsewhere, nothing_later=True)
    restore(tmp_path / "backup", elsewhere, nothing_later=True)
    again = Registry.open(elsewhere)
    again.records.verified(made.record_id)
    again.close()


def test_a_backup_without_the_audio_of_a_waiting_job_is_none(
    registry: Registry, settings: Settings, tmp_path: Path
) -> None:
    Jobs(registry.engine).create(
        "audit", "default", Upload("a.wav", "gone", "ab" * 32, 3), {"stored": "gone"}
    )
    with pytest.raises(BackupError, match="missing: gone"):
        archive.make(settings, tmp_path / "backup")
    assert not (tmp_path / "backup").exists()
    assert not list(tmp_path.glob(".backup*"))


def test_a_restored_log_makes_no_entry_that_others_have_seen_otherwise(
    registry: Registry, settings: Settings, elsewhere: Settings, tmp_path: Path
) -> None:
    first = register(registry)
    archive.make(settings, tmp_path / "backup")
    later = register(registry)
    with pytest.raises(BackupError, match="newer"):  # nobody says what others have seen
        restore(tmp_path / "backup", elsewhere)
    proof = restoring.checkpoint_in(registry.records.proof(later.record_id))
    assert restore(tmp_path / "backup", elsewhere, checkpoints=[proof]).missing == 1
    again = Registry.open(elsewhere)
    writes: list[Callable[[], object]] = [
        lambda: register(again),
        lambda: again.events.dispute(first.record_id, issuer="Other", reason="ours"),
        lambda: again.keys.rotate("record", "yearly"),
    ]
    for write in writes:
        with pytest.raises(LogCutShort, match="others have seen 2"):
            write()
    again.records.verified(first.record_id)  # what is there can be read and proved

    assert complete(again.engine, again.log, tiles_of(registry)) == range(1, 2)
    assert again.log.checkpoint() == registry.log.checkpoint()
    assert register(again).leaf_index == 2
    again.close()


def test_only_this_logs_own_entries_complete_it(
    registry: Registry, settings: Settings, elsewhere: Settings, tmp_path: Path
) -> None:
    register(registry)
    archive.make(settings, tmp_path / "backup")
    register(registry)
    honest = tiles_of(registry)
    restore(tmp_path / "backup", elsewhere, checkpoints=[registry.log.checkpoint()])
    again = Registry.open(elsewhere)

    def forged(path: str) -> bytes:
        return honest(path) if path == "checkpoint" else honest(path)[:-1] + b"x"

    with pytest.raises(ProofError, match="do not lead"):
        complete(again.engine, again.log, forged)
    stranger = Registry.open(Settings(home=tmp_path / "stranger"))
    register(stranger)
    with pytest.raises(SignatureError):
        complete(again.engine, again.log, tiles_of(stranger))
    stranger.close()
    short = archive.make(elsewhere, tmp_path / "short").checkpoint
    assert short is not None
    with pytest.raises(ProofError, match="others have seen 2"):
        complete(again.engine, again.log, lambda _path: short.encode())
    assert again.records.page()[0].leaf_index == 0
    again.close()


def test_a_checkpoint_of_another_history_is_told(
    registry: Registry, settings: Settings, elsewhere: Settings, tmp_path: Path
) -> None:
    register(registry)
    shutil.copytree(settings.home / "keys", tmp_path / "fork" / "keys")
    archive.make(settings, tmp_path / "before")
    restore(tmp_path / "before", Settings(home=tmp_path / "fork"), nothing_later=True)
    fork = Registry.open(Settings(home=tmp_path / "fork"))
    register(fork)
    register(registry)
    archive.make(settings, tmp_path / "backup")
    with pytest.raises(ProofError, match="another history"):
        restore(tmp_path / "backup", elsewhere, checkpoints=[fork.log.checkpoint()])
    fork.close()


def test_the_witnesses_are_asked_what_they_saw(
    registry: Registry, settings: Settings, tmp_path: Path
) -> None:
    register(registry)
    archive.make(settings, tmp_path / "backup")
    register(registry)
    signer = NoteSigner("witness.example", Ed25519Signer.generate())
    app = create_witness(signer, [registry.log.key], tmp_path / "witness.db", lambda: 1_800_000_000)
    client = TestClient(app)

    def send(_url: str, body: str) -> tuple[int, str]:
        answer = client.post("/add-checkpoint", content=body)
        return answer.status_code, answer.text

    address = f"{signer.cosigner_key.vkey} http://witness.example"
    assert collect(registry.log, [WitnessAddress.parse(address)], send).signed
    there = Settings(home=tmp_path / "there", witnesses=(address,))
    with pytest.raises(BackupError, match="does not say"):  # it cannot be reached
        restore(tmp_path / "backup", there, send=lambda _url, _body: (502, "away"))
    assert restore(tmp_path / "backup", there, send=send).missing == 1
    again = Registry.open(there)
    with pytest.raises(LogCutShort):
        register(again)
    again.close()


def test_an_older_schema_is_backed_up_and_brought_up(
    registry: Registry, settings: Settings, elsewhere: Settings, tmp_path: Path
) -> None:
    made = register(registry)
    database.downgrade(registry.engine, "0006", lose=True)  # the trail tells of the registration
    assert archive.make(settings, tmp_path / "backup").schema == "0006"
    restore(tmp_path / "backup", elsewhere, nothing_later=True)
    again = Registry.open(elsewhere)
    again.records.verified(made.record_id)
    again.close()


def test_the_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACKMARK_HOME", str(tmp_path / "home"))
    assert invoke("backup", tmp_path / "backup").code == 1  # there is nothing yet
    registry = Registry.open(Settings())
    register(registry)
    (made,) = invoke("backup", tmp_path / "backup", "--json").lines
    assert (made["rows"]["records"], made["log"]["size"]) == (1, 1)
    register(registry)
    (tmp_path / "note").write_text(registry.log.checkpoint())
    for path in ("checkpoint", "tile/entries/000.p/2"):
        (tmp_path / "mirror" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "mirror" / path).write_bytes(tiles_of(registry)(path))
    registry.close()

    monkeypatch.setenv("TRACKMARK_HOME", str(tmp_path / "elsewhere"))
    assert "is whole: 1 record," in invoke("restore", tmp_path / "backup", "--check").out
    assert invoke("restore", tmp_path / "backup").code == 1
    assert invoke("restore", tmp_path / "backup", "--seen", tmp_path / "note", "--nothing-later").code == 2
    done = invoke("restore", tmp_path / "backup", "--seen", tmp_path / "note")
    assert done.code == 0
    assert "this one lacks 1; it takes no new ones until all are put back" in " ".join(done.err.split())
    assert invoke("log", "complete", tmp_path / "nowhere").code == 3
    assert invoke("log", "complete", tmp_path / "mirror", "--json").lines == [{"put_back": 1, "size": 2}]
    assert invoke("db", "check").code == 0


def test_a_folder_of_the_home_that_cannot_be_listed_fails_the_backup(
    registry: Registry, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was left out in silence."""
    register(registry)
    locked = settings.home / "keys" / "locked"
    locked.mkdir(parents=True)
    closed(monkeypatch, locked)
    with pytest.raises(OSError, match="cannot be listed"):
        archive.make(settings, tmp_path / "backup")
    assert not (tmp_path / "backup").exists()
