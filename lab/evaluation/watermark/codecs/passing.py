"""Codecs to send audio through: Lyra in a process of another environment, the composer's own in this one."""

import json
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from core.resample import resample
from lab.training.composer import snapshots
from lab.training.composer.codec import FINE
from lab.training.composer.running import used
from provenance.generate import Shape
from provenance.generate.composer import codec
from provenance.watermark.grid import RATE

LYRA_RATE = 16_000
STAGES = {"Lyra 3.2": 16, "Lyra 6": 30, "Lyra 9.2": 46, "Lyra unquantised": 0}
"""Names, with kbit/s, and stages of 4 bits in each of 50 frames a second."""

BOOKS = (2, 4, 8, 13, 16)
"""Of the composer's codec."""
OWN = {"own": (Shape(), BOOKS), "fine": (FINE, (4, 8, 16))}
"""The lab's codecs: shape, and numbers of codebooks to ask for."""


class Codecs(Protocol):
    """One network at several rates.

    Attributes:
        names: of the rates.
    """

    names: tuple[str, ...]

    def through(self, wav: Tensor, names: tuple[str, ...]) -> dict[str, Tensor]:
        """Audio at `grid.RATE`, [1, T], as it comes out at each of some rates, [1, T]."""
        ...


class Lyra:
    """Lyra v2, which has no delay: frame by frame it says what it heard."""

    names: tuple[str, ...] = tuple(STAGES)

    def __init__(self, python: Path, folder: Path, files: Path) -> None:
        command = [str(python), "-m", "lab.evaluation.watermark.codecs.lyra_child", str(folder)]
        self._child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._path, self._out = files / "in.npy", files / "out.npy"

    def through(self, wav: Tensor, names: tuple[str, ...]) -> dict[str, Tensor]:
        """As `Codecs`.

        Raises:
            RuntimeError: the process has ended; what it said stands on standard error.
        """
        if self._child.stdin is None or self._child.stdout is None:
            raise RuntimeError("the process has no pipes")
        np.save(self._path, resample(wav, RATE, LYRA_RATE)[0].numpy())
        asked = {
            "path": str(self._path),
            "stages": [STAGES[name] for name in names],
            "out": str(self._out),
        }
        self._child.stdin.write(json.dumps(asked) + "\n")
        self._child.stdin.flush()
        if not self._child.stdout.readline():
            raise RuntimeError("Lyra did not answer")
        heard = torch.from_numpy(np.load(self._out))
        return {
            name: as_long(resample(one[None], LYRA_RATE, RATE), wav)
            for name, one in zip(names, heard, strict=True)
        }

    def close(self) -> None:
        """End the process."""
        with suppress(BrokenPipeError), self._child:  # closes both pipes, then waits; it may have ended
            pass


class Composers:
    """One of the lab's codecs (`OWN`), from the snapshot in a folder, at some numbers of its codebooks.

    Raises:
        FileNotFoundError: the folder holds none.
    """

    def __init__(self, folder: Path, shape: Shape, books: tuple[int, ...]) -> None:
        kept = snapshots.read(folder)
        if kept is None:
            raise FileNotFoundError(f"no snapshot of a codec in {folder}")
        self.step, state = kept
        self.shape = shape
        self._codec: Any = codec(shape)
        self._codec.load_state_dict(used(state))
        self._codec.eval()
        self._books = {f"composer {shape.bit_rate(number) / 1000:.2g}": number for number in books}
        self._books["composer unquantised"] = 0
        self.names: tuple[str, ...] = tuple(self._books)

    def through(self, wav: Tensor, names: tuple[str, ...]) -> dict[str, Tensor]:
        """As `Codecs`."""
        with torch.no_grad():
            frames = self._codec.encoder(resample(wav, RATE, self.shape.rate)[None])
            return {name: self._played(frames, self._books[name], wav) for name in names}

    def surrogate(self, books: int) -> Callable[[Tensor], Tensor]:
        """The codec with so many books, [1, T] to [1, T] at `grid.RATE`; gradients pass its books by."""
        self._codec.set_num_codebooks(books)

        def through(wav: Tensor) -> Tensor:
            frames = self._codec.encoder(resample(wav, RATE, self.shape.rate)[None])
            with torch.no_grad():
                lost = self._codec.quantizer.decode(self._codec.quantizer.encode(frames)) - frames
            return as_long(resample(self._codec.decoder(frames + lost)[0], self.shape.rate, RATE), wav)

        return through

    def _played(self, frames: Tensor, books: int, wav: Tensor) -> Tensor:
        if books:
            self._codec.set_num_codebooks(books)
            frames = self._codec.quantizer.decode(self._codec.quantizer.encode(frames))
        return as_long(resample(self._codec.decoder(frames)[0], self.shape.rate, RATE), wav)


def as_long(wav: Tensor, other: Tensor) -> Tensor:
    """Audio, [1, T], cut or filled with silence to the length of another."""
    length = other.shape[-1]
    return torch.nn.functional.pad(wav, (0, max(0, length - wav.shape[-1])))[:, :length]
