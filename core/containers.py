"""What a container's own bookkeeping says, held against the bytes that are there.

FFmpeg corrects a header that lies in silence and stops at the first link of some chained files, so that part
of a file could go unheard. Here the outer structure is read once before decoding: RIFF/RF64, W64 and Ogg, and
what holds elements within elements (`core.elements`). Standard library only; what it reads is hostile.
"""

import os
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from core import elements
from core.elements import HIDDEN_BYTES, MAX_CHUNKS, MORE_BYTES, TOO_FEW

MAX_LINKS = 10_000
MAX_MOOV_BYTES = 64 << 20
_UNKNOWN = 0xFFFFFFFF
_OF_AUDIO = (b"data", b"RIFF", b"RF64", b"BW64", b"RIFX", b"FORM")
_EXTENSIBLE = 0xFFFE
_BITMAP = 1 << 16
_TAGS = {
    (number << 16) + len(channels.split()): tuple(channels.split())
    for number, channels in {
        100: "FC", 101: "FL FR", 108: "FL FR BL BR", 109: "FL FR BL BR FC", 110: "FL FR BL BR FC BC",
        111: "FL FR BL BR FC BC SL SR", 113: "FL FR FC", 114: "FC FL FR", 115: "FL FR FC BC",
        116: "FC FL FR BC", 117: "FL FR FC SL SR", 118: "FL FR SL SR FC", 119: "FL FC FR SL SR",
        120: "FC FL FR SL SR", 121: "FL FR FC LFE SL SR", 122: "FL FR SL SR FC LFE",
        123: "FL FC FR SL SR LFE", 124: "FC FL FR SL SR LFE", 125: "FL FR FC LFE SL SR BC",
        126: "FL FR FC LFE SL SR FLC FRC", 127: "FC FLC FRC FL FR SL SR LFE",
        128: "FL FR FC LFE BL BR SL SR", 129: "FL FR SL SR FC LFE FLC FRC", 131: "FL FR BC",
        132: "FL FR SL SR", 133: "FL FR LFE", 134: "FL FR LFE BC", 135: "FL FR LFE SL SR",
        136: "FL FR FC LFE", 137: "FL FR FC LFE BC", 141: "FC FL FR SL SR BC",
        142: "FC FL FR SL SR BC LFE", 144: "FC FL FR SL SR BL BR BC",
    }.items()
}  # fmt: skip
"""Channels by Core Audio's layout tags (CoreAudioBaseTypes.h): number in the upper half, count in the lower.

128 is in the order in which FFmpeg writes it, back before side; Apple's header has side before back."""
_TURNED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
_W64_RIFF = bytes.fromhex("726966662e91cf11a5d628db04c10000")


@dataclass(frozen=True)
class Structure:
    """The outer structure of a file.

    Attributes:
        flaws: in plain words, why some of the audio may be missing.
        links: first and last byte of each part that is to be decoded on its own, in order.
        patches: bytes to be read instead, by place: channel descriptions that FFmpeg must not see.
        channels: the channels in the file's order, where such a description named them.
    """

    flaws: tuple[str, ...]
    links: tuple[tuple[int, int], ...]
    patches: dict[int, bytes]
    channels: tuple[str, ...] | None = None


