"""Where the elements of an audio file lie: chunks, boxes, pages, blocks, frames.

Only as exact as a mutation needs: an element that is found wrongly gives another kind of damage.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

MOST = 400
_CONTAINERS = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"udta", b"ilst", b"edts", b"dinf")
_EBML = (0x1A45DFA3, 0x18538067, 0x1549A966, 0x1654AE6B, 0xAE, 0xE1, 0x1F43B675, 0x114D9B74)


@dataclass(frozen=True)
class Element:
    """A part of a file.

    Attributes:
        start, end: of the whole, in bytes.
        body: where its content begins.
        length_at: where its length stands, and in how many bytes.
    """

    start: int
    body: int
    end: int
    length_at: tuple[int, int]
    big_endian: bool = True


def elements(data: bytes) -> list[Element]:
    """The elements of a file by its first bytes; nested ones after the one that holds them."""
    if data[:4] == b"RIFF":
        found = _chunks(data, 12, big_endian=False)
    elif data[:4] == b"FORM":
        found = _chunks(data, 12, big_endian=True)
    elif data[:4] == b"caff":
        found = _caf(data)
    elif data[:4] == b"OggS":
        found = _pages(data)
    elif data[:4] == b"fLaC":
        found = _blocks(data)
    elif data[4:8] == b"ftyp":
        found = _boxes(data, 0, len(data))
    elif data[:4] == b"\x1a\x45\xdf\xa3":
        found = _ebml(data, 0, len(data))
    else:
        found = _mpeg(data)
    return list(islice(found, MOST))


def _chunks(data: bytes, place: int, *, big_endian: bool) -> Iterator[Element]:
    while place + 8 <= len(data):
        length = int.from_bytes(data[place + 4 : place + 8], "big" if big_endian else "little")
        end = min(len(data), place + 8 + length + length % 2)
        yield Element(place, place + 8, end, (place + 4, 4), big_endian)
        place = end


def _caf(data: bytes) -> Iterator[Element]:
    place = 8
    while place + 12 <= len(data):
        length = int.from_bytes(data[place + 4 : place + 12], "big")
        end = min(len(data), place + 12 + length)
        yield Element(place, place + 12, end, (place + 4, 8))
        place = end


def _boxes(data: bytes, place: int, end: int) -> Iterator[Element]:
    while place + 8 <= end:
        length = max(8, int.from_bytes(data[place : place + 4], "big") or end - place)
        yield Element(place, place + 8, min(end, place + length), (place, 4))
        kind = data[place + 4 : place + 8]
        if kind in _CONTAINERS:
            yield from _boxes(data, place + 8, min(end, place + length))
        elif kind in (b"meta", b"stsd"):
            yield from _boxes(data, place + (12 if kind == b"meta" else 16), min(end, place + length))
        place += length


def _pages(data: bytes) -> Iterator[Element]:
    place = 0
    while 0 <= (place := data.find(b"OggS", place)) <= len(data) - 27:
        body = place + 27 + data[place + 26]
        end = min(len(data), body + sum(data[place + 27 : body]))
        yield Element(place, body, end, (place + 26, 1))
        place = max(end, place + 4)


def _blocks(data: bytes) -> Iterator[Element]:
    place, last = 4, False
    while not last and place + 4 <= len(data):
        last = bool(data[place] & 0x80)
        end = min(len(data), place + 4 + int.from_bytes(data[place + 1 : place + 4], "big"))
        yield Element(place, place + 4, end, (place + 1, 3))
        place = end
    while (place := data.find(b"\xff\xf8", place)) >= 0:
        yield Element(place, place + 2, min(len(data), place + 64), (place + 2, 2))
        place += 64


def _mpeg(data: bytes) -> Iterator[Element]:
    place = 0
    if data[:3] == b"ID3" and len(data) > 10:
        size = _synchsafe(data[6:10])
        yield Element(0, 10, min(len(data), 10 + size), (6, 4))
        place = 10
        while place + 10 < min(10 + size, len(data)) and data[place : place + 4].isalnum():
            length = _synchsafe(data[place + 4 : place + 8])
            yield Element(place, place + 10, min(len(data), place + 10 + length), (place + 4, 4))
            place += 10 + length
        place = 10 + size
    while (place := data.find(b"\xff\xfb", place)) >= 0:
        yield Element(place, place + 4, min(len(data), place + 417), (place + 2, 2))
        place += 100


def _synchsafe(four: bytes) -> int:
    """A length of ID3: seven bits of each byte count."""
    length = 0
    for byte in four:
        length = length << 7 | byte & 0x7F
    return length


def _ebml(data: bytes, place: int, end: int) -> Iterator[Element]:
    while place < end - 2:
        width = 9 - data[place].bit_length()
        name = int.from_bytes(data[place : place + width], "big")
        at = place + width
        if at >= end or not data[at]:
            return
        size_width = 9 - data[at].bit_length()
        size = int.from_bytes(data[at : at + size_width], "big") & ((1 << 7 * size_width) - 1)
        body = at + size_width
        stop = min(end, body + size)
        yield Element(place, body, stop, (at, size_width))
        if name in _EBML:
            yield from _ebml(data, body, stop)
        place = max(stop, place + 2)


def joined(parts: list[bytes]) -> bytes:
    """Parts one after the other, with the RIFF or FORM length made right where there is one."""
    data = b"".join(parts)
    if data[:4] in (b"RIFF", b"FORM") and len(data) >= 12:
        length = struct.pack("<I" if data[:4] == b"RIFF" else ">I", len(data) - 8)
        data = data[:4] + length + data[8:]
    return data
