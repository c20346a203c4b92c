"""What tags and chunks state of levels, as ReplayGain and EBU R 128 do: a change of gain makes it wrong."""

import re
import struct

_LOUDNESS = slice(412, 422)
_NOT_KNOWN = struct.pack("<5h", *(0x7FFF,) * 5)
_VERSION_OF_LOUDNESS = 2
_XML = (b"iXML", b"axml")
_ELEMENTS = re.compile(
    r"<(/?)(?:[A-Za-z][\w.-]{0,40}:)?(BWF_LOUDNESS_VALUE|BWF_LOUDNESS_RANGE|BWF_MAX_TRUE_PEAK_LEVEL"
    r"|BWF_MAX_MOMENTARY_LOUDNESS|BWF_MAX_SHORT_TERM_LOUDNESS|loudnessMetadata)\b[^<>]{0,4096}>"
)
"""Of iXML's object BEXT, and of ADM and EBUCore (ITU-R BS.2076, EBU Tech 3293)."""
_MAY_STATE = re.compile(r"loudness|lufs|true.?peak|dialnorm", re.IGNORECASE)
_CLOSED = (b"dbmd", b"bxml")
"""Chunks of Dolby's metadata and of compressed ADM."""


class _Names:
    """Names of texts that state levels."""

    def __contains__(self, name: object) -> bool:
        text = str(name)
        return text.startswith(("REPLAYGAIN_", "R128_", "ITUNNORM")) or bool(_MAY_STATE.search(text))


NAMES = _Names()


def without(kind: bytes, data: bytes) -> bytes | None:
    """A chunk without the levels that it states; None where it states nothing else.

    A `bext` chunk has five of them as EBU Tech 3285 v2, 2.4, has those that are not known.
    """
    if kind == b"levl":  # the peaks of its audio, EBU Tech 3285 supplement 3
        return None
    if kind in _XML:
        return _without_elements(data)
    old = kind != b"bext" or int.from_bytes(data[346:348], "little") < _VERSION_OF_LOUDNESS
    if old or len(data) < _LOUDNESS.stop:
        return data
    return data[: _LOUDNESS.start] + _NOT_KNOWN + data[_LOUDNESS.stop :]


def may_state(kind: bytes, data: bytes) -> bool:
    """Whether a chunk may state levels that `without` does not find."""
    if kind in _CLOSED:
        return True
    left = without(kind, data) if kind in (*_XML, b"_PMX") else None
    return left is not None and bool(_MAY_STATE.search(left.decode(_encoding(left), "replace")))


def _without_elements(data: bytes) -> bytes:
    encoding = _encoding(data)
    text = data.decode(encoding, "surrogatepass")
    parts, place, opened = [], 0, None
    for found in _ELEMENTS.finditer(text):
        closes, name, empty = found[1] == "/", found[2], found[0].endswith("/>")
        if opened is None and not closes:
            parts.append(text[place : found.start()])
            place = found.start()
            opened = name
        if opened == name and (closes or empty):
            place, opened = found.end(), None
    return "".join([*parts, text[place:]]).encode(encoding, "surrogatepass")


def _encoding(data: bytes) -> str:
    """UTF-16 where its mark says so; all else byte by byte, as the names are ASCII."""
    whole = len(data) % 2 == 0
    return {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}.get(data[:2] if whole else b"", "latin-1")
