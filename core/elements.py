"""Containers made of elements within elements: AIFF, CAF, MP4 and Matroska, walked from end to end.

What stands behind the end of such a file is played by some programs and not by others, and an audit hears
what FFmpeg plays: audio that follows must at least be told. Standard library only; what it reads is hostile.
"""

import os
import struct
from typing import BinaryIO

MAX_CHUNKS = 10_000
HIDDEN_BYTES = 4096
"""Bytes behind the stated end of the audio that are none of its container: more may hold audio that nobody
hears."""
TOO_FEW = "the header promises more bytes than there are"
MORE_BYTES = "more bytes follow the audio than the header admits"
SECOND_FILE = "another file follows the audio"
EBML = b"\x1a\x45\xdf\xa3"
BOXES = frozenset(
    b"ftyp moov mdat free skip wide pnot udta uuid meta moof mfra sidx ssix styp prft emsg pdin".split()
)
"""Boxes on the top level of MP4 and QuickTime files."""
_ONCE = frozenset((b"ftyp", b"moov"))
_SEGMENT = 0x18538067
_TOP = (0x1A45DFA3, _SEGMENT, 0xEC, 0xBF)
"""On the top level of Matroska: header, segment, void and checksum (RFC 9559)."""


def aiff(file: BinaryIO, size: int) -> list[str]:
    """Flaws of an AIFF file."""
    file.seek(4)
    stated = 8 + int.from_bytes(file.read(4), "big")
    flaws = _end(min(stated, size), size) if stated <= size + 1 else [TOO_FEW]
    place, sounds = 12, 0
    for _ in range(MAX_CHUNKS):
        chunk = _at(file, place, 8, size)
        if chunk is None:
            break
        sounds += chunk[:4] == b"SSND"
        length = int.from_bytes(chunk[4:], "big")
        place += 8 + length + length % 2
    return flaws if sounds < 2 else [*flaws, MORE_BYTES]


def caf(file: BinaryIO, size: int) -> list[str]:
    """Flaws of a CAF file."""
    place = 8
    for _ in range(MAX_CHUNKS):
        chunk = _at(file, place, 12, size)
        if chunk is None:
            break
        if not _printable(chunk[:4]) or chunk[:4] == b"caff":
            return _end(place, size)
        length = struct.unpack(">q", chunk[4:])[0]
        if length < 0:
            break  # the audio lasts to the end of the file
        if place + 12 + length > size:
            return [TOO_FEW]
        place += 12 + length
    return []


def mp4(file: BinaryIO, size: int) -> list[str]:
    """Flaws of an MP4 or QuickTime file (ISO/IEC 14496-12, 4.2)."""
    place = 0
    seen: set[bytes] = set()
    for _ in range(MAX_CHUNKS):
        box = _at(file, place, 8, size)
        if box is None:
            break
        kind, length = box[4:], int.from_bytes(box[:4], "big")
        if kind not in BOXES and (not _printable(kind) or length < 8 or place + length > size):
            return _end(place, size)
        if kind in _ONCE & seen:
            return [SECOND_FILE]
        seen.add(kind)
        if length == 1:
            file.seek(place + 8)
            length = int.from_bytes(file.read(8), "big")
        if length == 0:
            break  # the box lasts to the end of the file
        if place + length > size:
            return [TOO_FEW]
        place += max(8, length)
    return []


def matroska(file: BinaryIO, size: int) -> list[str]:
    """Flaws of a Matroska or WebM file: what comes after its segments."""
    place = 0
    for _ in range(MAX_CHUNKS):
        head = _at(file, place, 5, size)
        if head is None:
            break
        file.seek(place)
        name, width = _number(file.read(12), keep_marker=True)
        file.seek(place + width)
        length, more = _number(file.read(8), keep_marker=False)
        if not width or not more or name not in _TOP:
            return _end(place, size)
        if length == (1 << 7 * more) - 1:
            break  # written to a pipe: the segment lasts to the end of the file
        if place + width + more + length > size:
            return [TOO_FEW]
        place += width + more + length
    return []


def _number(data: bytes, *, keep_marker: bool) -> tuple[int, int]:
    """A number of variable length (RFC 8794, clause 4), and how many bytes it takes; none where 0."""
    width = 9 - data[0].bit_length() if data and data[0] else 0
    if not 0 < width <= len(data):
        return 0, 0
    value = int.from_bytes(data[:width], "big")
    return (value if keep_marker else value & ((1 << 7 * width) - 1)), width


def _at(file: BinaryIO, place: int, count: int, size: int) -> bytes | None:
    """So many bytes at a place; None where the file ends before."""
    if place + count > size:
        return None
    file.seek(place, os.SEEK_SET)
    return file.read(count)


def _end(place: int, size: int) -> list[str]:
    return [MORE_BYTES] if size - place > HIDDEN_BYTES else []


def _printable(name: bytes) -> bool:
    return all(0x20 <= byte < 0x7F for byte in name)
