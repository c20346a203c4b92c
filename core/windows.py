"""Parts of an open file as files of their own. Standard library only."""

import io
import os
from typing import BinaryIO


class Window(io.RawIOBase):
    """The bytes from `start` to `end` of a file, some of them replaced.

    Args:
        file: readable and seekable.
        start, end: the part.
        patches: what to read instead, by place in the file; the replaced bytes are as many as the new ones.
    """

    def __init__(self, file: BinaryIO, start: int, end: int, patches: dict[int, bytes] | None = None) -> None:
        self._file, self._start, self._end, self._place = file, start, end, 0
        self._patches = patches or {}

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True

    def tell(self) -> int:
        """Place in the part."""
        return self._place

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place in the part."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._end - self._start}[whence]
        self._place = max(0, base + offset)
        return self._place

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes; all that follow for a negative one."""
        first = self._start + self._place
        left = max(0, self._end - first)
        if not left:
            return b""  # perhaps further than any file reaches: a header said so
        self._file.seek(first)
        data = self._file.read(left if size < 0 else min(size, left))
        self._place += len(data)
        if not self._patches:
            return data
        changed = bytearray(data)
        for place, new in self._patches.items():
            low, high = max(place, first), min(place + len(new), first + len(data))
            if low < high:
                changed[low - first : high - first] = new[low - place : high - place]
        return bytes(changed)
