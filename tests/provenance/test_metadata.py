"""What a master says of itself survives tagging, in its own format and in others, or is named as lost."""

import io
import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

import mutagen
import pytest
import soundfile
import torch
from mutagen import id3
from mutagen.apev2 import BINARY, APEv2, APEValue
from mutagen.flac import FLAC, CueSheet, CueSheetTrack, CueSheetTrackIndex, MetadataBlock, Picture
from mutagen.id3 import ID3
from mutagen.mp4 import MP4, MP4Cover

from core.decode import decode
from core.encode import encode
from core.errors import EncodeError
from provenance.credentials import read_credentials, riff
from provenance.declaration import Declaration
from provenance.formats import CODECS
from provenance.metadata import carrying
from provenance.tag import Tagged, tag
from tests.provenance.test_tag import IDENTITY, Ledger, Remembering
from tests.signals import music

RATE = 44_100
JPEG = b"\xff\xd8\xff\xe0\0\x10JFIF" + bytes(2000)
CHAPTERS = ((0.0, 1.5, "Intro"), (1.5, 3.0, "Verse"))
SUFFIXES = (".wav", ".flac", ".mp3", ".m4a", ".ogg", ".opus")


def tagged(source: Path, suffix: str, **options: Any) -> Tagged:
    out = source.with_name(f"out{suffix}")
    done = tag(source, out, Declaration("New", "L"), ledger=Ledger(), marker=Remembering(), **options)
    found = read_credentials(out, [IDENTITY.trust_anchor])
    assert found.content_bound and found.trusted, "the tags were written after the signature"
    return done


def mp3(folder: Path) -> Path:
    path = folder / "in.mp3"
    encode(music(3.0, RATE), RATE, path, codec="mp3")
    frames = id3.ID3()
    for frame in (
        id3.TPE1(encoding=3, text=["The Artist"]),
        id3.TIT2(encoding=3, text=["Old"]),
        id3.TRCK(encoding=3, text=["3/10"]),
        id3.TSRC(encoding=3, text=["USRC17607839"]),
        id3.USLT(encoding=3, lang="eng", desc="", text="la la"),
        id3.TXXX(encoding=3, desc="REPLAYGAIN_TRACK_GAIN", text=["-6.20 dB"]),
        id3.UFID(owner="http://musicbrainz.org", data=b"b1a9c0e9"),
        id3.POPM(email="a@b", rating=200, count=1),
        id3.APIC(encoding=3, mime="image/jpeg", type=3, desc="", data=JPEG),
        id3.CTOC(element_id="toc", flags=3, child_element_ids=["a", "b"], sub_frames=[]),
    ):
        frames.add(frame)
    for name, (start, end, title) in zip("ab", CHAPTERS, strict=True):
        title_frame = id3.TIT2(encoding=3, text=[title])
        times = {"start_time": int(1000 * start), "end_time": int(1000 * end)}
        frames.add(
            id3.CHAP(
                name,
                **times,
                start_offset=-1 & 0xFFFFFFFF,
                end_offset=-1 & 0xFFFFFFFF,
                sub_frames=[title_frame],
            )
        )
    frames.save(path, v2_version=3)
    ape = APEv2()
    ape["Label"] = "A Label"
    ape.save(path)
    return path


def flac(folder: Path) -> Path:
    path = folder / "in.flac"
    encode(music(3.0, RATE), RATE, path, codec="flac", bits=16)
    audio = FLAC(path)
    audio.update({
        "ARTIST": ["The Artist"], "TITLE": ["Old"], "TRACKNUMBER": ["3/10"], "ISRC": ["USRC17607839"],
        "LYRICS": ["la la"], "REPLAYGAIN_TRACK_GAIN": ["-6.20 dB"], "LABEL": ["A Label"],
        "MUSICBRAINZ_TRACKID": ["b1a9c0e9"],
    })  # fmt: skip
    cover = Picture()
    cover.data, cover.mime, cover.type = JPEG, "image/jpeg", 3
    audio.add_picture(cover)
    audio.save()
    return path


