"""Long audio in bounded memory: a stream of blocks cut into overlapping pieces."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Piece:
    """A stretch of audio with what lies around it.

    Attributes:
        wav: samples with context on both sides, [C, T].
        start: sample of the stream at which `wav` begins.
        first: where the stretch itself begins in `wav`.
        last: where it ends in `wav` (exclusive).
    """

    wav: Tensor
    start: int
    first: int
    last: int

    @property
    def core(self) -> Tensor:
        """The stretch without its context, [C, last - first]."""
        return self.wav[:, self.first : self.last]


def pieces(blocks: Iterable[Tensor], step: int, context: int = 0) -> Iterator[Piece]:
    """Cut a stream into stretches of `step` samples, each with `context` samples around it.

    Args:
        blocks: audio in order, each [C, any length].
        step: samples per stretch; the last one may be shorter.
        context: samples wanted on each side, fewer only at the ends of the stream.

    Yields:
        Pieces whose stretches join without gap or overlap.
    """
    held: list[Tensor] = []
    start, begin, end = 0, 0, 0  # first sample held, first sample still to be given out, end of what came
    for block in blocks:
        held.append(block)
        end += block.shape[-1]
        while end - begin >= step + context:
            wav = _joined(held)
            stop = begin + step
            yield Piece(wav[:, : stop + context - start], start, begin - start, stop - start)
            begin, keep = stop, max(0, stop - context)
            held, start = [wav[:, keep - start :].clone()], keep
    while begin < end:
        wav = _joined(held)
        stop = min(end, begin + step)
        yield Piece(wav[:, : stop + context - start], start, begin - start, stop - start)
        begin, keep = stop, max(0, stop - context)
        held, start = [wav[:, keep - start :]], keep


def _joined(parts: list[Tensor]) -> Tensor:
    """Parts as one, [C, T]; without a copy where only one is not empty."""
    filled = [part for part in parts if part.shape[-1]]
    return filled[0] if len(filled) == 1 else torch.cat(parts, -1)
