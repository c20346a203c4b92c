"""An output takes the place of nothing unasked, and is refused before the work where it cannot be placed."""

import errno
import fcntl
import io
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from core import encode as encoding
from core.codecs import write
from core.encode import encode
from core.errors import CredentialsError, EncodeError, UnreadableAudio
from core.locked import LockedError
from provenance import publishing, writing
from provenance.credentials import locked
from provenance.credentials.stamp import NoStamp
from provenance.declaration import Declaration
from provenance.formats import CODECS
from provenance.output import put
from provenance.tag import tag
from provenance.tag_stream import tag_stream
from tests.provenance.test_tag import SONG, Ledger, Remembering
from tests.signals import music

RATE = 44_100


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "in.wav"
    encode(music(3.0, RATE, 2), RATE, path, codec="wav")
    return path


class Acting(Remembering):
    """A watermark during whose embedding something else happens."""

    def __init__(self, act: Callable[[], object]) -> None:
        super().__init__()
        self.act = act

    def embed(self, wav: Tensor, *rest: Any, **options: Any) -> Tensor:
        self.act()
        return super().embed(wav, *rest, **options)


def refused(source: Path, out: Path, match: str, **options: Any) -> None:
    """Tagging is refused before anything is decoded, and leaves the folder as it is."""
    ledger, before = Ledger(), sorted(out.parent.iterdir()) if out.parent.is_dir() else []
    worked: list[str] = []
    with pytest.raises(EncodeError, match=match):
        tag(
            source,
            out,
            SONG,
            ledger=ledger,
            marker=Acting(lambda: worked.append("embedded")),
            **options,
        )
    assert (ledger.registered, worked) == ([], [])
    if out.parent.is_dir():
        assert sorted(out.parent.iterdir()) == before


