"""Mark audio while it is being made: chunks in, chunks out, each sample once, with a constant delay.

The mark is the one that `embed` gives: the same chips at the same places of the same grid, by the same
networks. Only how loud it is in a passage rests on less: `embed` looks five seconds ahead, a stream a second
and a half. How near that comes is in `docs/benchmarks/watermark-stream.md`.
"""

import torch
from torch import Tensor

from core.blocks import Piece
from core.counted import counted
from core.errors import WatermarkError
from provenance.watermark import chips, code, embedding, model
from provenance.watermark.embedding import Meter
from provenance.watermark.grid import COLUMNS_PER_S
from provenance.watermark.key import WatermarkKey

STEP_COLUMNS, AHEAD_COLUMNS, BEHIND_COLUMNS = 5, 15, 30
"""0.48 s, 1.44 s and 2.88 s: whole numbers of samples at every usual rate. The first two make the delay."""
LATENCY_COLUMNS = STEP_COLUMNS + AHEAD_COLUMNS
FADE_S = 0.02


class Stream:
    """A stream of audio that is marked as it comes.

    Attributes:
        latency: samples between a sample's coming in and its going out, at most; 1.92 s.
        meter: energies of host and mark so far.
    """

    def __init__(
        self,
        sample_rate: int,
        message: bytes,
        key: WatermarkKey,
        *,
        strength: float = 1.0,
        networks: model.Model | None = None,
    ) -> None:
        """Begin a stream; arguments as of `embed`.

        Raises:
            WatermarkError: the message is not of eight bytes.
        """
        self._column = sample_rate / COLUMNS_PER_S
        self._step, ahead, self._behind = (
            round(columns * self._column) for columns in (STEP_COLUMNS, AHEAD_COLUMNS, BEHIND_COLUMNS)
        )
        self.latency = self._step + ahead
        self.meter = Meter()
        self._sample_rate, self._strength = sample_rate, strength
        self._networks = networks or model.shipped()
        self._layout, self._signs = chips.layout(key), code.encode(message, key)
        self._start_column = chips.start_column(key, message)
        self._fade = torch.linspace(0.0, 1.0, round(FADE_S * sample_rate))
        self._held = torch.zeros(0, 0)
        self._first = 0  # sample of the stream at which `_held` begins
        self._out = 0  # samples given out
        self._tail: Tensor | None = None  # how the last piece would have gone on
        self._peak = 0.0

    def push(self, wav: Tensor) -> Tensor:
        """Take in audio, [C, any length]; give out what is marked by now, [C, any length].

        Raises:
            WatermarkError: samples that are not finite, or another number of channels than before.
        """
        if not bool(torch.isfinite(wav).all()):
            raise WatermarkError(embedding.NOT_FINITE)
        if not len(self._held):
            self._held = wav[:, :0]
        if wav.shape[0] != self._held.shape[0]:
            raise WatermarkError(
                f"the stream has {counted(self._held.shape[0], 'channel')}, and now {wav.shape[0]} came"
            )
        self._held = torch.cat([self._held, wav], -1)
        if wav.numel():
            self._peak = max(self._peak, float(wav.abs().max()))
        ready = []
        while self._first + self._held.shape[-1] - self._out >= self.latency:
            ready.append(self._next(self._step))
        return torch.cat(ready, -1) if ready else wav[:, :0]

    def close(self) -> Tensor:
        """End the stream; give out the rest, [C, at most `latency`].

        Raises:
            WatermarkError: the whole was shorter than one block (1.9 s), or silent.
        """
        end = self._first + self._held.shape[-1]
        embedding.refuse_short(end, self._sample_rate)
        embedding.refuse_silence(self._peak)
        return self._next(end - self._out) if end > self._out else self._held[:, :0]

    def _next(self, length: int) -> Tensor:
        """The next `length` samples, marked, and prepared for those after them."""
        first = self._out - self._first
        ahead = min(first + length + len(self._fade), self._held.shape[-1])
        heard = self._held[:, : first + self.latency]  # no more, so that chunks of any length give the same
        piece = Piece(heard, self._first, first, ahead)
        columns = int(piece.wav.shape[-1] / self._column) + 2
        spread = self._layout.chips(
            self._signs, self._start_column + round(piece.start / self._column), columns
        )
        with torch.no_grad():
            whole = embedding.mark(
                piece, self._sample_rate, torch.from_numpy(spread), self._strength, self._networks
            )
        marked, tail = whole[:, :length], whole[:, length:]
        if self._tail is not None:  # from how the last piece heard it to how this one does
            common = min(self._tail.shape[-1], length)
            fade = self._fade[:common]
            marked = torch.cat(
                [self._tail[:, :common] * (1.0 - fade) + marked[:, :common] * fade, marked[:, common:]], -1
            )
        core = piece.core[:, :length]
        self.meter.host += float(core.double().square().sum())
        self.meter.mark += float((marked - core).double().square().sum())
        self._tail = tail
        self._out += length
        keep = max(0, self._out - self._behind)
        self._held = self._held[:, keep - self._first :].clone()
        self._first = keep
        return marked
