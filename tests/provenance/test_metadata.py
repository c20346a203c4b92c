"""What a master says of itself survives tagging, in its own format and in others, or is named as lost."""

import struct
from pathlib import Path
from typing import Any

import mutagen
import pytest
import torch
from mutagen import id3
from mutagen.apev2 import APEv2
from mutagen.flac import FLAC, Picture
from mutagen.mp4 import MP4, MP4Cover

from core.decode import decode
from core.encode import encode
from core.errors import EncodeError
from provenance.credentials import read_credentials, riff
from provenance.declaration import Declaration
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
    if make is mp3 and suffix != ".mp3":
        assert any("POPM" in warning for warning in done.warnings)


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
