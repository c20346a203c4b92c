"""What containers made of chunks say of themselves: RIFF and W64, whose chunks a WAV keeps; AIFF; CAF."""

import io
import struct
from collections.abc import Iterator
from dataclasses import replace
from typing import BinaryIO

from mutagen.id3 import ID3NoHeaderError

from core.errors import CredentialsError
from provenance.credentials import riff
from provenance.credentials.riff import MAX_CHUNKS, Chunk
from provenance.metadata import id3_tags, kept
from provenance.metadata.kept import Chapter, Kept

MAX_BYTES = 64 << 20
"""Chunks beyond are not taken into memory."""
W64 = bytes.fromhex("726966662e91cf11a5d628db04c10000")
RIFF = (b"RIFF", b"RF64", b"BW64")
_W64_HEAD = 40

_LEFT = {b"fmt ", b"data", b"fact", b"ds64", b"JUNK", b"PAD ", b"FLLR", b"junk", b"C2PA", b"PEAK", b"peak"}
_AIFF_LEFT = {b"COMM", b"SSND", b"FVER", b"CHAN", b"C2PA", b"JUNK"}
_AIFF_TEXTS = {b"AUTH": "ARTIST", b"(c) ": "COPYRIGHT", b"ANNO": "COMMENT", b"NAME": "TITLE"}
_CAF_LEFT = {b"desc", b"data", b"chan", b"pakt", b"kuki", b"free", b"info", b"peak", b"ovvw", b"ldsc"}
_NAMES = {
    b"cue ": "cue points", b"smpl": "sampler loops", b"bext": "broadcast extension (bext)",
    b"MARK": "markers", b"mark": "markers", b"INST": "instrument", b"inst": "instrument",
}  # fmt: skip


def read_riff(file: BinaryIO, name: str, chapters: tuple[Chapter, ...]) -> Kept:
    """What the chunks of a RIFF or W64 file say; one that cannot be read leaves the others as they are."""
    found, untold = Kept(chapters=chapters), []
    chunks: list[tuple[bytes, bytes]] = []
    info: list[tuple[bytes, bytes]] = []
    statements: list[str] = []
    lost: list[str] = []
    try:
        listed = [*_listed(file, name)]
        untold += _cut(file, listed)
    except CredentialsError as error:
        return Kept(chapters=chapters, unreadable=f"the source's chunks cannot be read: {error}"[:200])
    for chunk in listed:
        if chunk.id in _LEFT:
            continue
        try:
            data = riff.read_chunk_in(file, name, chunk, limit=MAX_BYTES)
            if len(data) < chunk.size:
                raise CredentialsError("it is cut off")
            if chunk.id == b"MD5 ":
                lost.append("checksum of its audio (MD5)")
            elif chunk.id == b"AIGC":
                statements.append("AIGC")
            elif chunk.id == b"LIST" and data[:4] == b"INFO":
                info += [pair for pair in _info(data) if _belongs(*pair)]
            elif chunk.id.lower() == b"id3 ":
                found = _of_id3(data, chapters)
            else:
                chunks.append((chunk.id, data))
        except Exception:  # mutagen raises many kinds of errors on hostile bytes
            untold.append(_named(chunk.id))
    texts = kept.texts((kept.info_name(key, data), _text(data)) for key, data in info)
    told = f"the source's {', '.join(untold)} cannot be read and is left out" if untold else None
    return replace(
        found,
        texts={**found.texts, **texts},
        doubled=kept.doubled(texts, found.texts),
        chunks=chunks,
        info=info,
        lost=(*found.lost, *lost),
        statements=tuple(dict.fromkeys((*found.statements, *statements))),
        unreadable=told,
    )


def others(kinds: list[bytes]) -> list[str]:
    """What chunks are called, in plain words and once each."""
    return list(dict.fromkeys(_named(kind) for kind in kinds))


def _named(kind: bytes) -> str:
    return _NAMES.get(kind, f"chunk {kind.decode('latin-1').strip()}")


