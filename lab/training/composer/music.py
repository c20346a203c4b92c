"""Music as a composer learns from it: one compressed recording that travels, and the table of its pieces."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import torch
from torch import Tensor

WAVE, TABLE = "music.ogg", "music.json"


@dataclass(frozen=True)
class Piece:
    """A recording within the folder's one.

    Attributes:
        source: the collection, or `tunes`.
        first: sample it begins at.
        length: in samples.
        held_out: whether it is kept from training.
    """

    source: str
    first: int
    length: int
    held_out: bool

    @property
    def made(self) -> bool:
        """Whether the lab made it."""
        return self.source == "tunes"


@dataclass(frozen=True)
class Music:
    """All pieces, end to end.

    Attributes:
        wav: mono, [T].
        rate: in Hz.
        pieces: where each lies.
    """

    wav: Tensor
    rate: int
    pieces: tuple[Piece, ...]

    def chosen(self, *, held_out: bool) -> tuple[Piece, ...]:
        """Pieces on one side of the split."""
        return tuple(piece for piece in self.pieces if piece.held_out == held_out)

    def of(self, piece: Piece) -> Tensor:
        """A piece's samples, [T]."""
        return self.wav[piece.first : piece.first + piece.length]


def drawn(pieces: Sequence[Piece], number: int, length: int, made: float, rng: np.random.Generator) -> Tensor:
    """Where excerpts begin, [B]: the share `made` of them in the lab's tunes, every second equally likely."""
    starts = []
    for mine in rng.random(number) < made:
        fits = [p for p in pieces if p.made == mine and p.length >= length]
        fits = fits or [p for p in pieces if p.length >= length]
        if not fits:
            raise ValueError(
                f"no piece holds {length} samples: pack longer ones, or ask for shorter excerpts"
            )
        room = np.array([p.length - length + 1 for p in fits], float)
        piece = fits[int(rng.choice(len(fits), p=room / room.sum()))]
        starts.append(piece.first + int(rng.integers(piece.length - length + 1)))
    return torch.tensor(starts)


def load(folder: Path) -> Music:
    """What `pack` wrote."""
    table = json.loads((folder / TABLE).read_text(encoding="utf-8"))
    wav, rate = soundfile.read(folder / WAVE, dtype="float32")
    pieces = tuple(Piece(**row) for row in table["pieces"])
    if rate != table["rate"] or len(wav) != pieces[-1].first + pieces[-1].length:
        raise ValueError(f"{folder} is damaged: pack it again")
    return Music(torch.from_numpy(wav), rate, pieces)
