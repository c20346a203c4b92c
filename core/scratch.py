"""Audio too long for memory: samples in files without a name, mapped, whose pages can be let go.

An hour of stereo is 1.3 GB as float32, and whoever walks along it needs a minute of it at a time. So what is
longer than `HELD_BYTES` lies in a file of the temporary folder (`TMPDIR`) that has no name and ends with its
tensor. A tensor over a file is one like any other; `forget` drops the pages that were read, which cost memory
but no reading from the disk while the system has room for them.
"""

import math
import mmap
import os
import sys
import tempfile
import weakref
from collections.abc import Callable, Iterator, Sequence
from typing import Any, BinaryIO, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

HELD_BYTES = 1 << 25
"""What is held in memory: a minute and a half of stereo."""
STRETCH = 1 << 18
"""Samples that `stretches` gives at a time."""
_ITEM = 4
_AROUND = 1 << 16
"""Linux brings in a page that is read with those around it, of a stretch of so many bytes."""
_MAPPED: "weakref.WeakValueDictionary[int, mmap.mmap]" = weakref.WeakValueDictionary()
"""Mapped files by their address."""


class Recording:
    """Samples that come in blocks and are wanted as one tensor, which outlives the `with` block.

    Args:
        channels: C.
        most_bytes: all samples together take no more.
    """

    def __init__(self, channels: int, most_bytes: int) -> None:
        self._channels = channels
        room = most_bytes // channels
        self._room = room + -room % mmap.ALLOCATIONGRANULARITY
        self._held: list[NDArray[np.float32]] = []
        self._held_bytes = self._written = 0
        self._file: BinaryIO | None = None

    def __enter__(self) -> "Recording":
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def add(self, block: NDArray[np.float32]) -> None:
        """Take the next samples, [C, any length].

        Raises:
            OSError: the temporary folder has no room.
        """
        self._held.append(block)
        self._held_bytes += block.nbytes
        if self._held_bytes > HELD_BYTES or self._file is not None:
            self._write()

    def wav(self) -> Tensor:
        """All samples, [C, T]; each channel is contiguous. To be asked once, after the last block."""
        if self._file is None:
            return torch.from_numpy(np.concatenate(self._held, axis=1))
        samples = self._written // _ITEM
        size = (self._channels - 1) * self._room + self._written
        self._file.truncate(size)
        row = self._room // _ITEM
        return _mapped(self._file, size).as_strided((self._channels, samples), (row, 1))

    def _write(self) -> None:
        """Put what is held where it belongs: each channel has a part of the file, mostly never written."""
        self._file = self._file or tempfile.TemporaryFile()  # noqa: SIM115  # closed on leaving
        for block in self._held:
            for number, channel in enumerate(block):
                place = number * self._room + self._written
                _write_all(self._file.fileno(), np.ascontiguousarray(channel).data.cast("B"), place)
            self._written += block.shape[1] * _ITEM
        self._held, self._held_bytes = [], 0


def empty(shape: Sequence[int], like: Tensor | None = None) -> Tensor:
    """A contiguous tensor to be filled, in memory or, where it is long, over a file.

    Args:
        shape: of the tensor.
        like: has its type and device; only float32 of the processor lies in files. None is such.

    Raises:
        OSError: the temporary folder has no room.
    """
    size = _ITEM * math.prod(shape)
    if like is not None and (like.dtype, like.device.type) != (torch.float32, "cpu"):
        return like.new_empty(*shape)
    if size <= HELD_BYTES or sys.platform != "linux":
        return torch.empty(*shape)
    with tempfile.TemporaryFile() as file:
        # a page that finds no room when it is written to would end the process
        os.posix_fallocate(file.fileno(), 0, size)
        return _mapped(file, size).view(*shape)


def forget(values: Tensor | NDArray[Any]) -> None:
    """Let go of the pages under values that lie in a file; of others, do nothing.

    Args:
        values: [..., T], a tensor over a file or a part of one; reading it again brings it back.
    """
    if not _MAPPED or sys.platform != "linux":
        return
    wav = values if isinstance(values, Tensor) else torch.from_numpy(values)
    if wav.numel() == 0 or wav.device.type != "cpu":
        return
    for known in _MAPPED.valuerefs():  # a copy in one step: other threads map meanwhile
        mapping, place = known(), wav.data_ptr() - known.key
        if mapping is not None and 0 <= place < len(mapping):
            for row in _rows(wav, place):
                first = max(0, row - (known.key + row) % _AROUND)
                last = row + wav.element_size() * wav.shape[-1]
                last = min(len(mapping), last + -(known.key + last) % _AROUND)
                mapping.madvise(mmap.MADV_DONTNEED, first, last - first)


def stretches(wav: Tensor) -> Iterator[Tensor]:
    """Walk along audio, [..., T], in parts [..., up to STRETCH] that are let go one after another."""
    for part in torch.split(wav, STRETCH, dim=-1):
        yield part
        forget(part)


def made(wav: Tensor, make: Callable[[Tensor], Tensor]) -> Tensor:
    """What is made of audio, part by part where it is long.

    Args:
        wav: [C, T].
        make: makes something of a part, [C, N] to [..., N], each sample for itself.

    Returns:
        [..., T].
    """
    if wav.shape[-1] <= STRETCH:
        return make(wav)
    whole: Tensor | None = None
    for number, part in enumerate(stretches(wav)):
        piece = make(part)
        if whole is None:
            whole = empty((*piece.shape[:-1], wav.shape[-1]), piece)
        fill(whole, number * STRETCH, piece)
    return cast(Tensor, whole)


def fill(whole: Tensor, start: int, piece: Tensor) -> None:
    """Put a piece, [..., N], at its place in a tensor of `empty`, and let go of it there."""
    place = whole[..., start : start + piece.shape[-1]]
    place.copy_(piece)
    forget(place)


def _rows(wav: Tensor, first: int) -> list[int]:
    """Where each row of a tensor begins, in bytes, if its first one begins at `first`."""
    places = [first]
    for length, stride in zip(wav.shape[:-1], wav.stride()[:-1], strict=True):
        places = [place + wav.element_size() * stride * n for place in places for n in range(length)]
    return places


def _mapped(file: BinaryIO, size: int) -> Tensor:
    """What a file holds, which need not stay open, [size / 4]."""
    mapping = mmap.mmap(file.fileno(), size)  # shared: what is written reaches the file and can be let go
    samples = torch.from_numpy(np.frombuffer(mapping, np.float32))
    _MAPPED[samples.data_ptr()] = mapping
    return samples


def _write_all(file: int, data: memoryview, place: int) -> None:
    while data:
        done = os.pwrite(file, data, place)
        data, place = data[done:], place + done
