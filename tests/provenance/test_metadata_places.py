"""Wherever a master keeps what it says of itself, it is carried, or named before anything is written."""

import io
import struct
from pathlib import Path

import mutagen
import pytest
import soundfile
from mutagen import id3
from mutagen.apev2 import BINARY, APEv2, APEValue
from mutagen.flac import FLAC, CueSheet, CueSheetTrack, CueSheetTrackIndex, MetadataBlock
from mutagen.id3 import ID3
from mutagen.mp4 import MP4

from core.encode import encode
from provenance.credentials import riff
from tests.provenance.masters import (
    JPEG,
    RATE,
    SUFFIXES,
    carried,
    data_of,
    flac,
    id3_chunk,
    m4a,
    tagged,
    told,
    with_chunks,
    with_frames,
)
from tests.signals import music

BEXT = b"A scene".ljust(256, b"\0") + b"Recorder".ljust(32, b"\0") + b"REF".ljust(32, b"\0")
BEXT += b"2019-01-02" + b"10:00:00" + struct.pack("<QH", 36_000 * RATE, 2) + bytes(64)
BEXT += struct.pack("<5h", -2300, 500, -100, -2000, -2100) + bytes(180) + b"A=PCM,F=44100\r\n\0"
POPM = id3.POPM(email="a@b", rating=200, count=1)


def test_foreign_blocks_and_the_cue_sheet_stay_in_flac_and_are_named_elsewhere(tmp_path: Path) -> None:
    source = flac(tmp_path)
    audio = FLAC(source)
    sheet = CueSheet(None)
    sheet.media_catalog_number = b"1234567890123"
    track = CueSheetTrack(1, 0, b"USRC17607839")
    track.indexes.append(CueSheetTrackIndex(1, 0))
    sheet.tracks = [track, CueSheetTrack(170, 3 * RATE)]
    foreign = MetadataBlock(b"riffbext" + bytes(40))
    foreign.code = 2
    audio.metadata_blocks += [foreign, sheet]
    audio.save()
    assert told(source, ".flac") == ""
    done = FLAC(carried(source, ".flac"))
    assert done.cuesheet is not None and done.cuesheet.write() == sheet.write()
    assert [one.data for one in done.metadata_blocks if one.code == 2] == [foreign.data]
    assert not any(name.upper().startswith("CHAPTER") for name, _ in done.tags), "made of the cue sheet"
    for suffix in (".ogg", ".opus", ".wav", ".mp3", ".m4a"):
        assert "foreign metadata, cue sheet" in told(source, suffix)


def test_an_id3_tag_around_flac_is_heard(tmp_path: Path) -> None:
    source = flac(tmp_path)
    tags = id3.ID3()
    for frame in (id3.TPE2(encoding=3, text=["Only in ID3"]), id3.TPE1(encoding=3, text=["Other"]), POPM):
        tags.add(frame)
    tags.save(source)
    done = FLAC(carried(source, ".flac"))
    assert (done["ALBUMARTIST"], done["ARTIST"]) == (["Only in ID3"], ["The Artist"])
    assert "POPM" in told(source, ".flac") and "ID3 texts ARTIST" in told(source, ".flac")


def test_frames_that_no_reader_knows_or_can_read_are_named(tmp_path: Path) -> None:
    source = tmp_path / "in.mp3"
    encode(music(3.0, RATE), RATE, source, codec="mp3")
    audio = source.read_bytes()

    def frame(name: bytes, data: bytes) -> bytes:
        if len(name) == 3:
            return name + len(data).to_bytes(3, "big") + data
        return name + len(data).to_bytes(4, "big") + b"\0\0" + data

    for version, unknown in ((2, (b"XYZ", b"TP1")), (3, (b"XABC", b"TPE1"))):
        body = frame(unknown[0], b"\0secret") + frame(unknown[1], b"\0Ok")
        if version == 3:
            body += (
                frame(b"APIC", b"\0xx") + frame(b"RVAD", b"\0\x10\0\0\0\0") + frame(b"TYER", b"\0around 1985")
            )
        size = bytes([0, 0, len(body) >> 7, len(body) & 127])
        source.write_bytes(b"ID3" + bytes([version, 0, 0]) + size + body + audio)
        said = told(source, ".mp3")
        for name in [unknown[0].decode(), *(["APIC", "RVAD", "TYER"] if version == 3 else [])]:
            assert name in said, (version, name)
        assert "TP" not in said
        assert mutagen.File(carried(source, ".flac"))["ARTIST"] == ["Ok"]


