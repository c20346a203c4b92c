"""What a master states of its loudness or samples is changed, left out or named where it no longer fits."""

import struct
from pathlib import Path

import pytest
from mutagen import id3

from core.encode import encode
from provenance.credentials import riff
from provenance.metadata import levels
from tests.provenance.masters import RATE, data_of, heard, id3_chunk, m4a, tagged, told, with_chunks
from tests.signals import music

SCENE = "<SCENE>4 loudness</SCENE>"
PEAK = "<BWF_MAX_TRUE_PEAK_LEVEL>1.1</BWF_MAX_TRUE_PEAK_LEVEL>"
VALUES = f"<BWF_LOUDNESS_VALUE>-14.20</BWF_LOUDNESS_VALUE>{PEAK}"
IXML = f"<BWFXML><BEXT><BWF_ORIGINATOR>A</BWF_ORIGINATOR>{VALUES}</BEXT></BWFXML>"
INNER = "<integratedLoudness>-14</integratedLoudness>"
ADM = f"<audioProgramme><a:loudnessMetadata x='1'>{INNER}</a:loudnessMetadata><b/></audioProgramme>"


def loud(path: Path, *chunks: tuple[bytes, bytes]) -> Path:
    wav = music(3.0, RATE)
    encode(wav / wav.abs().max() * 1.5, RATE, path, codec="wav", bits=-32)
    riff.append(path, list(chunks))
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_loudness_in_xml_is_left_out_where_the_sound_is_turned_down(encoding: str, tmp_path: Path) -> None:
    chunks = [(b"iXML", IXML.encode(encoding)), (b"axml", ADM.encode(encoding)), (b"levl", bytes(128))]
    done = tagged(loud(tmp_path / "in.wav", *chunks), ".wav")
    assert any("loudness figures no longer fit and are left out" in text for text in done.warnings)
    assert data_of(done.path, b"iXML")[0].decode(encoding) == IXML.replace(VALUES, "")
    assert data_of(done.path, b"axml")[0].decode(encoding) == "<audioProgramme><b/></audioProgramme>"
    assert data_of(done.path, b"levl") == []
    (tmp_path / "out.wav").unlink()
    kept = tagged(with_chunks(tmp_path / "quiet.wav", *chunks), ".wav")
    assert [data_of(kept.path, kind) for kind, _ in chunks] == [[data] for _, data in chunks]


def test_chunks_that_may_state_loudness_in_other_words_are_named(tmp_path: Path) -> None:
    chunks = [(b"dbmd", b"\1\2"), (b"iXML", f"<BWFXML>{SCENE}</BWFXML>".encode())]
    source = loud(tmp_path / "in.wav", *chunks)
    assert "its chunk dbmd, chunk iXML may state loudness that no longer fits" in told(source, ".wav")
    out = tagged(source, ".wav").path
    assert [data_of(out, kind) for kind, _ in chunks] == [[data] for _, data in chunks]
    assert "may state" not in told(with_chunks(tmp_path / "quiet.wav", *chunks), ".wav")


@pytest.mark.parametrize(
    "xml", ["<loudnessMetadata>", "</loudnessMetadata>", "<loudnessMetadata><loudnessMetadata>" * 3, "\xff<"]
)
def test_xml_that_does_not_hold_stays_as_it_is(xml: str) -> None:
    assert levels.without(b"axml", xml.encode("latin-1")) == xml.encode("latin-1")
    assert levels.may_state(b"axml", xml.encode("latin-1")) == ("loudness" in xml)


def test_names_of_other_tools_are_known(tmp_path: Path) -> None:
    source = loud(tmp_path / "in.wav", (b"id3 ", id3_chunk(*(
        id3.TXXX(encoding=3, desc=name, text=["-14.2"])
        for name in ("Integrated Loudness", "LUFS", "TRUE_PEAK", "BARCODE")
    ))))  # fmt: skip
    assert set(heard(tagged(source, ".flac").path)[0]) & {"INTEGRATED LOUDNESS", "LUFS", "TRUE_PEAK"} == set()
    assert heard(tmp_path / "out.flac")[0]["BARCODE"] == "-14.2"


def test_a_checksum_of_the_unmarked_samples_is_left_out_and_named(tmp_path: Path) -> None:
    source = with_chunks(tmp_path / "in.wav", (b"MD5 ", bytes(16)))
    assert "checksum of its audio (MD5)" in told(source, ".wav")
    assert data_of(tagged(source, ".wav").path, b"MD5 ") == []


def test_user_data_of_an_mp4_file_is_named(tmp_path: Path) -> None:
    source = m4a(tmp_path)
    assert "chunk" not in told(source, ".m4a")
    data, box = source.read_bytes(), struct.pack(">I", 12) + b"ludt" + bytes(4)
    moov = data.index(b"moov") - 4
    udta = data.index(b"udta", moov) - 4
    assert moov > data.index(b"mdat"), "the audio would move"
    for place in (udta, moov):
        size = int.from_bytes(data[place : place + 4], "big") + len(box)
        data = data[:place] + struct.pack(">I", size) + data[place + 4 :]
    end = udta + int.from_bytes(data[udta : udta + 4], "big") - len(box)
    source.write_bytes(data[:end] + box + data[end:])
    assert "chunk ludt" in told(source, ".m4a")
