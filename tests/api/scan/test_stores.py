"""A scan of a real S3-compatible server: names of every kind, and what is not ours."""

from collections.abc import Iterator

import pytest
import s3fs

from api.scan.find import Item, ScanError, find
from api.scan.worker import _local_copy
from tests import stores

NAMES = [
    "Album [2020]/a.wav",
    "b::take.wav",
    "c#1.wav",
    "d?.wav",
    "e%20.wav",
    "f*.wav",
    "\u202eg.wav",
    "sp h.wav",
]


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[stores.S3]:
    with stores.s3() as running:
        running.environment(monkeypatch)
        s3fs.S3FileSystem.clear_instance_cache()
        for name in NAMES:
            running.change(name, name.encode())
        yield running
    s3fs.S3FileSystem.clear_instance_cache()


def content(item: Item) -> str:
    with _local_copy(item) as path:
        return path.read_text(encoding="utf-8")


def test_every_object_is_listed_and_fetched_by_its_own_name(s3: stores.S3) -> None:
    found = find(f"s3://{s3.bucket}")
    assert [item.location for item in found] == sorted(f"s3://{s3.bucket}/{name}" for name in NAMES)
    assert {item.location: content(item) for item in found} == {
        f"s3://{s3.bucket}/{name}": name for name in NAMES
    }


@pytest.mark.parametrize("name", [*NAMES, "Album [2020]"])
def test_an_object_or_folder_is_found_by_its_own_name(s3: stores.S3, name: str) -> None:
    (found,) = find(f"s3://{s3.bucket}/{name}")
    assert content(found).startswith(name)


def test_a_bucket_that_is_not_ours_is_told(s3: stores.S3, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "another")
    s3fs.S3FileSystem.clear_instance_cache()
    with pytest.raises(ScanError, match=r"cannot list .*InvalidAccessKeyId"):
        find(f"s3://{s3.bucket}")


def test_a_bucket_that_does_not_exist_is_told(s3: stores.S3) -> None:
    with pytest.raises(ScanError, match="no such file or folder"):
        find("s3://no-such-bucket-anywhere/x")
