"""Read what a source says of itself. The bytes are a stranger's; mutagen reads them."""

import base64
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, BinaryIO

import mutagen
from mutagen import flac
from mutagen.apev2 import APENoHeaderError, APEv2
from mutagen.flac import FLAC
from mutagen.id3 import ID3, ID3FileType
from mutagen.mp4 import MP4

from core.errors import CredentialsError
from provenance.credentials import riff
from provenance.metadata import kept
from provenance.metadata.kept import Kept, Picture, Told, carried

MAX_BYTES = 64 << 20
"""Tags beyond are not taken into memory."""

_FRAMES_LEFT = ("TSSE", "MLLT", "SEEK", "ASPI", "TLEN", "ENCR", "GRID", "SIGN")
_CHUNKS_LEFT = {b"fmt ", b"data", b"fact", b"ds64", b"JUNK", b"PAD ", b"FLLR", b"junk", b"C2PA", b"AIGC",
                b"PEAK", b"peak"}  # fmt: skip
_BESIDE = {b"MARK\0\0": "markers", b"INST\0\0": "instrument", b"mark\0\0\0\0": "markers"}
_CHUNK_NAMES = {
    b"cue ": "cue points",
    b"smpl": "sampler loops",
    b"LIST": "labels",
    b"bext": "broadcast extension (bext)",
}


def read(file: BinaryIO, source: Told) -> Kept:
    """What a file says of itself; never fails: what cannot be read is named in `Kept.unreadable`.

    Args:
        file: the source, open.
        source: what decoding it told, for the chapters.
    """
    chapters = source.chapters
    try:
        if _head(file) in (b"RIFF", b"RF64", b"BW64"):
            return _riff(file, source.name, chapters)
        found: Any = mutagen.File(file)
        if isinstance(found, MP4):
            return _mp4(found, chapters)
        if found is not None and (isinstance(found, ID3FileType) or isinstance(found.tags, ID3)):
            return _others(_id3(found.tags or (), chapters, _ape(file)), file, source)
        if found is not None and hasattr(found.tags, "as_dict"):
            return _vorbis(found, chapters)
        if found is not None and found.tags:
            return Kept(None, _ape_texts(found.tags), chapters=chapters)
    except Exception as error:  # mutagen raises many kinds of errors on hostile bytes
        return Kept(
            chapters=chapters, unreadable=f"the source's tags cannot be read and are left out: {error}"[:200]
        )
    return _others(Kept(chapters=chapters), file, source)


def _head(file: BinaryIO) -> bytes:
    head = file.read(4)
    file.seek(0)
    return head


def _others(found: Kept, file: BinaryIO, source: Told) -> Kept:
    """With what the demuxer tells where nothing else reads the tags, and what AIFF and CAF hold beside."""
    names = {"ALBUM_ARTIST": "ALBUMARTIST", "TRACK": "TRACKNUMBER", "DISC": "DISCNUMBER", "AUTHOR": "ARTIST"}
    technical = {"LANGUAGE", "HANDLER_NAME", "VENDOR_ID", "DURATION", "CREATION_TIME", "MAJOR_BRAND",
                 "MINOR_VERSION", "COMPATIBLE_BRANDS", "TITLE"}  # fmt: skip
    told = {} if found.family else _texts((name.upper(), text) for name, text in source.tags)
    told = {names.get(name, name): texts for name, texts in told.items() if name not in technical}
    beside: list[str] = []
    if source.container in ("aiff", "caf"):
        file.seek(0)
        data = file.read(1 << 20) + _tail(file)
        beside = [text for name, text in _BESIDE.items() if name in data]
    return replace(found, texts={**told, **found.texts}, elsewhere=(*found.elsewhere, *beside))


def _tail(file: Any) -> bytes:
    file.seek(max(0, file.seek(0, 2) - (1 << 20)))
    return bytes(file.read())