def m4a(folder: Path) -> Path:
    path = folder / "in.m4a"
    encode(music(3.0, RATE), RATE, path, codec="aac", chapters=CHAPTERS)
    audio = MP4(path)
    audio["\xa9ART"], audio["\xa9nam"], audio["trkn"], audio["\xa9lyr"] = (
        ["The Artist"],
        ["Old"],
        [(3, 10)],
        ["la la"],
    )
    free = {"ISRC": "USRC17607839", "REPLAYGAIN_TRACK_GAIN": "-6.20 dB", "LABEL": "A Label"}
    for name, text in {**free, "MUSICBRAINZ_TRACKID": "b1a9c0e9"}.items():
        audio[f"----:com.apple.iTunes:{name}"] = [text.encode()]
    audio["covr"] = [MP4Cover(JPEG, 13)]
    audio.save()
    return path


def heard(path: Path) -> tuple[dict[str, str], list[bytes]]:
    """Tags and pictures of a tagged file under common names, read by mutagen alone."""
    if path.suffix == ".wav":
        found: Any = next(riff.id3(riff.read_chunk(path, c)) for c in riff.chunks(path) if c.id == b"id3 ")
    else:
        found = mutagen.File(path)
    if path.suffix in (".wav", ".mp3"):
        tags = found if path.suffix == ".wav" else found.tags
        names = {"TPE1": "ARTIST", "TRCK": "TRACKNUMBER", "TSRC": "ISRC", "TPUB": "LABEL"}
        texts = {name: str(tags[frame].text[0]) for frame, name in names.items() if frame in tags}
        texts |= {f.desc.upper(): str(f.text[0]) for f in tags.getall("TXXX")}
        if tags.getall("USLT"):
            texts["LYRICS"] = tags.getall("USLT")[0].text
        if tags.getall("UFID"):
            texts["MUSICBRAINZ_TRACKID"] = tags.getall("UFID")[0].data.decode()
        return texts, [f.data for f in tags.getall("APIC")]
    if path.suffix == ".m4a":
        texts = {
            k.rpartition(":")[2].upper(): bytes(v[0]).decode() for k, v in found.tags.items() if k[0] == "-"
        }
        at, of = found["trkn"][0]
        return {
            **texts,
            "ARTIST": found["\xa9ART"][0],
            "LYRICS": found["\xa9lyr"][0],
            "TRACKNUMBER": f"{at}/{of}",
        }, [bytes(one) for one in found["covr"]]
    texts = {key.upper(): str(value[0]) for key, value in found.tags.as_dict().items()}
    if path.suffix == ".flac":
        return texts, [one.data for one in found.pictures]
    import base64

    return texts, [Picture(base64.b64decode(texts["METADATA_BLOCK_PICTURE"])).data]


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("make", [mp3, flac, m4a])
def test_tags_cover_and_chapters_survive(make: Any, suffix: str, tmp_path: Path) -> None:
    source = make(tmp_path)
    before = source.read_bytes()
    done = tagged(source, suffix)
    assert source.read_bytes() == before
    texts, pictures = heard(done.path)
    for name, text in {
        "ARTIST": "The Artist",
        "TRACKNUMBER": "3/10",
        "ISRC": "USRC17607839",
        "LYRICS": "la la",
        "REPLAYGAIN_TRACK_GAIN": "-6.20 dB",
        "LABEL": "A Label",
        "MUSICBRAINZ_TRACKID": "b1a9c0e9",
    }.items():
        assert texts.get(name) == text, name
    assert pictures == [JPEG]
    if make is not flac:
        chapters = decode(done.path).source.chapters
        assert [title for _, _, title in chapters] == ["Intro", "Verse"]
        assert [start for start, _, _ in chapters] == pytest.approx([0.0, 1.5], abs=0.01)
    if make is mp3:
        assert any("POPM" in text for text in done.warnings) == (suffix not in (".mp3", ".wav"))


