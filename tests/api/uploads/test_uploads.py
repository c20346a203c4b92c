"""Uploads in pieces: what was told to be there is there, whoever dies, writes at once, or comes too late."""

import os
from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from api import database
from api.errors import ConflictingEntry, OffsetMismatch, QuotaReached, UnknownEntry, UploadLocked
from api.uploads import ResumableUpload, Uploads
from api.uploads import appending as pieces
from api.uploads import uploads as module
from core import clock
from tests.api.killing import Killed, killed_at

SONG = os.urandom(10_000)


@pytest.fixture
def uploads(tmp_path: Path, database_url: str) -> Iterator[Uploads]:
    engine = database.connect(database_url)
    database.upgrade(engine)
    yield Uploads(engine, tmp_path / "uploads", timedelta(hours=24), 50_000)
    engine.dispose()


def begun(uploads: Uploads, size: int = len(SONG), tenant: str = "default") -> ResumableUpload:
    return uploads.create(tenant, size, "song.wav", "filename c29uZy53YXY=")


def send(uploads: Uploads, upload: ResumableUpload, offset: int, data: bytes) -> None:
    with uploads.appending(upload.id, upload.tenant) as writer:
        writer.begin(offset)
        writer.write(data, whole=False)
        writer.keep()


def test_pieces_make_the_file(uploads: Uploads) -> None:
    upload = begun(uploads)
    for start in range(0, len(SONG), 3000):
        assert uploads.get(upload.id, "default").sha256 is None
        send(uploads, upload, start, SONG[start : start + 3000])
    done = uploads.get(upload.id, "default")
    assert (done.received_bytes, done.sha256) == (len(SONG), sha256(SONG).hexdigest())
    assert done.expires_at > upload.expires_at
    _, stored = uploads.handed_on(upload.id, "default")
    assert stored.endswith(".wav") and (uploads.folder / stored).read_bytes() == SONG
    assert {path.stat().st_mode & 0o777 for path in uploads.folder.iterdir()} == {0o600}


def test_a_piece_goes_on_where_the_last_one_ended(uploads: Uploads) -> None:
    upload = begun(uploads)
    send(uploads, upload, 0, SONG[:100])
    for offset in (0, 99, 101):
        with pytest.raises(OffsetMismatch, match="byte 100"):
            send(uploads, upload, offset, b"x")
    assert uploads.get(upload.id, "default").received_bytes == 100


@pytest.mark.parametrize("kept", [0, 4000])
def test_what_a_process_wrote_before_it_died_is_no_part_of_the_file(uploads: Uploads, kept: int) -> None:
    upload = begun(uploads)
    send(uploads, upload, 0, SONG[:kept])
    with pytest.raises(Killed), uploads.appending(upload.id, "default") as writer:
        writer.write(b"y" * 3000, whole=False)
        raise Killed
    assert uploads.get(upload.id, "default").received_bytes == kept
    send(uploads, upload, kept, SONG[kept:])
    _, stored = uploads.handed_on(upload.id, "default")
    assert (uploads.folder / stored).read_bytes() == SONG


def test_a_long_piece_is_kept_by_the_way_unless_it_counts_as_a_whole(
    uploads: Uploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pieces, "KEEP_BYTES", 1000)
    for whole, survives in ((False, 2000), (True, 0)):
        upload = begun(uploads)
        with pytest.raises(Killed), uploads.appending(upload.id, "default") as writer:
            for start in range(0, 2500, 500):
                writer.write(SONG[start : start + 500], whole=whole)
            raise Killed
        assert uploads.get(upload.id, "default").received_bytes == survives


def test_killed_at_any_statement_an_upload_is_there_or_not_and_goes_on(uploads: Uploads) -> None:
    """Beginning, sending and handing on, each cut short before every statement and every commit."""
    number, last = 0, False
    while not last:
        number += 1
        upload = None
        with killed_at(uploads.engine, number):
            try:
                upload = begun(uploads, 100)
                send(uploads, upload, 0, SONG[:60])
                send(uploads, upload, 60, SONG[60:100])
                uploads.handed_on(upload.id, "default")
                last = True
            except Killed:
                pass
        if upload is None:
            continue
        come = uploads.get(upload.id, "default").received_bytes
        assert come in (0, 60, 100)
        send(uploads, upload, come, SONG[come:100])
        taken, stored = uploads.handed_on(upload.id, "default")
        assert taken.sha256 == sha256(SONG[:100]).hexdigest()
        assert (uploads.folder / stored).read_bytes() == SONG[:100]
        uploads.remove(upload.id, "default")
    assert number > 9