def _texts(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    texts: dict[str, list[str]] = {}
    for name, text in pairs:
        key = "".join(c for c in name.upper() if 0x20 <= ord(c) < 0x7E and c != "=")
        if key and carried(key) and text:
            texts.setdefault(key, []).append(text)
    return texts


def _id3(tags: Any, chapters: tuple[kept.Chapter, ...], ape: dict[str, list[str]]) -> Kept:
    frames = [frame for frame in (tags.values() if tags else ()) if _belongs(frame)]
    pairs = [(name, text) for frame in frames for name, text in _frame_texts(frame)]
    pictures = tuple(
        Picture(f.mime, bytes(f.data), int(f.type), str(f.desc)) for f in frames if f.FrameID == "APIC"
    )
    told = {"TXXX", "COMM", "USLT", "APIC", "CHAP", "CTOC", "UFID", *kept.ID3}
    others = sorted({f.FrameID for f in frames} - told)
    texts = _texts(pairs)
    texts |= {name: values for name, values in ape.items() if name not in texts}
    elsewhere = (f"ID3 frames {', '.join(others)}",) if others else ()
    return Kept("id3", texts, pictures, chapters, frames, elsewhere)


def _belongs(frame: Any) -> bool:
    if frame.FrameID == "GEOB":
        return "c2pa" not in str(frame.mime)
    if frame.FrameID == "TXXX":
        return carried(str(frame.desc).upper())
    return frame.FrameID not in _FRAMES_LEFT


def _frame_texts(frame: Any) -> list[tuple[str, str]]:
    if frame.FrameID == "USLT":
        return [("LYRICS", str(frame.text))]
    if frame.FrameID == "UFID":
        return (
            [("MUSICBRAINZ_TRACKID", frame.data.decode("ascii", "replace"))]
            if "musicbrainz" in frame.owner
            else []
        )
    name = {"TXXX": str(getattr(frame, "desc", "")), "COMM": "COMMENT"}.get(
        frame.FrameID, kept.ID3.get(frame.FrameID)
    )
    return [(name, str(text)) for text in frame.text] if name and hasattr(frame, "text") else []


def _ape(file: BinaryIO) -> dict[str, list[str]]:
    try:
        file.seek(0)
        return _ape_texts(APEv2(file))
    except APENoHeaderError:
        return {}


def _ape_texts(tags: Any) -> dict[str, list[str]]:
    renamed = {"TRACK": "TRACKNUMBER", "DISC": "DISCNUMBER", "YEAR": "DATE", "ALBUM ARTIST": "ALBUMARTIST"}
    pairs = [(key.upper(), str(one)) for key, value in tags.items() if value.kind == 0 for one in value]
    return _texts((renamed.get(key, key), text) for key, text in pairs)


def _vorbis(found: Any, chapters: tuple[kept.Chapter, ...]) -> Kept:
    pairs = [(str(key), str(text)) for key, text in found.tags]
    pictures = [_picture(one) for one in found.pictures] if isinstance(found, FLAC) else []
    for key, text in pairs:
        if key.upper() == "METADATA_BLOCK_PICTURE":
            pictures.append(_picture(flac.Picture(base64.b64decode(text))))
    elsewhere = ("cue sheet",) if isinstance(found, FLAC) and found.cuesheet is not None else ()
    native = [found.cuesheet] if elsewhere else []
    texts = _texts(pairs)
    if chapters:
        texts = {key: values for key, values in texts.items() if not key.startswith("CHAPTER")}
    return Kept("vorbis", texts, tuple(pictures), chapters, native, elsewhere)


def _picture(one: Any) -> Picture:
    return Picture(one.mime, bytes(one.data), int(one.type), str(one.desc))


def _mp4(found: MP4, chapters: tuple[kept.Chapter, ...]) -> Kept:
    atoms: dict[str, Any] = {key: value for key, value in (found.tags or {}).items() if _atom_belongs(key)}
    pairs: list[tuple[str, str]] = []
    for key, value in atoms.items():
        if key.startswith(kept.FREEFORM):
            pairs += [
                (key.removeprefix(kept.FREEFORM), bytes(one).decode("utf-8", "replace")) for one in value
            ]
        elif key in kept.MP4:
            pairs += [(kept.MP4[key], str(one)) for one in value]
        elif key in ("trkn", "disk"):
            name = "TRACKNUMBER" if key == "trkn" else "DISCNUMBER"
            pairs += [(name, f"{at}/{of}" if of else str(at)) for at, of in value]
        elif key == "tmpo":
            pairs += [("BPM", str(one)) for one in value]
        elif key == "cpil" and value:
            pairs.append(("COMPILATION", "1"))
    covers = atoms.get("covr", ())
    pictures = tuple(Picture("image/png" if c.imageformat == 14 else "image/jpeg", bytes(c)) for c in covers)
    told = {*kept.MP4, "trkn", "disk", "tmpo", "cpil", "covr"}
    others = sorted(key for key in atoms if key not in told and not key.startswith(kept.FREEFORM))
    elsewhere = (f"MP4 atoms {', '.join(others)}",) if others else ()
    return Kept("mp4", _texts(pairs), pictures, chapters, list(atoms.items()), elsewhere)


def _atom_belongs(key: str) -> bool:
    return key != "\xa9too" and carried(key.removeprefix(kept.FREEFORM).upper())


def _riff(file: BinaryIO, name: str, chapters: tuple[kept.Chapter, ...]) -> Kept:
    try:
        chunks = riff.chunks_in(file, name)
    except CredentialsError:
        return Kept(chapters=chapters, unreadable="the source's chunks cannot be read and are left out")
    native: list[tuple[bytes, object]] = []
    texts: dict[str, list[str]] = {}
    pictures: tuple[Picture, ...] = ()
    elsewhere: list[str] = []
    for chunk in chunks:
        if chunk.id in _CHUNKS_LEFT:
            continue
        data = riff.read_chunk_in(file, name, chunk, limit=MAX_BYTES)
        if chunk.id == b"LIST" and data[:4] == b"INFO":
            info = {key.decode("latin-1"): text for key, text in riff.read_info(data).items()}
            texts |= _texts(
                (kept.RIFF.get(key, key), text) for key, text in info.items() if _info_belongs(key, text)
            )
            continue
        if chunk.id.lower() == b"id3 ":
            inner = _id3(riff.id3(data), chapters, {})
            pictures, texts = inner.pictures, {**inner.texts, **texts}
            native.append((b"id3 ", list(inner.native)))
            continue
        elsewhere.append(_CHUNK_NAMES.get(chunk.id, f"chunk {chunk.id.decode('latin-1').strip()}"))
        native.append((chunk.id, data))
    return Kept("riff", texts, pictures, chapters, native, tuple(dict.fromkeys(elsewhere)))


def _info_belongs(key: str, text: str) -> bool:
    return key != "ISFT" and not (key == "ICMT" and text.startswith("{") and "TRACKMARK_RECORD" in text)
