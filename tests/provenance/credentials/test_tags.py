"""Disclosure tags: the same statement in four spellings, and files whose structure lies."""

import dataclasses
import json
import struct
from pathlib import Path

import av
import pytest
from mutagen.id3 import ID3, TPE1

from core.encode import encode
from core.errors import CredentialsError
from provenance.credentials import riff
from provenance.credentials.containers import FLAC, M4A, MP3, WAV, sniff
from provenance.credentials.own_tags import heard
from provenance.credentials.tag_reading import texts
from provenance.credentials.tags import disclosure, write_tags
from provenance.records.involvement import AiInvolvement, RoleInvolvement
from tests.signals import music

from .signing import CODECS, RECORD

each = pytest.mark.parametrize("name", CODECS)


def read_tags(path: Path) -> dict[str, str]:
    """The tags of a file of our own making, in this process."""
    with path.open("rb") as file:
        return dict(heard(texts(file, path.name)))


@pytest.fixture
def song(tmp_path: Path, name: str) -> Path:
    path = tmp_path / f"song.{name}"
    encode(music(1, 44_100, 1), 44_100, path, codec=CODECS[name])
    return path


@each
def test_tags_come_back_as_they_were_written(song: Path, name: str) -> None:
    write_tags(song, RECORD)
    found = read_tags(song)
    for key, value in disclosure(RECORD).items():
        assert found[key] == value


@each
def test_ordinary_players_see_title_and_isrc(song: Path, name: str) -> None:
    write_tags(song, RECORD)
    with av.open(str(song)) as container:
        tags = {key.lower(): value for key, value in container.metadata.items()}
    assert tags["title"] == "Pieśń"
    assert "USRC17607839" in tags.values()


@each
def test_the_last_statement_counts(song: Path, name: str) -> None:
    write_tags(song, dataclasses.replace(RECORD, record_id="ff" * 8))
    write_tags(song, RECORD)
    assert read_tags(song)["TRACKMARK_RECORD"] == RECORD.record_id


def test_the_disclosure_names_what_the_law_asks_for() -> None:
    tags = disclosure(RECORD)
    assert tags["AI_PROVIDER"] == "Meta"
    assert (tags["AI_SYSTEM"], tags["AI_SYSTEM_VERSION"]) == ("MusicGen", "1.3")
    assert tags["AI_CREATED_OR_ALTERED"] == "created"
    assert tags["DISCLOSURE_TIME"] == "2026-11-22T13:00:00Z"
    label = json.loads(tags["AIGC"])
    assert (label["Label"], label["ContentProducer"]) == ("1", "Meta")
    assert (label["ProduceID"], label["ReservedCode1"]) == (RECORD.record_id, RECORD.digest())


def test_human_music_gets_no_machine_label() -> None:
    roles = AiInvolvement("None", vocals=RoleInvolvement("None", "declared"))
    tags = disclosure(dataclasses.replace(RECORD, ai_involvement=roles, generation=None))
    assert "AIGC" not in tags
    assert (tags["AI_INVOLVEMENT"], tags["AI_VOCALS"]) == ("None", "None")


def test_foreign_tags_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "song.mp3"
    encode(music(1, 44_100, 1), 44_100, path, codec="mp3")
    tags = ID3(path)
    tags.add(TPE1(encoding=3, text=["An Artist"]))
    tags.save(path)
    write_tags(path, RECORD)
    assert ID3(path)["TPE1"].text == ["An Artist"]


def test_wav_carries_the_label_as_its_own_chunk_behind_the_audio(tmp_path: Path) -> None:
    path = tmp_path / "song.wav"
    encode(music(1, 44_100, 1), 44_100, path, codec="wav")
    before = path.read_bytes()
    write_tags(path, RECORD)
    after = path.read_bytes()
    assert after[8 : len(before)] == before[8:]
    assert struct.unpack("<I", after[4:8])[0] == len(after) - 8
    found = {chunk.id: chunk for chunk in riff.chunks(path)}
    assert json.loads(riff.read_chunk(path, found[b"AIGC"]))["Label"] == "1"
    info = riff.read_info(riff.read_chunk(path, [c for c in riff.chunks(path) if c.id == b"LIST"][-1]))
    assert info[b"INAM"] == "Pieśń"


def wave(*chunks: tuple[bytes, int, bytes]) -> bytes:
    body = b"WAVE" + b"".join(name + struct.pack("<I", size) + data for name, size, data in chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"RIFF",
        b"RF64" + bytes(40),
        wave((b"data", 1000, b"1234")),
        wave((b"data", 0xFFFFFFFF, b"1234")),
        wave(*[(b"junk", 0, b"")] * 1001),
    ],
)
def test_lying_wav_files_are_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "liar.wav"
    path.write_bytes(data)
    with pytest.raises(CredentialsError):
        riff.append(path, [(b"test", b"1")])
    with pytest.raises(CredentialsError):
        write_tags(path, RECORD)
    assert path.read_bytes() == data


def test_an_odd_file_is_padded_before_something_is_appended(tmp_path: Path) -> None:
    path = tmp_path / "odd.wav"
    path.write_bytes(wave((b"data", 3, b"123")))
    riff.append(path, [(b"test", b"abc"), (b"more", b"defg")])
    assert [(c.id, riff.read_chunk(path, c)) for c in riff.chunks(path)] == [
        (b"data", b"123"),
        (b"test", b"abc"),
        (b"more", b"defg"),
    ]


def test_a_metadata_chunk_may_not_be_huge(tmp_path: Path) -> None:
    path = tmp_path / "big.wav"
    path.write_bytes(wave((b"AIGC", 65 << 20, bytes(65 << 20))))
    with pytest.raises(CredentialsError, match="larger than"):
        read_tags(path)


def test_first_bytes_decide_the_container(tmp_path: Path) -> None:
    cases = {
        wave((b"data", 0, b"")): WAV,
        b"fLaC": FLAC,
        b"ID3\x04\x00\x00\x00\x00\x00\x02\0\0fLaC": FLAC,
        b"ID3\x04\x00\x00\x00\x00\x00\x02\0\0\xff\xfb": MP3,
        b"\xff\xfb\x90\x00": MP3,
        b"\xff\xf1\x50\x80": None,  # ADTS, raw AAC: layer bits are zero
        b"\x00\x00\x00\x18ftypM4A \0\0": M4A,
        b"\x00\x00\x00\x18ftypavif\0\0": None,
        b"OggS": None,
        b"": None,
    }
    path = tmp_path / "renamed.wav"
    for data, container in cases.items():
        path.write_bytes(data)
        assert sniff(path) == container