def wav(folder: Path) -> Path:
    path = folder / "in.wav"
    encode(music(3.0, RATE), RATE, path, codec="wav", bits=16)
    bext = b"A scene".ljust(256, b"\0") + b"Recorder".ljust(32, b"\0") + b"REF".ljust(32, b"\0")
    bext += b"2019-01-02" + b"10:00:00" + struct.pack("<QH", 36_000 * RATE, 1)
    cue = struct.pack("<IIIIIII", 1, 1, 0, int.from_bytes(b"data", "little"), 0, 0, RATE)
    chunks = [
        (b"bext", bext.ljust(602, b"\0")),
        (b"iXML", b"<BWFXML/>"),
        (b"cue ", cue),
        (b"LIST", b"adtllabl\x0a\0\0\0\x01\0\0\0Verse\0"),
        (b"smpl", bytes(36)),
        (b"LIST", riff.info_list({b"IART": "The Artist", b"IENG": "An Engineer", b"INAM": "Old"})),
    ]
    riff.append(path, chunks)
    return path


def test_the_chunks_of_a_broadcast_wav_survive(tmp_path: Path) -> None:
    source = wav(tmp_path)
    done = tagged(source, ".wav")
    assert done.warnings == ()

    def data(path: Path, name: bytes) -> list[bytes]:
        return [riff.read_chunk(path, chunk) for chunk in riff.chunks(path) if chunk.id == name]

    for name in (b"bext", b"iXML", b"cue ", b"smpl"):
        assert data(done.path, name) == data(source, name)
    assert next(one for one in data(source, b"LIST") if one[:4] == b"adtl") in data(done.path, b"LIST")
    info: dict[bytes, str] = {}
    for one in data(done.path, b"LIST"):
        info |= riff.read_info(one)
    assert (info[b"IART"], info[b"IENG"], info[b"INAM"]) == ("The Artist", "An Engineer", "New")
    assert decode(done.path).source.bits == 16


def test_what_another_format_cannot_carry_is_named_before_anything_is_written(tmp_path: Path) -> None:
    source = wav(tmp_path)
    told: list[str] = []

    def warn(text: str) -> None:
        assert not list(tmp_path.glob("out*"))
        assert not list(tmp_path.glob(".trackmark*"))
        told.append(text)

    done = tagged(source, ".flac", warn=warn)
    assert all(text in done.warnings for text in told)
    for lost in ("bext", "iXML", "cue points", "sampler loops"):
        assert any(lost in text for text in told), lost


def test_broken_tags_stop_nothing_and_are_named(tmp_path: Path) -> None:
    source = tmp_path / "in.flac"
    encode(music(3.0, RATE), RATE, source, codec="flac")
    data = bytearray(source.read_bytes())
    place = data.index(b"reference") if b"reference" in data else data.index(b"Lavf")
    data[place - 4 : place] = b"\xff\xff\xff\x7f"
    source.write_bytes(data)
    assert any("cannot be read" in text for text in tagged(source, ".wav").warnings)


@pytest.mark.parametrize("times", [1.6, 100.0])
@pytest.mark.parametrize("suffix", [".wav", ".flac", ".mp3"])
def test_nothing_beyond_full_scale_is_clipped_in_silence(times: float, suffix: str, tmp_path: Path) -> None:
    source = tmp_path / "in.wav"
    loud = music(3.0, RATE) / music(3.0, RATE).abs().max() * times
    encode(loud, RATE, source, codec="wav", bits=-32)
    done = tagged(source, suffix)
    assert any("turned down by" in text for text in done.warnings)
    if suffix != ".mp3":
        out = decode(done.path).wav
        assert torch.allclose(out / out.abs().max(), loud / loud.abs().max(), atol=0.003)
        assert int((out.abs() >= 0.99999).sum()) < 5, "flat tops"