def test_older_tags_of_an_mp3_are_carried_or_named(tmp_path: Path) -> None:
    source = with_frames(tmp_path / "in.mp3", id3.TPE1(encoding=3, text=["Newer"]))
    ape = APEv2()
    ape["Artist"], ape["Label"], ape["MP3GAIN_UNDO"] = "Older", "A Label", "+001,+001,N"
    ape["Cover Art (Front)"] = APEValue(b"c.jpg\0" + JPEG, BINARY)
    ape.save(source)
    first = b"TAG" + b"T".ljust(30, b"\0") + b"V1".ljust(30, b"\0") + b"An album".ljust(30, b"\0") + b"1999"
    first += b"a comment".ljust(28, b"\0") + b"\0\x05\x11"
    source.write_bytes(source.read_bytes() + b"LYRICSBEGIN" + b"000011LYRICS200" + first)
    said = told(source, ".mp3")
    for name in ("Cover Art (Front)", "ARTIST", "Lyrics3 tag"):
        assert name in said
    done = mutagen.File(carried(source, ".flac"))
    assert (done["ARTIST"], done["ALBUM"], done["LABEL"]) == (["Newer"], ["An album"], ["A Label"])
    assert "mp3gain_undo" not in done, "it speaks of the frames of the former file"


def test_what_speaks_of_a_former_encoding_is_not_carried(tmp_path: Path) -> None:
    gapless = id3.COMM(encoding=3, lang="eng", desc="iTunSMPB", text=[" 00000000 00000210 00000A0C"])
    source = with_frames(tmp_path / "in.mp3", gapless, id3.COMM(encoding=3, lang="eng", text=["mine"]))
    assert [str(one) for one in ID3(carried(source, ".mp3")).getall("COMM")] == ["mine"]
    assert mutagen.File(carried(source, ".flac"))["COMMENT"] == ["mine"]


def test_languages_owners_and_what_chapters_hold_are_named(tmp_path: Path) -> None:
    source = with_frames(
        tmp_path / "in.mp3",
        id3.USLT(encoding=3, lang="eng", desc="", text="hello"),
        id3.USLT(encoding=3, lang="deu", desc="", text="hallo"),
        id3.COMM(encoding=3, lang="eng", desc="catalogue", text=["C 1"]),
        id3.UFID(owner="http://example.com", data=b"1"),
        id3.APIC(encoding=3, mime="image/gif", type=4, desc="back", data=b"GIF89a" + bytes(99)),
        id3.TXXX(encoding=3, desc="Übersetzer", text=["Ö"]),
        id3.CHAP("a", 0, 1000, 0xFFFFFFFF, 0xFFFFFFFF, sub_frames=[id3.WXXX(encoding=3, url="http://x")]),
    )
    for suffix in (".mp3", ".wav"):
        assert told(source, suffix) == ""
        done = ID3(source if suffix == ".mp3" else io.BytesIO(data_of(carried(source, ".wav"), b"id3 ")[0]))
        assert {"USLT::eng", "USLT::deu", "COMM:catalogue:eng", "UFID:http://example.com"} <= set(done.keys())
        assert not any("BERSETZER" in key for key in done), "said twice"
    said = told(source, ".flac")
    for lost in ("UFID", "of lyrics", "of comments", "tag names ÜBERSETZER", "chapters hold"):
        assert lost in said
    assert mutagen.File(carried(source, ".flac"))["LYRICS"] == ["hallo", "hello"]
    assert "neither JPEG nor PNG" in told(source, ".m4a")


def test_a_picture_too_large_for_flac_stops_nothing(tmp_path: Path) -> None:
    large = JPEG + bytes(17 << 20)
    source = with_frames(tmp_path / "in.mp3", id3.APIC(encoding=3, mime="image/jpeg", type=3, data=large))
    assert "more than 16 MB" in told(source, ".flac")
    assert FLAC(carried(source, ".flac")).pictures == []
    assert ID3(carried(source, ".mp3")).getall("APIC")[0].data == large


