"""Credentials beside Ogg files, the tags in them, and the bext chunk of WAV files."""

import dataclasses
import json
from pathlib import Path
from typing import Literal

import pytest

from core.encode import encode
from core.errors import CredentialsError
from provenance.credentials import bext, read_credentials, riff
from provenance.credentials.sidecar import manifest_id, sidecar_of, write_sidecar
from provenance.credentials.tags import AIGC, disclosure, write_tags
from provenance.records.involvement import AiInvolvement
from tests.signals import music

from .signing import ANCHORS, IDENTITY, RECORD

each = pytest.mark.parametrize("codec", ["vorbis", "opus"])


@pytest.fixture
def song(tmp_path: Path, codec: Literal["vorbis", "opus"]) -> Path:
    path = tmp_path / ("song.ogg" if codec == "vorbis" else "song.opus")
    encode(music(1, 48_000, 1), 48_000, path, codec=codec)
    return path


@each
def test_an_ogg_file_and_its_sidecar_are_judged_together(song: Path, tmp_path: Path) -> None:
    out = tmp_path / f"out{song.suffix}"
    store = write_sidecar(song, out, RECORD, IDENTITY, log_origin="example.com/log")
    assert sidecar_of(out).read_bytes() == store
    assert manifest_id(store).startswith("urn:c2pa:")
    found = read_credentials(out, ANCHORS)
    assert (found.signature_valid, found.content_bound, found.trusted, found.valid) == (True,) * 4
    assert (found.record_id, found.record_sha256) == (RECORD.record_id, RECORD.digest())
    assert found.tags.says_ai and AIGC in {one.name for one in found.tags.statements}
    data = bytearray(out.read_bytes())
    data[-1] ^= 1
    out.write_bytes(data)
    changed = read_credentials(out, ANCHORS)
    assert (changed.signature_valid, changed.content_bound, changed.valid) == (True, False, False)
    sidecar_of(out).unlink()
    assert not read_credentials(out, ANCHORS).present


def test_a_hostile_sidecar_is_invalid_not_a_crash(tmp_path: Path) -> None:
    song = tmp_path / "song.ogg"
    encode(music(1, 48_000, 1), 48_000, song, codec="vorbis")
    store = write_sidecar(song, tmp_path / "out.ogg", RECORD, IDENTITY)
    for data in (b"c2pa", store[:500], store[:-40], b"\0\0\0\x10jumbc2pa" * 9):
        sidecar_of(song).write_bytes(data)
        found = read_credentials(song, ANCHORS)
        assert found.present
        assert not found.valid


@pytest.mark.parametrize("length", [250, 251])
def test_a_name_too_long_for_a_sidecar_has_none(length: int, tmp_path: Path) -> None:
    song = tmp_path / ("x" * length + ".ogg")
    encode(music(1, 48_000, 1), 48_000, song, codec="vorbis")
    assert not read_credentials(song, ANCHORS).present


def test_what_nobody_declared_was_opened_not_created(tmp_path: Path) -> None:
    song = tmp_path / "song.ogg"
    encode(music(1, 48_000, 1), 48_000, song, codec="vorbis")
    record = dataclasses.replace(RECORD, ai_involvement=AiInvolvement("Undeclared"), generation=None)
    write_sidecar(song, tmp_path / "out.ogg", record, IDENTITY)
    found = read_credentials(tmp_path / "out.ogg", ANCHORS)
    assert (found.valid, found.digital_source_type) == (True, None)


@each
def test_tags_of_ogg_files_come_back(song: Path, codec: str) -> None:
    write_tags(song, RECORD)
    found = {one.name: one.text for one in read_credentials(song).tags.statements}
    written = {key: text for key, text in disclosure(RECORD).items() if key != AIGC}
    assert {key: found[key] for key in written} == written


def test_other_files_get_no_sidecar(tmp_path: Path) -> None:
    path = tmp_path / "song.ogg"
    path.write_bytes(b"RIFF....WAVE")
    with pytest.raises(CredentialsError, match="not Ogg"):
        write_sidecar(path, path, RECORD, IDENTITY)
    path.write_bytes(b"OggS" + bytes(40))
    with pytest.raises(CredentialsError):
        write_sidecar(path, path, RECORD, IDENTITY)
    assert not sidecar_of(path).exists()
    with pytest.raises(CredentialsError):
        manifest_id(b"nothing")


def bexts(path: Path) -> list[bytes]:
    return [riff.read_chunk(path, chunk) for chunk in riff.chunks(path) if chunk.id == b"bext"]


def test_broadcasters_find_the_record_in_the_bext_chunk(tmp_path: Path) -> None:
    path = tmp_path / "song.wav"
    encode(music(1, 44_100, 1), 44_100, path, codec="wav")
    write_tags(path, RECORD)
    (data,) = bexts(path)
    assert len(data) == bext.SIZE == 602
    found = bext.read(data)
    assert found is not None
    assert found.description == f"Pie?? | Trackmark record {RECORD.record_id} | AI involvement: All"
    assert (found.originator, found.reference) == ("Test Label", f"TRACKMARK-{RECORD.record_id}")
    assert (found.date, found.time) == ("2026-11-22", "13:00:00")
    assert data[346:348] == b"\x01\x00"  # version, EBU Tech 3285 §2.3
    assert bext.read(data[:-1]) is None


def test_a_broadcasters_own_bext_chunk_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "song.wav"
    encode(music(1, 44_100, 1), 44_100, path, codec="wav")
    own = b"Evening news".ljust(602, b"\0")
    riff.append(path, [(b"bext", own)])
    write_tags(path, RECORD)
    assert bexts(path) == [own]


def test_the_implicit_label_has_the_seven_keys_of_the_standard() -> None:
    label = json.loads(disclosure(RECORD)[AIGC])
    assert list(label) == [
        "Label",
        "ContentProducer",
        "ProduceID",
        "ReservedCode1",
        "ContentPropagator",
        "PropagateID",
        "ReservedCode2",
    ]