def test_who_died_before_the_digest_leaves_it_to_whoever_uses_the_file(uploads: Uploads) -> None:
    empty = begun(uploads, 0)
    assert empty.sha256 is None
    taken, _ = uploads.handed_on(empty.id, "default")
    assert taken.sha256 == sha256(b"").hexdigest()


def test_two_do_not_write_at_once(uploads: Uploads) -> None:
    upload = begun(uploads)
    with uploads.appending(upload.id, "default"), pytest.raises(UploadLocked):
        send(uploads, upload, 0, SONG)
    send(uploads, upload, 0, SONG)
    assert uploads.get(upload.id, "default").received_bytes == len(SONG)


def test_an_upload_that_is_deleted_while_it_comes_is_gone(uploads: Uploads) -> None:
    upload = begun(uploads)
    with uploads.appending(upload.id, "default") as writer:
        writer.write(SONG, whole=False)
        uploads.remove(upload.id, "default")
        with pytest.raises(UnknownEntry):
            writer.keep()
    with pytest.raises(UnknownEntry):
        uploads.get(upload.id, "default")
    assert list(uploads.folder.iterdir()) == []


def test_a_job_keeps_its_file_when_the_upload_is_deleted_and_the_other_way_round(uploads: Uploads) -> None:
    upload = begun(uploads)
    with pytest.raises(ConflictingEntry, match="0 of 10000"):
        uploads.handed_on(upload.id, "default")
    send(uploads, upload, 0, SONG)
    (_, one), (_, two) = (uploads.handed_on(upload.id, "default") for _ in "12")
    (uploads.folder / one).unlink()
    uploads.remove(upload.id, "default")
    assert [path.name for path in uploads.folder.iterdir()] == [two]
    assert (uploads.folder / two).read_bytes() == SONG


def test_a_file_system_without_links_takes_a_copy(uploads: Uploads, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr("api.uploads.uploads.os.link", refuse)
    upload = begun(uploads)
    send(uploads, upload, 0, SONG)
    _, stored = uploads.handed_on(upload.id, "default")
    assert (uploads.folder / stored).read_bytes() == SONG


def test_a_file_that_is_lost_is_told_as_unknown(uploads: Uploads) -> None:
    upload = begun(uploads)
    send(uploads, upload, 0, SONG[:500])
    path = uploads.folder / upload.stored
    for lose in (lambda: path.write_bytes(b"short"), path.unlink):
        lose()
        with pytest.raises(UnknownEntry):
            uploads.get(upload.id, "default")
        with pytest.raises(UnknownEntry):
            send(uploads, upload, 500, b"x")


def test_a_tenant_stores_only_so_much(uploads: Uploads, monkeypatch: pytest.MonkeyPatch) -> None:
    for size in (30_000, 20_000):
        begun(uploads, size)
    with pytest.raises(QuotaReached, match="50000"):
        begun(uploads, 1)
    begun(uploads, 50_000, tenant="other")
    monkeypatch.setattr(module, "MOST", 2)
    with pytest.raises(QuotaReached, match="at most 2"):
        begun(uploads, 0)
    assert len(list(uploads.folder.iterdir())) == 3  # what was refused left nothing behind


def test_what_nothing_comes_to_expires(uploads: Uploads, monkeypatch: pytest.MonkeyPatch) -> None:
    old, alive = begun(uploads), begun(uploads, tenant="other")
    for hours, left in ((23, {old.stored, alive.stored}), (25, {alive.stored})):
        later = clock.now() + timedelta(hours=hours)
        with monkeypatch.context() as patch:
            patch.setattr(clock, "now", lambda later=later: later)
            if hours == 23:
                send(uploads, alive, 0, SONG[:1])
            uploads.expire()
        assert uploads.stored() == {path.name for path in uploads.folder.iterdir()} == left


def test_tenants_do_not_meet(uploads: Uploads) -> None:
    upload = begun(uploads)
    send(uploads, upload, 0, SONG)
    for ask in (uploads.get, uploads.remove, uploads.handed_on):
        with pytest.raises(UnknownEntry):
            ask(upload.id, "other")
    with pytest.raises(UnknownEntry), uploads.appending(upload.id, "other"):
        pass
    assert uploads.get(upload.id, "default").received_bytes == len(SONG)
