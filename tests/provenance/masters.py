"""Masters of several formats that say much of themselves, and what is read of a file again."""

import io
import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

import mutagen
from mutagen import id3
from mutagen.apev2 import APEv2
from mutagen.flac import FLAC, Picture
from mutagen.mp4 import MP4, MP4Cover

from core.decode import decode
from core.encode import encode
from core.limits import DEFAULT_LIMITS
from provenance.credentials import read_credentials, riff
from provenance.declaration import Declaration
from provenance.formats import CODECS
from provenance.metadata import carrying
from provenance.preparation import prepare
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


def told(source: Path, suffix: str) -> str:
    """What is said of a source before it is tagged, in one text."""
    out = source.with_name(f"out{suffix}")
    return " | ".join(prepare(source, out, CODECS[suffix][0], Declaration("T", "L"), DEFAULT_LIMITS).warnings)


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
