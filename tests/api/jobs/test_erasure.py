"""Erasure: the record is gone from everywhere that is ours, and every proof of others still holds."""

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.audit.asked import PROVENANCE
from api.audit.audit import audit_file
from api.errors import UnknownEntry
from api.jobs.books import Jobs
from api.jobs.erasure import erase
from api.jobs.files import JobFiles
from api.jobs.job import Upload
from api.jobs.leases import Leases
from api.registry.proofs import evidence
from api.registry.registry import Registry
from api.settings import Settings
from api.uploads import Uploads
from core.encode import encode
from provenance.credentials.sidecar import write_sidecar
from provenance.fingerprint import extract
from provenance.records.checkpoint import verify_checkpoint
from provenance.records.folder import verify_folder
from tests import fakes
from tests.api.cli.conftest import invoke
from tests.api.serving import GOOD, blank_record, fingerprint, finished, key, parts, register, serve
from tests.signals import music

SECRET, HOLDER = "A Secret Working Title", "Somebody Who Wants To Be Forgotten"


def test_a_record_is_erased_and_all_others_still_verify(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    registry = Registry.open(settings)
    wav = music(12.0, 44_100, seed=3)
    before = register(registry)
    record = blank_record(registry, title=SECRET, owner=HOLDER)
    song = extract(wav, 44_100)
    registry.records.register(record, song)
    encode(wav, 44_100, tmp_path / "song.ogg", codec="vorbis")
    store = write_sidecar(tmp_path / "song.ogg", tmp_path / "out.ogg", record, registry.keys.credentials())
    registry.manifests.keep(record.record_id, store)
    registry.events.dispute(record.record_id, issuer=HOLDER, reason="a secret reason")
    after = register(registry)
    exported = tmp_path / "evidence"
    exported.mkdir()
    for name, data in evidence(registry, record.record_id).items():
        (exported / name).write_bytes(data)
    keys, checkpoint = registry.keys.published.trusted(), registry.log.checkpoint()
    (name,) = registry.manifests.of_record(record.record_id)

    erase(registry, record.record_id, JobFiles.of(settings))

    assert registry.records.get(record.record_id) is None
    assert registry.records.find_by_sha256(record.asset.sha256_pcm) != []  # the others' stay
    assert registry.manifests.of_record(record.record_id) == []
    with pytest.raises(UnknownEntry):
        registry.manifests.store(name)
    assert registry.fingerprints.index().query(song) == []
    assert registry.log.checkpoint() == checkpoint
    verify_checkpoint(checkpoint, keys.log)
    for made in (before, after):
        assert registry.records.verified(made.record_id).current.logged
    assert all(check.passed is not False for check in verify_folder(exported, keys))  # the holder's own copy
    with pytest.raises(UnknownEntry):
        erase(registry, record.record_id, JobFiles.of(settings))
    engines = fakes.engines(detection=fakes.marked(record.record_id))
    found = audit_file(
        fakes.PATH, registry=registry, settings=settings, checks=(PROVENANCE[0],), engines=engines
    )
    assert found.findings.ownership.status == "unknown_mark"
    registry.close()
    left = b"".join(path.read_bytes() for path in settings.home.glob("trackmark.db*"))
    for text in (SECRET, HOLDER, "a secret reason"):
        assert text.encode() not in left


def test_the_route_erases_the_tagging_and_its_file_and_only_the_tenants_own(tmp_path: Path) -> None:
    with serve(tmp_path / "home") as client:
        made = [
            finished(
                client,
                client.post(
                    "/v1/tracks",
                    files={"file": ("a.wav", GOOD)},
                    data={"title": "T", "owner": "O"},
                    headers={"Idempotency-Key": name},
                ).headers["location"],
            )
            for name in ("one", "two")
        ]
        gone, stays = (track["result"]["record_id"] for track in made)
        stranger = TestClient(client.app, base_url="http://127.0.0.1", headers=key(client, tenant="stranger"))
        assert stranger.delete(f"/v1/records/{gone}").status_code == 404
        folder = parts(client).settings.outputs / made[0]["id"]
        assert any(folder.iterdir())
        assert client.delete(f"/v1/records/{gone}").status_code == 204
        assert not folder.exists()
        for path in (f"/v1/records/{gone}", f"/v1/tracks/{made[0]['id']}", f"/v1/records/{gone}/proof"):
            assert client.get(path).status_code == 404
        assert client.delete(f"/v1/records/{gone}").status_code == 404
        assert client.get(f"/v1/records/{stays}").json()["problem"] is None
        assert client.get(made[1]["links"]["file"]).status_code == 200
        assert client.get("/v1/log/entries/0").status_code == 200


def test_the_command_asks_before_it_erases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACKMARK_HOME", str(tmp_path / "home"))
    store = Registry.open(Settings(home=tmp_path / "home"))
    made = register(store)
    assert invoke("record", "erase", made.record_id).code == 1  # nobody answers the question
    assert store.records.get(made.record_id) is not None
    assert invoke("record", "erase", made.record_id, "--yes").code == 0
    assert store.records.get(made.record_id) is None
    assert invoke("record", "erase", made.record_id, "--yes").code == 2
    store.close()


@pytest.mark.parametrize("state", ["succeeded", "failed", "running"])
def test_no_byte_of_retained_audio_outlives_its_record(tmp_path: Path, state: str) -> None:
    settings, audio = Settings(home=tmp_path / "home"), b"an unreleased master " * 50
    store = Registry.open(settings)
    jobs, files = Jobs(store.engine), JobFiles.of(settings)
    upload = Upload("a.wav", "stored.wav", hashlib.sha256(audio).hexdigest(), len(audio))
    job, _ = jobs.create("track", "default", upload, {"title": "T", "retain": True})
    made = replace(blank_record(store), record_id=job.request["record_id"])
    store.records.register(made, fingerprint())
    files.uploads.mkdir(parents=True)
    files.received(job)[0].write_bytes(audio)
    leases = Leases(store.engine, lease_s=30, attempts=3)
    lease = leases.take("worker")
    assert lease is not None
    (files.fresh_output(lease.job) / ".trackmark-left").write_bytes(audio)
    if state == "succeeded":
        leases.succeed(lease, {"record_id": made.record_id})
    elif state == "failed":
        leases.fail(lease, {"code": "internal"})
    erase(store, made.record_id, files)
    assert jobs.find(job.id) is None
    left = [path for path in settings.home.rglob("*") if path.is_file() and audio[:21] in path.read_bytes()]
    assert left == []
    store.close()


def test_a_resumable_upload_goes_with_the_record_that_was_made_of_it(tmp_path: Path) -> None:
    audio, other = b"an unreleased master " * 50, b"another song " * 50
    settings = Settings(home=tmp_path / "home")
    store = Registry.open(settings)
    uploads, jobs, files = Uploads.of(store.engine, settings), Jobs(store.engine), JobFiles.of(settings)

    def kept(sound: bytes, tenant: str = "default") -> str:
        made = uploads.create(tenant, len(sound), "a.wav", "")
        with uploads.appending(made.id, tenant) as writer:
            writer.write(sound, whole=True)
            writer.keep()
        return made.id

    mine, second, strangers = kept(audio), kept(other), kept(audio, "stranger")
    source, stored = uploads.handed_on(mine, "default")
    upload = Upload("a.wav", stored, str(source.sha256), len(audio))
    job, _ = jobs.create("track", "default", upload, {"title": "T", "retain": True})
    made = replace(blank_record(store), record_id=job.request["record_id"])
    store.records.register(made, fingerprint())
    erase(store, made.record_id, files)
    with pytest.raises(UnknownEntry):
        uploads.get(mine, "default")
    theirs = uploads.get(strangers, "stranger").stored
    left = [path for path in settings.home.rglob("*") if path.is_file() and audio[:21] in path.read_bytes()]
    assert [path.name for path in left] == [theirs], "what is another tenant's stays, and nothing else"
    assert uploads.get(second, "default")
    store.close()
