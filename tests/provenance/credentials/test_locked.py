"""Strangers' credentials meet a parser that is locked in: hostile files, and a parser that was taken over."""

import errno
import io
import os
import socket
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import c2pa
import pytest

from core.errors import CredentialsError
from core.locked import Talk
from core.locked_child import Refusal
from provenance.credentials import (
    C2paIdentity,
    locked,
    manifest,
    read_credentials,
    reader_child,
    reading,
    write_credentials,
)
from tests.provenance.credentials.signing import ANCHORS, CODECS, IDENTITY, RECORD, packets

TYPES = {"wav": "audio/wav", "mp3": "audio/mpeg", "flac": "audio/flac", "m4a": "audio/mp4"}


@pytest.mark.parametrize("name", CODECS)
def test_hostile_bytes_give_an_answer_or_a_credentials_error(
    signed: dict[str, Path], name: str, tmp_path: Path
) -> None:
    data = signed[name].read_bytes()
    store = data.index(b"jumb") - 4
    cases = [
        data[: store + 40],
        data[: len(data) // 2],
        data[:store] + b"\xff\xff\xff\xff" + data[store + 4 :],
        data[:store] + b"\0\0\0\1" + data[store + 4 :],
        data[: store + 8] + os.urandom(2000) + data[store + 2008 :],
        data[:12] + b"c2pa" * 1000,
    ]
    for number, case in enumerate(cases):
        path = tmp_path / f"{number}.{name}"
        path.write_bytes(case)
        try:
            found = read_credentials(path, ANCHORS, timeout_s=30)
        except CredentialsError:
            continue
        if found.valid:
            # The outer length of the manifest store may change unnoticed; what it vouches for may not.
            assert found.record_id == RECORD.record_id
            assert packets(path) == packets(signed[name])


def test_unreadable_files_and_slow_parsers_raise_credentials_errors(
    signed: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in (tmp_path / "missing.wav", tmp_path):
        with pytest.raises(CredentialsError):
            read_credentials(path)
    with pytest.raises(CredentialsError, match="longer than"):
        read_credentials(signed["wav"], timeout_s=0.001)
    monkeypatch.setattr(reading, "MAX_FILE_BYTES", 1000)
    with pytest.raises(CredentialsError, match="larger than"):
        read_credentials(signed["wav"])


@pytest.mark.parametrize("answer", [b"", b"X\x02\0\0\0{}", b"A\xff\xff\xff\xff", b"S\x01\0\0\0s"])
def test_a_parser_that_dies_is_an_error_not_an_answer(
    signed: dict[str, Path], monkeypatch: pytest.MonkeyPatch, answer: bytes
) -> None:
    ours, theirs = socket.socketpair()
    theirs.sendall(answer)
    theirs.close()
    monkeypatch.setattr(locked.LIBRARY, "begin", lambda *_, **__: Talk(ours, 60))
    with pytest.raises(CredentialsError, match="broke their parser"):
        read_credentials(signed["wav"])
    ours.close()


@pytest.mark.parametrize(
    "answer", [b"", b"[]", b"{}", b'{"problems": []}', b"null", b'{"present": true, "x": 1}']
)
def test_a_subverted_parser_is_not_believed(
    signed: dict[str, Path], monkeypatch: pytest.MonkeyPatch, answer: bytes
) -> None:
    monkeypatch.setattr(locked, "read", lambda *_: (answer, b"{}"))
    with pytest.raises(CredentialsError, match="no readable answer"):
        read_credentials(signed["wav"])


def test_a_subverted_signer_gets_one_signature(
    plain: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bytes] = []
    ours, theirs = socket.socketpair()
    theirs.sendall(2 * b"S\x04\0\0\0evil")
    monkeypatch.setattr(locked.LIBRARY, "begin", lambda *_, **__: Talk(ours, 60))

    def sign(_identity: C2paIdentity, message: bytes) -> bytes:
        asked.append(message)
        return bytes(64)

    monkeypatch.setattr(C2paIdentity, "sign", sign)
    with pytest.raises(CredentialsError, match="signing"):
        write_credentials(plain["wav"], tmp_path / "out.wav", RECORD, IDENTITY)
    assert asked == [b"evil"]
    assert list(tmp_path.iterdir()) == []
    theirs.close()


def test_a_parent_is_not_parsed_where_the_key_is(
    plain: dict[str, Path], signed: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("the C2PA library is used in the process that holds the key")

    for kind in (c2pa.Builder, c2pa.Reader, c2pa.Context, c2pa.Signer):
        monkeypatch.setattr(kind, "__init__", never)
    write_credentials(plain["wav"], tmp_path / "out.wav", RECORD, IDENTITY, parent=signed["mp3"])
    found = read_credentials(tmp_path / "out.wav", ANCHORS)
    assert found.valid and found.trusted


class Full(io.BytesIO):
    """A file on a disk with room for so many bytes."""

    def __init__(self, room: int) -> None:
        super().__init__()
        self._room = room

    def write(self, data: Any) -> int:
        self._room -= len(data)
        if self._room < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return super().write(data)


@pytest.mark.parametrize("share", [0.0, 0.5, 0.9])
@pytest.mark.parametrize("name", CODECS)
def test_a_full_disk_is_named_whatever_the_library_makes_of_it(
    signed: dict[str, Path], name: str, share: float
) -> None:
    source, asked = signed[name], list[bytes]()
    request = {
        "definition": manifest.build(RECORD, TYPES[name], opened=False, log_origin=None),
        "media_type": TYPES[name],
        "embed": True,
        "trust_anchors": ANCHORS,
        "chain": IDENTITY.chain_pem,
    }
    with source.open("rb") as file:
        task: Any = SimpleNamespace(
            request=request,
            files=[file, Full(int(share * source.stat().st_size))],
            send=lambda tag, body: asked.append(body),
            receive=lambda: IDENTITY.sign(asked[-1]),
        )
        with pytest.raises(Refusal, match=os.strerror(errno.ENOSPC)):
            reader_child.work(task)