def named(chunk: tuple[bytes, bytes]) -> str:
    """What a chunk of a RIFF file is called."""
    kind, data = chunk
    return "labels" if kind == b"LIST" and data[:4] == b"adtl" else _named(kind)


def _of_id3(data: bytes, chapters: tuple[Chapter, ...]) -> Kept:
    frames, lost = id3_tags.read(io.BytesIO(data))
    inner = id3_tags.found(frames, lost, chapters)
    if not frames and not lost and data[:3] != b"ID3":
        raise ID3NoHeaderError("no tag")
    return inner


def _listed(file: BinaryIO, name: str) -> Iterator[Chunk]:
    file.seek(0)
    if file.read(16) != W64:
        # What was written to a pipe says that its audio never ends; what stands before it is whole.
        yield from riff.chunks_in(file, name, cut=True)
        return
    total, place = file.seek(0, 2), _W64_HEAD
    for _ in range(MAX_CHUNKS):
        file.seek(place)
        head = file.read(24)
        if len(head) < 24:
            return
        size = struct.unpack("<Q", head[16:])[0]
        if size < 24 or place + size > total:
            return
        yield Chunk(head[:4], place + 24, size - 24)
        place += -(-size // 8) * 8


def _cut(file: BinaryIO, listed: list[Chunk]) -> list[str]:
    """The name of a last chunk that is longer than the file, unless it is the audio."""
    if not listed or listed[-1].size + listed[-1].start >= file.seek(0, 2) - 8:
        return []
    file.seek(listed[-1].start + listed[-1].size + listed[-1].size % 2)
    kind = file.read(4)
    whole = kind in (b"data", b"") or not all(0x20 <= byte < 0x7F for byte in kind)
    return [] if whole else [_named(kind)]


def _info(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    place = 4
    while place + 8 <= len(data):
        key, size = data[place : place + 4], struct.unpack("<I", data[place + 4 : place + 8])[0]
        yield key, data[place + 8 : place + 8 + size]
        place += 8 + size + size % 2


def _belongs(key: bytes, data: bytes) -> bool:
    return key != b"ISFT" and not (key == b"ICMT" and data[:1] == b"{" and b"TRACKMARK_RECORD" in data)


def _text(data: bytes) -> str:
    """A text as its writer meant it: UTF-8, or else what Windows wrote."""
    data = data.rstrip(b"\0")
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def read_aiff(file: BinaryIO, found: Kept) -> Kept:
    """With what the chunks of an AIFF file say beside its ID3 tag."""
    kinds: list[bytes] = []
    pairs: list[tuple[str, str]] = []
    for kind, data in _iff(file):
        if kind in _AIFF_TEXTS:
            pairs.append((_AIFF_TEXTS[kind], _text(data)))
        elif kind not in _AIFF_LEFT and kind.upper() != b"ID3 ":
            kinds.append(kind)
    return replace(found, texts={**kept.texts(pairs), **found.texts}, lost=(*found.lost, *others(kinds)))


def _iff(file: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    place, total = 12, file.seek(0, 2)
    for _ in range(MAX_CHUNKS):
        file.seek(place)
        head = file.read(8)
        size = int.from_bytes(head[4:], "big")
        if len(head) < 8 or place + 8 + size > total:
            return
        yield head[:4], file.read(size) if head[:4] in _AIFF_TEXTS and size <= MAX_BYTES else b""
        place += 8 + size + size % 2


def read_caf(file: BinaryIO, found: Kept) -> Kept:
    """With the names of what the chunks of a CAF file say beside what the demuxer tells."""
    kinds, place, total = [], 8, file.seek(0, 2)
    for _ in range(MAX_CHUNKS):
        file.seek(place)
        head = file.read(12)
        size = struct.unpack(">q", head[4:])[0] if len(head) == 12 else -1
        if size < 0 or place + 12 + size > total:
            break
        if head[:4] not in _CAF_LEFT:
            kinds.append(head[:4])
        place += 12 + size
    return replace(found, lost=(*found.lost, *others(kinds)))
