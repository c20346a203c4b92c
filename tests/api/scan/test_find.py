"""What a scan is asked to look at: folders, patterns, object stores, manifests."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest

from api.scan.find import Item, ScanError, find, listed
from tests.api.scan.catalogues import folder_of


def test_folders_patterns_files_and_urls_are_listed_in_order(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, "b.wav", "a.MP3", "deep/c.flac", "notes.txt")
    (folder / "album.wav").mkdir()
    every = [str(folder / name) for name in ("a.MP3", "b.wav", "deep/c.flac")]
    assert [item.location for item in find(str(folder))] == every
    assert [item.location for item in find(f"file://{folder}")] == every
    assert [item.location for item in find(str(folder / "*.wav"))] == every[1:2]
    assert [item.location for item in find(str(folder / "b.wav"))] == every[1:2]
    assert find(str(folder))[0].size == 5


@pytest.mark.parametrize(
    "name", ["Album [2020]", "live::take", "sure?", "*", "masters.txt", "new\nline", "~"]
)
def test_what_is_there_by_its_very_name_is_no_pattern(tmp_path: Path, name: str) -> None:
    folder = folder_of(tmp_path, f"{name}/a.wav") / name
    for target in (folder, folder / "a.wav"):
        assert [item.location for item in find(str(target))] == [str(folder / "a.wav")]


def test_a_link_to_a_folder_is_not_followed_round_and_round(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, "a.wav")
    (folder / "again").symlink_to(folder)
    (folder / "b.wav").symlink_to(folder / "a.wav")
    assert [Path(item.location).name for item in find(str(folder))] == ["a.wav", "b.wav"]


def test_a_folder_that_cannot_be_listed_is_not_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = folder_of(tmp_path, "a.wav", "locked/b.wav", "z.wav")
    locked = str(folder / "locked")
    scandir = os.scandir

    def refuse(path: str) -> Any:
        if os.fspath(path) == locked:
            raise PermissionError(13, "Permission denied", locked)
        return scandir(path)

    monkeypatch.setattr("os.scandir", refuse)
    assert [(item.location, item.size) for item in find(str(folder))] == [
        (str(folder / "a.wav"), 5),
        (locked, None),
        (str(folder / "z.wav"), 5),
    ]
    with pytest.raises(ScanError, match=r"cannot list .*Permission denied"):
        find(locked)


@pytest.fixture
def bucket() -> Iterator[str]:
    """An object store in memory."""
    store = fsspec.filesystem("memory")
    store.pipe(
        {"/bucket/b.wav": b"bb", "/bucket/a.wav": b"a", "/bucket/m.txt": b"b.wav\nmemory://bucket/c.wav"}
    )
    yield "memory://bucket"
    store.rm("/bucket", recursive=True)


def test_an_object_store_is_listed_with_what_its_files_are(bucket: str) -> None:
    found = find(bucket)
    assert [(item.location, item.size) for item in found] == [
        ("memory:///bucket/a.wav", 1),
        ("memory:///bucket/b.wav", 2),
    ]
    assert [listed(item.location) for item in found] == found, "it is known again"
    fsspec.filesystem("memory").pipe("/bucket/a.wav", b"z")
    again = find(bucket)
    assert again[0].size == found[0].size and again[0] != found[0], "changed, at the same size"


def test_a_manifest_in_an_object_store_names_what_lies_beside_it(bucket: str) -> None:
    found = find(f"{bucket}/m.txt")
    assert [(item.location, item.size) for item in found] == [
        ("memory://bucket/b.wav", 2),
        ("memory://bucket/c.wav", None),
    ]


def test_a_file_that_changed_is_another_one(tmp_path: Path) -> None:
    path = folder_of(tmp_path, "a.wav") / "a.wav"
    before = find(str(path))
    os.utime(path, ns=(1, 1))
    assert find(str(path)) != before
    assert listed(str(path)) == find(str(path))[0]


@pytest.mark.parametrize("target", ["{}/notes.txt", "{}/none", "gopher://hole/a.wav"])
def test_nothing_to_scan_is_told(tmp_path: Path, target: str) -> None:
    folder = folder_of(tmp_path, "notes.txt")
    with pytest.raises(ScanError):
        find(target.format(folder))


def manifest(tmp_path: Path, name: str, text: str) -> str:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8", newline="")
    return str(path)


def places(found: list[Item]) -> list[tuple[str, int | None]]:
    return [(item.location, item.size) for item in found]


def test_a_manifest_names_what_is_scanned(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, "b.wav", "a,1.mp3", "two\u2028lines.wav")
    b, a, odd = (str(folder / name) for name in ("b.wav", "a,1.mp3", "two\u2028lines.wav"))
    gone = str(folder / "gone.wav")
    text = manifest(tmp_path, "m.txt", f"# ours\n{b}\r\n\n{a}\n{gone}\n{b}\n{odd}\n")
    wanted = [(b, 5), (a, 7), (gone, None), (odd, 15)]
    assert places(find(text)) == wanted, "in its order, each once"
    rows = manifest(tmp_path, "m.csv", f'title,file\nB,{b}\nA,"{a}"\n')
    assert places(find(rows)) == [(b, 5), (a, 7)]
    beside = manifest(tmp_path, "near.txt", "catalogue/b.wav\n")
    assert places(find(beside)) == [(b, 5)], "names without a folder lie beside the manifest"


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("m.csv", "file,title\na.wav,A\n,B\nc.wav,C\n ,D\n", "no audio file in line 3, 5:"),
        ("m.txt", "a.wav\ncover.jpg\n\nb.wav\0.wav\n", "no audio file in line 2, 4:"),
        ("m.csv", "path\na.wav\n", "no column `file`"),
        ("m.csv", "file\n", "names no file"),
        ("m.txt", "\n# nothing\n", "names no file"),
        ("m.txt", "x\n" * 23, "19, 20 and 3 more: complete or remove"),
        ("m.csv", "file\na.wav\n" + "x" * 140_000 + ".wav\n", "cannot be read in line 3: field larger"),
    ],
)
def test_a_manifest_with_wrong_rows_says_which(tmp_path: Path, name: str, text: str, why: str) -> None:
    with pytest.raises(ScanError, match=why):
        find(manifest(tmp_path, name, text))


def test_a_manifest_in_another_encoding_or_nowhere_is_told(tmp_path: Path) -> None:
    (tmp_path / "m.txt").write_bytes("a.wav\né.wav\n".encode("latin-1"))
    with pytest.raises(ScanError, match=r"not UTF-8 \(line 2, byte 6\)"):
        find(str(tmp_path / "m.txt"))
    with pytest.raises(ScanError, match="cannot list"):
        find(str(tmp_path / "none.csv"))