def structure(file: BinaryIO) -> Structure:
    """Read the outer structure of an open file; leaves it at its start."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    head = file.read(16)
    flaws: list[str] = []
    links, channels = [(0, size)], None
    patches: dict[int, bytes] = {}
    if head[:4] in (b"RIFF", b"RF64", b"BW64"):
        flaws, patches = _riff(file, head, size), _valid_bits(file)
    elif head == _W64_RIFF:
        flaws = _w64(file, size)
    elif head[:4] == b"OggS":
        links, flaws = _ogg(file, size)
    elif head[:4] == elements.EBML:
        flaws = elements.matroska(file, size)
    elif head[:4] == b"FORM":
        flaws = elements.aiff(file, size)
        patches, channels = _channel_chunks(file, head, size)
    elif head[:4] == b"caff":
        flaws = elements.caf(file, size)
        patches, channels = _channel_chunks(file, head, size)
    elif head[4:8] in elements.BOXES:
        flaws = elements.mp4(file, size)
        patches, channels = _channel_chunks(file, head, size)
    file.seek(0)
    return Structure(tuple(flaws), tuple(links), patches, channels)


def _riff(file: BinaryIO, head: bytes, size: int) -> list[str]:
    stated = int.from_bytes(head[4:8], "little")
    flaws = []
    if head[:4] == b"RIFF" and stated < _UNKNOWN - 64 and stated + 8 > size + 1:
        flaws.append(TOO_FEW)
    wide = 0
    place = 12
    for _ in range(MAX_CHUNKS):
        file.seek(place)
        chunk = file.read(8)
        if len(chunk) < 8:
            return flaws
        name, length = chunk[:4], int.from_bytes(chunk[4:], "little")
        if name == b"ds64":
            wide = int.from_bytes(file.read(16)[8:16], "little")
        if name == b"data":
            break
        place += 8 + length + length % 2
    else:
        return flaws
    start = place + 8
    if length == _UNKNOWN:
        if not wide:
            return flaws  # written to a pipe: the audio lasts to the end of the file
        length = wide
    if length == 0 and size > start + 8 and not _chunks_only(file, start, size):
        return [*flaws, "the header says that there is no audio, and there is"]
    if start + length > size + 1:
        return [*flaws, "the header promises more audio than there is"]
    if not _chunks_only(file, start + length + length % 2, size):
        flaws.append(MORE_BYTES)
    return flaws


def _chunks_only(file: BinaryIO, place: int, size: int) -> bool:
    """Whether what is left of a RIFF file are chunks, but for a rest too short to hold audio."""
    for _ in range(MAX_CHUNKS):
        if size - place <= HIDDEN_BYTES:
            return True
        file.seek(place)
        chunk = file.read(8)
        length = int.from_bytes(chunk[4:], "little")
        if not (chunk[:4].isascii() and chunk[:4].decode().isprintable()) or chunk[:4] in _OF_AUDIO:
            return False
        if place + 8 + length > size + 1:
            return False
        place += 8 + length + length % 2
    return False


def _valid_bits(file: BinaryIO) -> dict[int, bytes]:
    """Let every sample fill its container: that is what it does, at the top (WAVE_FORMAT_EXTENSIBLE).

    FFmpeg takes the bits that are valid for those of the container, and reads 24 bits of 32 as another codec.
    """
    place = 12
    for _ in range(MAX_CHUNKS):
        file.seek(place)
        chunk = file.read(8 + 20)
        if len(chunk) < 28 or chunk[:4] == b"data":
            break
        if chunk[:4] == b"fmt ":
            kind, bits = int.from_bytes(chunk[8:10], "little"), chunk[22:24]
            return {place + 26: bits} if kind == _EXTENSIBLE and chunk[26:28] != bits else {}
        length = int.from_bytes(chunk[4:8], "little")
        place += 8 + length + length % 2
    return {}


def _w64(file: BinaryIO, size: int) -> list[str]:
    place = 40
    for _ in range(MAX_CHUNKS):
        file.seek(place)
        chunk = file.read(24)
        if len(chunk) < 24:
            break
        length = int.from_bytes(chunk[16:], "little")
        if place + length > size:
            return [TOO_FEW]
        if length < 24:
            break
        place += -(-length // 8) * 8
    return [MORE_BYTES] if size - place > HIDDEN_BYTES else []


def _ogg(file: BinaryIO, size: int) -> tuple[list[tuple[int, int]], list[str]]:
    """The links of a chained stream (RFC 3533): each begins with pages that say so."""
    starts, flaws, beginning = [0], [], True
    end = 0
    follows: dict[int, int] = {}  # by stream, the number that its next page must have
    between = 0
    for page in _pages(file, size):
        between += page.place - end
        if page.first and not beginning:
            starts.append(page.place)
        beginning = page.first
        end = page.place + page.length
        if len(starts) > MAX_LINKS:
            flaws.append(f"more than {MAX_LINKS} streams follow each other")
            break
        if not page.whole:
            flaws.append("a page does not fit its checksum")
        elif page.number != follows.get(page.stream, page.number) and not page.first:
            flaws.append("pages are missing between others")
        follows[page.stream] = (page.number + 1) % (1 << 32)
        if page.header:  # who records a radio stream has its headers, then what came at that moment
            del follows[page.stream]
    if end > size:
        flaws.append("the file ends in the middle of a page")
    if between + size - end > HIDDEN_BYTES:
        flaws.append(MORE_BYTES)
    return list(zip(starts, [*starts[1:], size], strict=True)), list(dict.fromkeys(flaws))


@dataclass(frozen=True)
class _Page:
    """One page of an Ogg file; `header` where it holds no audio, `whole` where it fits its checksum."""

    place: int
    length: int
    first: bool
    header: bool
    stream: int
    number: int
    whole: bool


def _pages(file: BinaryIO, size: int) -> Iterator[_Page]:
    """The pages in order; what lies between pages is skipped."""
    place = 0
    while place < size:
        file.seek(place)
        head = file.read(27 + 255)
        if head[:4] != b"OggS":
            found = head.find(b"OggS", 1)
            place += found if found > 0 else max(1, len(head) - 3)
            continue
        cut = len(head) < 27 or len(head) < 27 + head[26]
        length = size - place + 1 if cut else 27 + head[26] + sum(head[27 : 27 + head[26]])
        if place + length > size:
            yield _Page(place, length, first=False, header=False, stream=-1, number=0, whole=True)
            return
        file.seek(place)
        page = file.read(length)
        granule, stream, number, checksum = struct.unpack_from("<qIII", page, 6)
        whole = checksum == _ogg_checksum(page[:22] + bytes(4) + page[26:])
        yield _Page(place, length, bool(head[5] & 2), granule == 0, stream, number, whole)
        place += length


def _ogg_checksum(page: bytes) -> int:
    """CRC-32 as RFC 3533, clause 6, has it: zlib's with the bits of each byte, and of the sum, turned round.

    >>> _ogg_checksum(b"123456789") == 0x89A1897F
    True
    """
    register = zlib.crc32(page.translate(_TURNED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int.from_bytes(register.to_bytes(4, "little").translate(_TURNED), "big")


def _channel_chunks(
    file: BinaryIO, head: bytes, size: int
) -> tuple[dict[int, bytes], tuple[str, ...] | None]:
    """Hide channel descriptions in an order of their own: PyAV 18.1 corrupts its memory over them."""
    patches: dict[int, bytes] = {}
    channels: tuple[str, ...] | None = None
    for place, tag_at in _descriptions(file, head, size):
        file.seek(tag_at)
        tag = int.from_bytes(file.read(4), "big")
        if tag != _BITMAP:
            patches[place] = b"free"
            channels = channels or _TAGS.get(tag)
    return patches, channels


def _descriptions(file: BinaryIO, head: bytes, size: int) -> Iterator[tuple[int, int]]:
    """Where the name of each channel description stands, and where its layout tag does."""
    if head[:4] in (b"FORM", b"caff"):
        aiff = head[:4] == b"FORM"
        place, lead, name = (12, 8, b"CHAN") if aiff else (8, 12, b"chan")
        for _ in range(MAX_CHUNKS):
            file.seek(place)
            chunk = file.read(lead)
            if len(chunk) < lead:
                return
            if chunk[:4] == name:
                yield place, place + lead
            length = int.from_bytes(chunk[4:], "big", signed=not aiff)
            if length < 0 or length > size:
                return
            place += lead + length + (length % 2 if aiff else 0)
        return
    for start, end in _moov(file, size):
        file.seek(start)
        data = file.read(end - start)
        found = data.find(b"chan")
        while found >= 4:
            if 12 <= int.from_bytes(data[found - 4 : found], "big") <= 4096:
                yield start + found, start + found + 8
            found = data.find(b"chan", found + 4)


def _moov(file: BinaryIO, size: int) -> Iterator[tuple[int, int]]:
    place = 0
    for _ in range(MAX_CHUNKS):
        file.seek(place)
        box = file.read(16)
        if len(box) < 8:
            return
        length = int.from_bytes(box[:4], "big")
        if length == 1:
            length = int.from_bytes(box[8:], "big")
        end = size if length == 0 else min(size, place + length)
        if box[4:8] == b"moov":
            yield place, min(end, place + MAX_MOOV_BYTES)
        if end < place + 8:
            return
        place = end
