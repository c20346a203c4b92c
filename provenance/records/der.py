"""A strict reader of DER (ITU-T X.690 §10-11), for time-stamp tokens: one spelling for every value.

Only what a token needs: tags of one byte, definite lengths in their shortest form. Everything else (BER's
indefinite lengths, padded integers, bytes left over) is refused instead of being interpreted.
"""

from dataclasses import dataclass
from itertools import pairwise

from core.errors import VerificationError

INTEGER, OCTET_STRING, NULL, OBJECT, GENERAL_TIME = 0x02, 0x04, 0x05, 0x06, 0x18
BOOLEAN, BIT_STRING, SEQUENCE, SET = 0x01, 0x03, 0x30, 0x31
MAX_BYTES = 1 << 16


class DerError(VerificationError):
    """The bytes are not DER, or not of the structure that was expected."""


@dataclass(frozen=True)
class Element:
    """One value: its tag byte, its content, and the whole of its encoding."""

    tag: int
    content: bytes
    encoded: bytes

    def fields(self) -> "Fields":
        """The values inside, to be taken in order."""
        if not self.tag & 0x20:
            raise DerError("a simple value was met where a structure was expected")
        return Fields(self.content)

    def integer(self) -> int:
        """An INTEGER; a leading byte that says nothing is refused (§8.3.2)."""
        data = self.content
        if not data or (len(data) > 1 and (data[0], data[1] >> 7) in ((0, 0), (0xFF, 1))):
            raise DerError("an integer is not in its shortest form")
        return int.from_bytes(data, "big", signed=True)

    def oid(self) -> str:
        """An OBJECT IDENTIFIER in dotted decimals (§8.19)."""
        if self.tag != OBJECT or not self.content or self.content[-1] & 0x80:
            raise DerError("an object identifier is malformed")
        numbers, value, fresh = [], 0, True
        for byte in self.content:
            if fresh and byte == 0x80:
                raise DerError("an object identifier is not in its shortest form")
            value, fresh = value << 7 | byte & 0x7F, not byte & 0x80
            if fresh:
                numbers.append(value)
                value = 0
        first = min(numbers[0] // 40, 2)
        return ".".join(map(str, (first, numbers[0] - 40 * first, *numbers[1:])))


class Fields:
    """Values one behind the other, taken in the order in which a standard lists them."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._place = 0

    @property
    def more(self) -> bool:
        """Whether anything is left."""
        return self._place < len(self._data)

    def next(self) -> Element:
        """The next value, of any tag."""
        element = _read(self._data, self._place)
        self._place += len(element.encoded)
        return element

    def take(self, tag: int, name: str) -> Element:
        """The next value, which must have this tag; `name` is for the message."""
        if not self.more or self._data[self._place] != tag:
            raise DerError(f"{name} is missing or of another type")
        return self.next()

    def optional(self, tag: int) -> Element | None:
        """The next value if it has this tag."""
        return self.next() if self.more and self._data[self._place] == tag else None

    def rest(self) -> list[Element]:
        """All values that are left."""
        found = []
        while self.more:
            found.append(self.next())
        return found

    def end(self, name: str) -> None:
        """Refuse anything that is left over in `name`."""
        if self.more:
            raise DerError(f"{name} holds more than it may")


def parse(data: bytes, tag: int, name: str) -> Element:
    """Read one value that is all of `data`.

    Raises:
        DerError: not DER, another tag, or bytes behind it.
    """
    if len(data) > MAX_BYTES:
        raise DerError(f"{name} is longer than {MAX_BYTES} bytes")
    fields = Fields(data)
    element = fields.take(tag, name)
    fields.end(name)
    return element


def check_set_order(elements: list[Element], name: str) -> None:
    """Refuse a SET OF that is not in ascending order of its encodings, or holds one twice (§11.6)."""
    encodings = [element.encoded for element in elements]
    if any(a >= b for a, b in pairwise(encodings)):
        raise DerError(f"{name} is not in the order of DER")


def _read(data: bytes, place: int) -> Element:
    head = data[place : place + 2]
    if len(head) < 2:
        raise DerError("the data ends in the middle of a value")
    if head[0] & 0x1F == 0x1F:
        raise DerError("a tag of more than one byte")
    length, start = head[1], place + 2
    if length & 0x80:
        count = length & 0x7F
        digits = data[start : start + count]
        length, start = int.from_bytes(digits, "big"), start + count
        if not 1 <= count <= 3 or len(digits) < count or digits[0] == 0 or length < 0x80:
            raise DerError("a length is not in its shortest definite form")
    if start + length > len(data):
        raise DerError("the data ends in the middle of a value")
    return Element(head[0], data[start : start + length], data[place : start + length])
