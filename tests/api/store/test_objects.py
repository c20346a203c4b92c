"""The object store against a server: what is stored comes back whole, and each failure says what it is."""

import hashlib
import secrets
from pathlib import Path

import pytest

from api.errors import StoredFileLost, StoreUnavailable
from api.store import Known, ObjectStore
from api.store.objects import PIECE_BYTES
from tests.stores import S3, full


@pytest.fixture
def store(s3: S3) -> ObjectStore:
    return ObjectStore(s3.store)


@pytest.fixture
def song(tmp_path: Path) -> Path:
    path = tmp_path / "song.wav"
    path.write_bytes(secrets.token_bytes(1000))
    return path


def test_a_file_comes_back_as_it_was(store: ObjectStore, song: Path, tmp_path: Path, s3: S3) -> None:
    store.put("uploads/a.wav", song)
    assert s3.names() == ["trackmark/uploads/a.wav"]
    store.fetch("uploads/a.wav", tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == song.read_bytes() == store.read("uploads/a.wav")
    digest = hashlib.sha256(song.read_bytes()).hexdigest()
    assert store.known("uploads/a.wav") == Known(1000, digest) and store.known("uploads/b.wav") is None
    assert b"".join(store.pieces("uploads/a.wav", 10, 20)) == song.read_bytes()[10:20]
    assert b"".join(store.pieces("uploads/a.wav", 990, 5000)) == song.read_bytes()[990:]


def test_a_long_file_goes_in_parts_and_an_empty_one_too(store: ObjectStore, tmp_path: Path) -> None:
    for size in (0, 3 * PIECE_BYTES + 7):
        path = tmp_path / f"of-{size}"
        path.write_bytes(secrets.token_bytes(size))
        store.put("a", path)
        store.fetch("a", tmp_path / "back", hashlib.sha256(path.read_bytes()).hexdigest())
        assert (tmp_path / "back").read_bytes() == path.read_bytes()


def test_lists_copies_and_deletions(store: ObjectStore, song: Path, s3: S3) -> None:
    for name in ("outputs/a/1/report", "outputs/a/2/report", "outputs/b/1/report", "uploads/x"):
        store.put(name, song)
    store.copy("uploads/x", "uploads/y")
    assert [one.name for one in store.within("uploads")] == ["uploads/x", "uploads/y"]
    assert {one.size_bytes for one in store.within("uploads")} == {1000}
    assert store.folders("outputs") == ["a", "b"] and store.folders("nothing") == []
    store.erase(one.name for one in store.within("outputs/a"))
    store.erase(["outputs/none", "uploads/x"])
    store.erase([])
    assert s3.names() == ["trackmark/outputs/b/1/report", "trackmark/uploads/y"]
    with pytest.raises(StoredFileLost, match="gone"):
        store.copy("uploads/x", "uploads/z")


def test_long_lists_and_deletions_of_many(store: ObjectStore, s3: S3) -> None:
    for number in range(1005):  # a page has a thousand
        s3.change(f"trackmark/uploads/{number}", b"")
    names = [one.name for one in store.within("uploads")]
    assert len(names) == 1005
    store.erase(names)
    assert s3.names() == []


def test_an_object_that_was_changed_or_deleted_is_lost_and_leaves_no_file(
    store: ObjectStore, song: Path, tmp_path: Path, s3: S3
) -> None:
    store.put("a", song)
    digest = hashlib.sha256(song.read_bytes()).hexdigest()
    s3.change("trackmark/a", b"something else")
    with pytest.raises(StoredFileLost, match="no longer what was stored"):
        store.fetch("a", tmp_path / "back", digest)
    s3.lose("trackmark/a")
    with pytest.raises(StoredFileLost, match="gone"):
        store.fetch("a", tmp_path / "back")
    assert [path.name for path in tmp_path.iterdir()] == ["song.wav"]


def test_an_object_that_changes_while_it_is_read_is_lost(store: ObjectStore, s3: S3) -> None:
    s3.change("trackmark/a", bytes(PIECE_BYTES + 1))
    pieces = store.pieces("a")
    assert len(next(pieces)) == PIECE_BYTES
    s3.change("trackmark/a", bytes([1]) * (PIECE_BYTES + 1))
    with pytest.raises(StoredFileLost, match="changed while it was read"):
        next(pieces)


def test_every_reason_has_its_words(store: ObjectStore, song: Path, s3: S3) -> None:
    store.put("a", song)
    s3.fault = full
    with pytest.raises(StoreUnavailable, match="is full"):
        store.put("b", song)
    s3.fault = lambda _: ("503 Slow Down", "SlowDown")
    with pytest.raises(StoreUnavailable, match="does not answer as it should"):
        store.read("a")
    s3.fault = lambda _: ("500 Broken", "InternalError")
    with pytest.raises(StoreUnavailable, match="does not answer as it should"):
        store.check()


def test_wrong_credentials_are_named(s3: S3, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "another")
    for ask in (ObjectStore(s3.store).check, lambda: ObjectStore(s3.store).read("a")):
        with pytest.raises(StoreUnavailable, match="refuses access"):
            ask()


def test_a_bucket_that_is_not_there_is_no_lost_file(s3: S3) -> None:
    store = ObjectStore("s3://another-bucket/trackmark")
    with pytest.raises(StoreUnavailable, match="no bucket another-bucket"):
        store.check()
    with pytest.raises(StoreUnavailable, match="no bucket another-bucket"):
        store.read("a")


def test_a_store_that_does_not_answer(s3: S3, song: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    with pytest.raises(StoreUnavailable, match="cannot be reached"):
        ObjectStore(s3.store).put("a", song)


def test_a_try_leaves_nothing(store: ObjectStore, s3: S3) -> None:
    store.try_out()
    assert s3.names() == []
    assert [line.split()[0] for line in s3.asked if line.startswith("PUT")] == ["PUT"]