def test_several_values_long_texts_and_odd_dates_survive(tmp_path: Path) -> None:
    source = tmp_path / "in.ogg"
    encode(music(3.0, RATE), RATE, source, codec="vorbis")
    audio = mutagen.File(source)
    said: dict[str, list[str]] = {
        "ARTIST": ["One", "Two"], "LYRICS": ["one", "two"], "DATE": ["circa 1985"], "COMMENT": ["a", "b"],
        "EMPTY": [""], "NOTES": ["x" * 1_000_000], "CHAPTER001URL": ["http://x"],
    }  # fmt: skip
    audio.update({**said, "CHAPTER001": ["00:00:00.000"], "CHAPTER001NAME": ["C"]})
    audio.save()
    found = mutagen.File(carried(source, ".opus"))
    assert {name: found[name] for name in said} == said
    frames = ID3(carried(source, ".mp3"))
    assert [one.text for one in frames.getall("USLT")] == ["one", "two"]
    assert [str(one) for one in frames.getall("TPE1")[0].text] == ["One", "Two"]
    assert [str(one) for one in frames.getall("TXXX:DATE")] == ["circa 1985"], "cut to what a date can say"


def test_one_broken_chunk_costs_only_itself(tmp_path: Path) -> None:
    broken = (b"id3 ", b"ID3\x04\0\0\x7f\x7f\xff\xffgarbage")
    source = with_chunks(tmp_path / "in.wav", (b"bext", BEXT), broken, (b"huge", bytes(65 << 20)))
    source.write_bytes(source.read_bytes() + b"iXML" + struct.pack("<I", 9999) + b"<BWFXML")
    said = told(source, ".wav")
    for name in ("id3", "huge", "iXML"):
        assert f"chunk {name}" in said
    assert data_of(carried(source, ".wav"), b"bext") == [BEXT]


def test_a_wav_from_a_pipe_keeps_what_stands_before_its_audio(tmp_path: Path) -> None:
    source = with_chunks(tmp_path / "in.wav")
    raw = source.read_bytes()
    at = raw.index(b"data")
    head = raw[8:at] + b"bext" + struct.pack("<I", len(BEXT)) + BEXT
    source.write_bytes(b"RIFF\xff\xff\xff\xff" + head + b"data\xff\xff\xff\xff" + raw[at + 8 :])
    assert told(source, ".wav") == ""
    assert data_of(carried(source, ".wav"), b"bext") == [BEXT]


def test_the_info_of_a_wav_stays_as_it_is(tmp_path: Path) -> None:
    info = [(b"IART", "Künstler".encode("cp1252") + b"\0"), (b"IART", b"Second\0")]
    info += [(b"ISRC", b"An archive\0"), (b"iabc", b"low\0")]
    tag_inside = id3_chunk(id3.TPE1(encoding=3, text=["Inner"]), POPM)
    source = with_chunks(tmp_path / "in.wav", (b"LIST", riff.info_of(info)), (b"id3 ", tag_inside))
    done = carried(source, ".wav", left_out=frozenset({"TITLE", "ISRC"}))
    assert riff.info_of(info) in data_of(done, b"LIST")
    assert set(ID3(io.BytesIO(data_of(done, b"id3 ")[0])).keys()) == {"TPE1", "POPM:a@b"}
    assert told(source, ".wav") == ""
    found = mutagen.File(carried(source, ".flac"))
    assert (found["ARTIST"], found["SOURCE"]) == (["Künstler", "Second"], ["An archive"])
    assert "POPM" in told(source, ".flac") and "second values of ARTIST" in told(source, ".flac")
    assert "POPM:a@b" in ID3(carried(source, ".mp3")), "an MP3 can carry what the WAV's ID3 tag holds"


