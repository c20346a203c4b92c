"""Metadata chunks of WAV files: read the list of chunks, append some, keep the audio where it is."""

import io
import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from mutagen.id3 import ID3

from core.errors import CredentialsError

MAX_CHUNKS = 1000
_MAX_RIFF = 0xFFFFFFFF


@dataclass(frozen=True)
class Chunk:
    """One chunk: identifier, where its data starts, and its length in bytes."""

    id: bytes
    start: int
    size: int


def chunks(path: Path) -> list[Chunk]:
    """List the chunks of a WAV file.

    Raises:
        CredentialsError: no RIFF file (RF64 counts as one), or a chunk claims to be longer than the file.
    """
    with path.open("rb") as file:
        return chunks_in(file, path.name)


def chunks_in(file: BinaryIO, name: str, *, cut: bool = False) -> list[Chunk]:
    """The same of an open file; `name` is for messages.

    Args:
        file: open for reading.
        name: of the file.
        cut: a chunk that claims to be longer than the file ends the list, instead of raising.
    """
    total = file.seek(0, os.SEEK_END)
    file.seek(0)
    head = file.read(12)
    if head[:4] not in (b"RIFF", b"RF64", b"BW64") or head[8:] != b"WAVE":
        raise CredentialsError(f"{name} is not a RIFF WAVE file")
    found: list[Chunk] = []
    wide = 0
    while len(header := file.read(8)) == 8:
        size = struct.unpack("<I", header[4:])[0]
        if header[:4] == b"ds64":
            wide = struct.unpack("<Q", file.read(16)[8:].ljust(8, b"\0"))[0]
            file.seek(-16, os.SEEK_CUR)
        if head[:4] != b"RIFF" and header[:4] == b"data" and size == _MAX_RIFF:
            size = wide or total - file.tell()
        chunk = Chunk(header[:4], file.tell(), size)
        if cut and chunk.start + size > total:
            break
        if chunk.start + size > total or len(found) >= MAX_CHUNKS:
            raise CredentialsError(f"{name} has chunks that do not fit into it")
        found.append(chunk)
        file.seek(size + size % 2, os.SEEK_CUR)
    return found


def append(path: Path, additions: list[tuple[bytes, bytes]]) -> None:
    """Append chunks (identifier, data) at the end of a WAV file and correct its length."""
    with path.open("r+b") as file:
        append_in(file, path.name, additions)


def append_in(file: BinaryIO, name: str, additions: list[tuple[bytes, bytes]]) -> None:
    """The same of an open file; `name` is for messages."""
    found = chunks_in(file, name)  # refuses a file whose structure does not hold
    file.seek(0)
    plain = file.read(4) == b"RIFF"
    wide = None if plain else next((one for one in found if one.id == b"ds64"), None)
    if not plain and wide is None:
        raise CredentialsError(f"{name} does not say how long it is; use FLAC")
    end = file.seek(0, os.SEEK_END)
    if end % 2:
        file.write(b"\0")
    for identifier, data in additions:
        file.write(identifier + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2))
    length = file.tell() - 8
    if wide is not None:  # EBU Tech 3306: the length stands in the first field of ds64
        file.seek(wide.start)
        file.write(struct.pack("<Q", length))
        return
    if length > _MAX_RIFF:
        raise CredentialsError("a WAV file cannot be larger than 4 GB; use FLAC")
    file.seek(4)
    file.write(struct.pack("<I", length))


def info_list(values: dict[bytes, str]) -> bytes:
    """Data of a `LIST` chunk of type INFO: zero-terminated texts, each padded to an even length."""
    return info_of([(identifier, text.encode() + b"\0") for identifier, text in values.items()])


def info_of(values: list[tuple[bytes, bytes]]) -> bytes:
    """The same of texts as they are to stand there, with their zeros."""
    body = b"INFO"
    for identifier, data in values:
        body += identifier + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)
    return body


def read_info(data: bytes) -> dict[bytes, str]:
    """Read what `info_list` wrote; anything that does not fit is left out."""
    values: dict[bytes, str] = {}
    place = 4
    while data[:4] == b"INFO" and place + 8 <= len(data):
        identifier, size = data[place : place + 4], struct.unpack("<I", data[place + 4 : place + 8])[0]
        text = data[place + 8 : place + 8 + size]
        values[identifier] = text.rstrip(b"\0").decode(errors="replace")
        place += 8 + size + size % 2
    return values


def id3(data: bytes) -> ID3:
    """The ID3 tag in the data of an `id3 ` chunk."""
    return ID3(io.BytesIO(data))


def read_chunk(path: Path, chunk: Chunk, *, limit: int = 1 << 20) -> bytes:
    """Read the data of a chunk; raises `CredentialsError` if it is larger than `limit` bytes."""
    with path.open("rb") as file:
        return read_chunk_in(file, path.name, chunk, limit=limit)


def read_chunk_in(file: BinaryIO, name: str, chunk: Chunk, *, limit: int) -> bytes:
    """The same of an open file; `name` is for messages."""
    if chunk.size > limit:
        raise CredentialsError(f"a metadata chunk of {name} is larger than {limit} bytes")
    file.seek(chunk.start)
    return file.read(chunk.size)