def test_depth_and_layout_are_kept(tmp_path: Path) -> None:
    source = tmp_path / "in.flac"
    encode(
        torch.cat([music(3.0, RATE), music(3.0, RATE, 2)[:1]]),
        RATE,
        source,
        codec="flac",
        bits=16,
        layout="3.0",
    )
    for suffix in (".wav", ".flac", ".m4a"):
        done = tagged(source, suffix)
        clip = decode(done.path)
        assert (clip.layout, clip.source.bits) == ("3.0", None if suffix == ".m4a" else 16)
    with pytest.raises(EncodeError, match="mp3"):
        tagged(source, ".mp3")


def test_an_output_is_not_replaced_unasked(tmp_path: Path) -> None:
    source = flac(tmp_path)
    options: dict[str, Any] = {"ledger": Ledger(), "marker": Remembering()}
    (tmp_path / "there.wav").write_bytes(b"precious")
    for out in (source, tmp_path / "there.wav"):
        before = out.read_bytes()
        with pytest.raises(EncodeError, match="--force"):
            tag(source, out, Declaration("T", "L"), **options)
        assert out.read_bytes() == before
    tag(source, tmp_path / "there.wav", Declaration("T", "L"), overwrite=True, **options)
    assert decode(tmp_path / "there.wav").duration_s == pytest.approx(3.0)


def test_two_files_of_one_name_have_credentials_each(tmp_path: Path) -> None:
    source = flac(tmp_path)
    outs = [tmp_path / name for name in ("song.ogg", "song.opus", "song.oga") if not name.endswith("oga")]
    made = [tag(source, o, Declaration("T", "L"), ledger=Ledger(), marker=Remembering()) for o in outs]
    for done in made:
        found = read_credentials(done.path, [IDENTITY.trust_anchor])
        assert (found.content_bound, found.record_id) == (True, done.record_id)


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".mp3", ".m4a"])
def test_damaged_credentials_of_the_source_are_left_out_and_named(suffix: str, tmp_path: Path) -> None:
    first = tagged(flac(tmp_path), suffix).path
    data = bytearray(first.read_bytes())
    place = data.index(b"c2pa.claim") + 40
    data[place : place + 340] = bytes(340)
    source = tmp_path / f"again{suffix}"
    source.write_bytes(data)
    first.unlink()
    done = tagged(source, suffix)
    assert any("credentials" in text for text in done.warnings)


def told(source: Path, suffix: str) -> str:
    """What is said of a source before it is tagged, in one text."""
    return " | ".join(carrying.read(source, decode(source).source).lost(suffix))


def carried(source: Path, suffix: str, **changes: Any) -> Path:
    """A file of another format with the source's tags, without marking or credentials."""
    out, found = source.with_name(f"carried{suffix}"), carrying.read(source, decode(source).source)
    encode(music(3.0, RATE), RATE, out, codec=CODECS[suffix][0], chapters=found.chapters)
    carrying.carry(out, replace(found, **changes))
    return out


def with_frames(path: Path, *frames: Any) -> Path:
    """An MP3 file with these ID3 frames."""
    encode(music(3.0, RATE), RATE, path, codec="mp3")
    tags = id3.ID3()
    for frame in frames:
        tags.add(frame)
    tags.save(path)
    return path


def with_chunks(path: Path, *chunks: tuple[bytes, bytes]) -> Path:
    """A WAV file with these chunks behind its audio."""
    encode(music(3.0, RATE), RATE, path, codec="wav", bits=16)
    riff.append(path, list(chunks))
    return path


def data_of(path: Path, name: bytes) -> list[bytes]:
    return [riff.read_chunk(path, one) for one in riff.chunks(path) if one.id == name]


def id3_chunk(*frames: Any) -> bytes:
    tags, buffer = id3.ID3(), io.BytesIO()
    for frame in frames:
        tags.add(frame)
    tags.save(buffer)
    return buffer.getvalue()


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