def test_a_link_that_leads_nowhere_is_not_replaced(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.wav"
    out.symlink_to(tmp_path / "nowhere")
    refused(source, out, "exists already")
    assert out.is_symlink()


def test_another_sidecar_is_not_replaced(source: Path, tmp_path: Path) -> None:
    beside = tmp_path / "out.ogg.c2pa"
    beside.write_bytes(b"precious")
    refused(source, tmp_path / "out.ogg", "exists already")
    assert beside.read_bytes() == b"precious"
    tag(source, tmp_path / "out.ogg", SONG, ledger=Ledger(), marker=Remembering(), overwrite=True)
    assert beside.read_bytes() != b"precious"


@pytest.mark.parametrize("kind", ["folder", "pipe"])
@pytest.mark.parametrize("overwrite", [False, True])
def test_what_is_no_file_is_never_replaced(kind: str, overwrite: bool, source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.wav"
    out.mkdir() if kind == "folder" else os.mkfifo(out)
    refused(source, out, "replaced" if overwrite else "exists already", overwrite=overwrite)
    assert out.is_dir() if kind == "folder" else out.is_fifo()


@pytest.mark.parametrize(
    "name", ["none/out.wav", "in.wav/out.wav", "a\0b.wav", "x" * 252 + ".wav", "x" * 251 + ".ogg"]
)
def test_a_name_that_cannot_be_is_refused_before_the_work(name: str, source: Path, tmp_path: Path) -> None:
    refused(source, tmp_path / name, "cannot write")


@pytest.mark.parametrize(
    "name", ["x" * 251 + ".wav", "x" * 250 + ".ogg", "a\nb.mp3", "a\u202eb.flac", os.fsdecode(b"a\xff.ogg")]
)
def test_odd_names_are_written(name: str, source: Path, tmp_path: Path) -> None:
    done = tag(source, tmp_path / name, SONG, ledger=Ledger(), marker=Remembering())
    assert done.path.is_file()


@pytest.mark.parametrize("suffix", [".wav", ".opus"])
def test_what_appears_meanwhile_is_left_as_it_is(suffix: str, source: Path, tmp_path: Path) -> None:
    out, ledger = tmp_path / f"out{suffix}", Ledger()
    marker = Acting(lambda: out.write_bytes(b"precious"))
    with pytest.raises(EncodeError, match="exists already"):
        tag(source, out, SONG, ledger=ledger, marker=marker)
    assert out.read_bytes() == b"precious"
    assert ledger.registered == []
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.wav", out.name]


def test_of_two_taggings_into_one_output_only_one_is_registered(source: Path, tmp_path: Path) -> None:
    """Whoever registers is alone with the folder until the file is there; the other one looks after that."""

    class Watched(Ledger):
        def register(self, *registered: Any) -> Any:
            other = os.open(tmp_path, os.O_RDONLY)
            with pytest.raises(BlockingIOError):
                fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.close(other)
            return super().register(*registered)

    first, second = Watched(), Ledger()
    out = tmp_path / "out.wav"
    begun = Acting(lambda: tag(source, out, SONG, ledger=first, marker=Remembering()))
    with pytest.raises(EncodeError, match="exists already"):
        tag(source, out, SONG, ledger=second, marker=begun)
    assert (len(first.registered), len(second.registered)) == (1, 0)


@pytest.mark.parametrize("links", [True, False])
def test_the_last_step_replaces_nothing_unasked(
    links: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not links:

        def link(*_: object) -> None:
            raise PermissionError(1, "Operation not permitted")

        monkeypatch.setattr(os, "link", link)
    folder = tmp_path / "work"
    folder.mkdir()
    finished, out = folder / "finished.ogg", tmp_path / "out.ogg"

    def made() -> None:
        finished.write_bytes(b"audio")
        (folder / "finished.c2pa").write_bytes(b"credentials")

    made()
    out.write_bytes(b"precious")
    with pytest.raises(EncodeError, match="left as it is"):
        put(finished, out, overwrite=False)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out.ogg", "work"]
    out.unlink()
    made()
    put(finished, out, overwrite=False)
    assert (out.read_bytes(), (tmp_path / "out.c2pa").read_bytes()) == (b"audio", b"credentials")
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("how", ["rewritten", "replaced", "removed"])
def test_a_source_that_changes_meanwhile_is_refused(how: str, source: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.wav"
    encode(music(3.0, RATE, 5), RATE, other, codec="wav")

    def change() -> None:
        if how == "rewritten":
            source.write_bytes(other.read_bytes() + b"\0")
        elif how == "replaced":
            other.replace(source)
        else:
            source.unlink()

    ledger, out = Ledger(), tmp_path / "out.wav"
    with pytest.raises(UnreadableAudio, match=r"changed|cannot be opened"):
        tag(source, out, SONG, ledger=ledger, marker=Acting(change))
    assert ledger.registered == []
    assert not out.exists()
    assert not list(tmp_path.glob(".trackmark*"))


def test_a_stream_is_placed_with_the_same_care(tmp_path: Path) -> None:
    out = tmp_path / "out.wav"
    out.symlink_to(tmp_path / "nowhere")
    with pytest.raises(EncodeError, match="exists already"):
        tag_stream(iter([torch.zeros(1, 10)]), RATE, out, lambda: Declaration("T", "L"), ledger=Ledger())


FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
READ_ONLY = OSError(errno.EROFS, os.strerror(errno.EROFS))


def failing(error: Exception) -> Callable[..., Any]:
    def fails(*_: Any, **__: Any) -> Any:
        raise error

    return fails


def in_words(words: str) -> CredentialsError:
    """As of a child that says in words only why it failed."""
    error = CredentialsError("cannot write the source's tags into marked.flac")
    error.__cause__ = LockedError(words)
    return error


@pytest.mark.parametrize(
    ("place", "name", "error"),
    [
        (encoding, "write", FULL),
        (encoding, "write", READ_ONLY),
        (writing, "carry", in_words(f"OSError: {FULL}")),
        (shutil, "copyfile", FULL),
        (locked, "sign", in_words(f"C2paError: {os.strerror(errno.ENOSPC)} (os error 28)")),
        (publishing, "put", FULL),
    ],
)
@pytest.mark.parametrize("suffix", [".flac", ".ogg"])
def test_a_disk_that_takes_no_more_is_told_of_the_output(
    suffix: str,
    place: Any,
    name: str,
    error: Exception,
    source: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Not of a file in a folder that is gone by then, and nothing is left."""
    out, before = tmp_path / f"out{suffix}", sorted(tmp_path.iterdir())
    with monkeypatch.context() as patch:
        patch.setattr(place, name, failing(error))
        with pytest.raises(EncodeError) as caught:
            tag(source, out, SONG, ledger=Ledger(), marker=Remembering())
    why = os.strerror(errno.EROFS if error is READ_ONLY else errno.ENOSPC)
    assert str(caught.value) == f"cannot write {out}: {why}"
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("error", [NoStamp("no answer"), in_words(str(FULL))])
def test_credentials_that_cannot_be_written_are_no_fault_of_the_sources(
    error: Exception, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = tag(source, tmp_path / "first.wav", SONG, ledger=Ledger(), marker=Remembering()).path
    asked: list[object] = []

    def once(*_: Any, **options: Any) -> bytes:
        asked.append(options["parent"])
        raise error

    monkeypatch.setattr(locked, "sign", once)
    with pytest.raises((CredentialsError, EncodeError)):
        tag(first, tmp_path / "again.wav", SONG, ledger=Ledger(), marker=Remembering())
    assert len(asked) == 1 and asked[0] is not None, "they are not tried again without the source's own"


@pytest.mark.parametrize("suffix", [".mp3", ".wav", ".m4a", ".opus"])
def test_a_file_that_takes_no_more_is_left_alone(
    suffix: str, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A library that goes on to seek and to write prints a traceback of its own for each failure."""

    class Full(io.BytesIO):
        def write(self, data: Any) -> int:
            raise FULL

        def seek(self, *_: Any) -> int:
            raise FULL

    def full(_file: Any, *arguments: Any) -> int:
        return write(Full(), *arguments)

    monkeypatch.setattr(encoding, "write", full)
    with pytest.raises(EncodeError, match="No space"):
        encode(music(3.0, RATE), RATE, tmp_path / f"out{suffix}", codec=CODECS[suffix][0])
    assert capfd.readouterr().err == ""
