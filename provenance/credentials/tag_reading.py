"""Reads the tags of a file, whoever wrote them; runs in the locked-in child only (`reader_child`).

By the first bytes, not by the name: RIFF chunks, ID3 (alone, before FLAC, in AIFF and WAV), Vorbis comments,
iTunes atoms, and an APE tag at the end. What other containers hold, the demuxer tells (`Source.tags`).
"""

import codecs
from collections.abc import Iterator
from typing import Any, BinaryIO

import mutagen
from mutagen.aiff import AIFF
from mutagen.apev2 import APENoHeaderError, APEv2
from mutagen.flac import FLAC
from mutagen.id3 import ID3
from mutagen.mp4 import MP4
from mutagen.oggflac import OggFLAC
from mutagen.oggopus import OggOpus
from mutagen.oggspeex import OggSpeex
from mutagen.oggvorbis import OggVorbis

from provenance.credentials import riff
from provenance.credentials.containers import syncsafe
from provenance.credentials.own_tags import COMMENT, Pair

MAX_BYTES = 64 << 20
FREEFORM = "----:com.apple.iTunes:"
_OGG = [OggVorbis, OggOpus, OggFLAC, OggSpeex]
_ATOMS = {"\xa9cmt": COMMENT, "desc": COMMENT, "ldes": COMMENT}
_ENCODINGS = (
    "latin1", "utf16", "utf-16", "utf-16-be", "utf_16_be", "utf-16-le", "utf8", "ascii", "cp1252",
)  # fmt: skip


def prepare() -> None:
    """Load what Python would load when a tag first needs it, which is too late in a locked-in child."""
    for name in _ENCODINGS:
        codecs.lookup(name)


def texts(file: BinaryIO, name: str) -> Iterator[Pair]:
    """Every text of a file's tags with its name; what cannot be read raises, after what could.

    Args:
        file: open for reading.
        name: of the file, for messages.
    """
    file.seek(0)
    head = file.read(12)
    if head[:4] in (b"RIFF", b"RF64", b"BW64"):
        yield from _riff(file, name)
        return
    if head[:3] == b"ID3":
        yield from _id3(_opened(ID3, file))
        file.seek(10 + syncsafe(head[6:10]))
        head = file.read(12)
    if head[:4] == b"fLaC":
        yield from _comments(_opened(FLAC, file).tags)
    elif head[:4] == b"OggS":
        found = _opened(lambda it: mutagen.File(it, options=_OGG), file)
        yield from _comments(found and found.tags)
    elif head[4:8] == b"ftyp":
        yield from _atoms(_opened(MP4, file).tags or {})
    elif head[:4] == b"FORM":
        yield from _id3(_opened(AIFF, file).tags or ID3())
    else:
        yield from _ape(file)


def _opened(kind: Any, file: BinaryIO) -> Any:
    file.seek(0)
    return kind(file)


def _riff(file: BinaryIO, name: str) -> Iterator[Pair]:
    for chunk in riff.chunks_in(file, name, cut=True):
        if chunk.id == b"AIGC":
            label = riff.read_chunk_in(file, name, chunk, limit=MAX_BYTES)
            yield "AIGC", label.rstrip(b"\0").decode(errors="replace")
        elif chunk.id == b"LIST":
            data = riff.read_chunk_in(file, name, chunk, limit=MAX_BYTES)
            for key, text in riff.read_info(data).items():
                yield key.decode("latin-1"), text
        elif chunk.id.lower() == b"id3 ":
            yield from _id3(riff.id3(riff.read_chunk_in(file, name, chunk, limit=MAX_BYTES)))


def _id3(frames: Any) -> Iterator[Pair]:
    for frame in frames.values():
        if frame.FrameID == "TXXX":
            yield from ((str(frame.desc), str(text)) for text in frame.text)
        elif frame.FrameID == "COMM":
            yield from ((COMMENT, str(text)) for text in frame.text)


def _comments(tags: Any) -> Iterator[Pair]:
    yield from ((str(key), str(text)) for key, text in tags or ())


def _atoms(tags: Any) -> Iterator[Pair]:
    for key, values in tags.items():
        if key.startswith(FREEFORM):
            for value in values:
                yield key.removeprefix(FREEFORM), bytes(value).decode(errors="replace")
        elif key in _ATOMS:
            yield from ((_ATOMS[key], str(value)) for value in values)


def _ape(file: BinaryIO) -> Iterator[Pair]:
    try:
        tags = _opened(APEv2, file)
    except APENoHeaderError:
        return
    for key, value in tags.items():
        if value.kind == 0:
            yield from ((str(key), str(text)) for text in value)