def test_chunks_of_aiff_caf_and_w64_are_carried_or_named(tmp_path: Path) -> None:
    samples = music(3.0, RATE).T.numpy()
    aiff, caf, w64 = (tmp_path / f"in.{suffix}" for suffix in ("aiff", "caf", "w64"))
    soundfile.write(aiff, samples, RATE, subtype="PCM_16", format="AIFF")

    def chunk(name: bytes, data: bytes) -> bytes:
        return name + struct.pack(">I", len(data)) + data + b"\0" * (len(data) % 2)

    raw = aiff.read_bytes() + chunk(b"AUTH", b"Author") + chunk(b"ANNO", b"n1") + chunk(b"ANNO", b"n2")
    raw += chunk(b"ID3 ", id3_chunk(id3.TALB(encoding=3, text=["Album"]), POPM)) + chunk(b"MARK", b"\0\0")
    raw += chunk(b"APPL", b"stoc")
    aiff.write_bytes(raw[:4] + struct.pack(">I", len(raw) - 8) + raw[8:])
    found = mutagen.File(carried(aiff, ".flac"))
    assert (found["ARTIST"], found["COMMENT"], found["ALBUM"]) == (["Author"], ["n1", "n2"], ["Album"])
    for lost in ("markers", "chunk APPL", "POPM"):
        assert lost in told(aiff, ".flac")
    assert "POPM" not in told(aiff, ".wav")

    soundfile.write(caf, samples, RATE, subtype="PCM_16", format="CAF")
    caf.write_bytes(caf.read_bytes() + b"midi" + struct.pack(">q", 4) + b"MThd")
    assert "chunk midi" in told(caf, ".wav")

    soundfile.write(w64, samples, RATE, subtype="PCM_16", format="W64")
    kind = b"bext" + bytes.fromhex("f3acd3118cd100c04f8edb8a")
    added = kind + struct.pack("<Q", 24 + len(BEXT)) + BEXT
    raw = w64.read_bytes() + added + b"\0" * (-len(added) % 8)
    w64.write_bytes(raw[:16] + struct.pack("<Q", len(raw)) + raw[24:])
    assert data_of(carried(w64, ".wav"), b"bext") == [BEXT]
    assert "bext" in told(w64, ".flac")


def test_metadata_beside_the_atoms_of_mp4_is_named(tmp_path: Path) -> None:
    source = m4a(tmp_path)
    audio = MP4(source)
    audio["----:com.serato.dj:markers"], audio["cpil"] = [b"\xff\xfe"], True
    audio.save()
    xmp = bytes.fromhex("be7acfcb97a942e89c71999491e3afac") + b"<x:xmpmeta/>"
    source.write_bytes(source.read_bytes() + struct.pack(">I", 8 + len(xmp)) + b"uuid" + xmp)
    assert "chunk uuid" in told(source, ".m4a")
    assert "serato" in told(source, ".flac") and "serato" not in told(source, ".m4a")
    assert MP4(carried(source, ".m4a"))["----:com.serato.dj:markers"] == [b"\xff\xfe"]


def test_levels_that_no_longer_fit_are_left_out_and_named(tmp_path: Path) -> None:
    source = tmp_path / "in.wav"
    loud = music(3.0, RATE) / music(3.0, RATE).abs().max() * 1.5
    encode(loud, RATE, source, codec="wav", bits=-32)
    gain = id3.RVA2(desc="track", channel=1, gain=-3, peak=0.9)
    riff.append(source, [(b"bext", BEXT), (b"id3 ", id3_chunk(gain, POPM))])
    done = tagged(source, ".wav")
    assert any("loudness" in text for text in done.warnings)
    bext = data_of(done.path, b"bext")[0]
    assert struct.unpack("<5h", bext[412:422]) == (0x7FFF,) * 5
    assert (bext[:412], bext[422:]) == (BEXT[:412], BEXT[422:])
    assert set(ID3(io.BytesIO(data_of(done.path, b"id3 ")[0])).keys()) == {"POPM:a@b"}
    quiet = with_chunks(tmp_path / "quiet.wav", (b"bext", BEXT))
    (tmp_path / "out.wav").unlink()
    assert data_of(tagged(quiet, ".wav").path, b"bext") == [BEXT]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_statements_on_ai_are_not_replaced_in_silence(suffix: str, tmp_path: Path) -> None:
    label = '{"Label":"1","ContentProducer":"Another"}'
    frames = [id3.TXXX(encoding=3, desc=n, text=[t]) for n, t in (("AIGC", label), ("AI_SYSTEM", "Another"))]
    source = with_frames(tmp_path / "in.mp3", *frames)
    assert "own statements on AI (AIGC, AI_SYSTEM)" in told(source, suffix)
    assert "AIGC" in told(with_chunks(tmp_path / "in.wav", (b"AIGC", label.encode())), suffix)
