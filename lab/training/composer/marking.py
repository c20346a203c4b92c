"""A decoder that marks what it plays: audiocraft's, what tells it the mark, and its training (decision 0354).

    python -m lab.training.composer --one-core marking layers --seconds 480

Three tries. `layers`: the mark's signs scale and shift the channels of every layer. `gate`: the product's
embedder becomes the decoder's last layer, in one pass, without reading back and without a mask. `clock`:
instead of signs of any key the decoder is told where in a block it is, and learns one block of one tenant by
heart.
"""

import random
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lab.training.composer.music import Music, drawn
from lab.training.composer.running import Mean
from lab.training.decoders.distance import Distance
from lab.training.watermark import channel
from lab.training.watermark.__main__ import sample_cells
from provenance.generate import Shape
from provenance.generate.composer import codec as untrained
from provenance.watermark import code, masking, model
from provenance.watermark.chips import BLOCK_COLUMNS, layout
from provenance.watermark.grid import (
    CELL_BANDS,
    CELL_FRAMES,
    HOP,
    RATE,
    STRIDE,
    istft,
    log_rows,
    spread_chips,
    stft,
    synthesis_matrix,
)
from provenance.watermark.key import WatermarkKey
from provenance.watermark.level import CEILING_DB, MAX_RELATIVE_GAIN, SNR_DB
from provenance.watermark.network import Embedder, NetworkConfig

Kind = Literal["layers", "gate", "clock"]
KINDS: tuple[Kind, ...] = ("layers", "gate", "clock")
COLUMN = CELL_FRAMES * HOP
"""Samples of a column of the mark at its own rate."""
TENANT = WatermarkKey(np.random.default_rng(zlib.crc32(b"clock")).bytes(32))
"""Whose block `clock` learns."""
TRACK = bytes(8)
"""The message in it."""
WIDTH = 64
FIRST_GAIN = 1.5
ATTACKS = ("identity", "noise", "noise", "lowpass", "highpass", "equalise", "compress", "respeed")


@dataclass(frozen=True)
class Plan:
    """How a decoder that marks is trained.

    Attributes:
        batch: excerpts of a step.
        columns: of the mark in an excerpt.
        learning_rate: of what is added to the decoder.
        decoder_rate: of the decoder itself.
        loud_ceiling_db: of the difference over the mask at first, whence it falls to the embedder's.
        quiet_from: step at which it is there.
        distance: weight of the spectral distance to what the untouched decoder plays.
        excess: weight of a decibel above the ceiling, mean over bands and frames.
        made: share of excerpts that come from the lab's tunes.
    """

    batch: int = 2
    columns: int = 30
    learning_rate: float = 2e-3
    decoder_rate: float = 1e-4
    loud_ceiling_db: float = 8.0
    quiet_from: int = 250
    distance: float = 0.1
    excess: float = 0.5
    made: float = 0.25


def block() -> Tensor:
    """Signs of the block that `clock` learns, [CELL_BANDS, BLOCK_COLUMNS]."""
    return torch.from_numpy(layout(TENANT).chips(code.encode(TRACK, TENANT), 0, BLOCK_COLUMNS))


def columns_of(frames: int, hop: int) -> Tensor:
    """Column of the mark that lies at the middle of each frame of the codec, [N]."""
    middles = torch.arange(frames) * hop + hop // 2
    return torch.div(middles + HOP // 2, COLUMN, rounding_mode="floor")


class MarkingDecoder(nn.Module):
    """audiocraft's decoder and what tells it the mark.

    Before it is trained nothing is added to what it plays, except by `gate`, which begins as the embedder.
    """

    def __init__(self, decoder: Any, shape: Shape, kind: Kind) -> None:
        super().__init__()
        if shape.rate != RATE:
            raise ValueError(f"the mark's grid is of {RATE} Hz, the codec of {shape.rate}")
        self.decoder, self.hop, self.kind = decoder, shape.hop, kind
        whole = BLOCK_COLUMNS * COLUMN // shape.hop
        self.table = nn.Embedding(whole, CELL_BANDS) if kind == "clock" else None
        self.heads = nn.ModuleList()
        if kind == "gate":
            self.gate = Embedder(NetworkConfig())
            self.gate.load_state_dict(model.shipped().embedder.state_dict())
            self.loudness = nn.Parameter(torch.tensor(FIRST_GAIN))
            return
        self.listen = nn.Sequential(
            nn.Conv1d(CELL_BANDS, WIDTH, 5, padding=2),
            nn.SiLU(),
            nn.Conv1d(WIDTH, WIDTH, 5, padding=2),
            nn.SiLU(),
        )
        widths = [shape.width << stage for stage in range(len(shape.strides), -1, -1)]
        self.heads.extend(nn.Conv1d(WIDTH, 2 * width, 1) for width in widths)
        for head in self.heads:
            for value in head.parameters():
                nn.init.zeros_(value)

    @property
    def added(self) -> list[nn.Parameter]:
        """Parameters that the decoder had not."""
        mine = {id(value) for value in self.decoder.parameters()}
        return [value for value in self.parameters() if id(value) not in mine]

    def forward(self, frames: Tensor, signs: Tensor, *, first: int = 0) -> Tensor:
        """Play frames with the mark.

        Args:
            frames: quantised, [B, D, N].
            signs: of columns from the first frame on, ±1, [B, CELL_BANDS, columns]; zero for no mark.
                `clock` takes nothing from it but whether it is zero.
            first: place in the clock's block of the first frame, in frames.

        Returns:
            Audio, [B, 1, N * hop].
        """
        if self.kind == "gate":
            return self._gated(frames, signs)
        number = frames.shape[-1]
        at = columns_of(number, self.hop).clamp_max(signs.shape[-1] - 1)
        told = signs[..., at]
        if self.table is not None:
            place = (first + torch.arange(number)) % self.table.num_embeddings
            told = self.table(place).T[None] * told.abs()
        amount = told.abs().amax(1, keepdim=True)
        heard, there = self.listen(told) * amount, amount > 0.0
        return self._through(frames, lambda stage, wav: _moved(wav, self.heads[stage](heard) * there))

    def _gated(self, frames: Tensor, signs: Tensor) -> Tensor:
        played = self._through(frames, lambda _stage, wav: wav)[:, 0]
        spectrum = stft(played)
        frames_heard = spectrum.shape[-1]
        spectrum = F.pad(spectrum, (0, frames_heard % STRIDE))
        signs = F.pad(signs, (0, max(0, -(-spectrum.shape[-1] // CELL_FRAMES) - signs.shape[-1])))
        level = torch.full_like(spectrum.real[:, 0], SNR_DB)
        pattern = self.gate(log_rows(spectrum), signs, level) * spread_chips(signs, spectrum.shape[-1]).abs()
        gains = MAX_RELATIVE_GAIN * torch.tanh(self.loudness * (synthesis_matrix() @ pattern))
        return istft((spectrum * (1.0 + gains))[..., :frames_heard], played.shape[-1])[:, None]

    def _through(self, frames: Tensor, visit: Callable[[int, Tensor], Tensor]) -> Tensor:
        """The decoder's layers, with a visit before each activation between blocks: one for each width."""
        wav, stage = frames, 0
        for layer in self.decoder.model:
            if isinstance(layer, nn.ELU):
                wav = visit(stage, wav)
                stage += 1
            wav = layer(wav)
        return wav[..., : frames.shape[-1] * self.hop]


def _moved(wav: Tensor, told: Tensor) -> Tensor:
    """Channels scaled and shifted, [B, C, T] by [B, 2 C, N]."""
    scale, shift = F.interpolate(told, wav.shape[-1], mode="linear").chunk(2, 1)
    return wav * (1.0 + scale) + shift


class MarkingTraining:
    """One decoder that marks, the untouched one beside it, and the product's reader."""

    def __init__(self, music: Music, shape: Shape, codec: Any, kind: Kind, plan: Plan) -> None:
        torch.manual_seed(0)
        self.plan, self.kind, self.device = plan, kind, torch.device("cpu")
        self.pieces, self.wav = music.chosen(held_out=False), music.wav
        self.codec = codec.eval().requires_grad_(False)
        self.reader = model.shipped().decoder
        self.marking = MarkingDecoder(_copy(codec, shape), shape, kind).train()
        self.mean = Mean(self.marking, decay=0.98)
        self.optimiser = torch.optim.Adam(
            [
                {"params": self.marking.added, "lr": plan.learning_rate},
                {"params": self.marking.decoder.parameters(), "lr": plan.decoder_rate},
            ],
            betas=(0.8, 0.98),
        )
        self.spectra = Distance(shape.rate, phases=False)
        self.steps_of_block = 5 * COLUMN // shape.hop

    def step(self, number: int) -> dict[str, float]:
        """One step.

        Returns:
            Loss of the reader in nats per cell, cells read rightly, distance, and excess over the mask in dB.
        """
        rng = np.random.default_rng(number)
        frames, signs, first = self._batch(rng)
        with torch.no_grad():
            plain = self.codec.decoder(frames)[..., : frames.shape[-1] * self.marking.hop]
        played = self.marking(frames, signs, first=first)
        name = ATTACKS[int(rng.integers(len(ATTACKS)))]
        received = channel.ATTACKS[name][1](played[:, 0], _chance(rng))
        rows = log_rows(stft(received.wav))
        logits = self.reader(rows[..., : rows.shape[-1] // 2 * 2])
        cells, inside = sample_cells(logits, self.plan.columns, delay=0, speed=received.speed)
        agreeing = (cells * signs)[..., inside]
        reading = F.softplus(-agreeing).mean()
        distance = self.spectra(played[:, 0], plain[:, 0])
        falling = max(0.0, 1.0 - number / self.plan.quiet_from)
        excess = excess_db(played, plain, CEILING_DB + falling * (self.plan.loud_ceiling_db - CEILING_DB))
        self.optimiser.zero_grad()
        torch.autograd.backward([reading + self.plan.distance * distance + self.plan.excess * excess])
        nn.utils.clip_grad_norm_(self.marking.parameters(), 1.0)
        self.optimiser.step()
        self.mean.follow(self.marking)
        right = (agreeing > 0).float().mean()
        told = {"reading": reading, "right": right, "distance": distance, "excess_db": excess}
        return {name: float(value.detach()) for name, value in told.items()}

    def state(self) -> dict[str, Any]:
        """All that the next step depends on."""
        return {
            "marking": self.marking.state_dict(),
            "mean": self.mean.state(),
            "optimiser": self.optimiser.state_dict(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go back to a state."""
        self.marking.load_state_dict(state["marking"])
        self.mean.restore(state["mean"])
        self.optimiser.load_state_dict(state["optimiser"])

    def _batch(self, rng: np.random.Generator) -> tuple[Tensor, Tensor, int]:
        """Quantised frames, signs, and the first frame's place in the clock's block."""
        length = self.plan.columns * COLUMN
        starts = drawn(self.pieces, self.plan.batch, length, self.plan.made, rng)
        wav = self.wav[starts[:, None] + torch.arange(length)][:, None]
        with torch.no_grad():
            frames = self.codec.decode_latent(self.codec.encode(wav)[0])
        if self.kind != "clock":
            shape = (self.plan.batch, CELL_BANDS, self.plan.columns)
            return frames, torch.from_numpy(rng.choice([-1.0, 1.0], shape)).float(), 0
        begun = int(rng.integers(BLOCK_COLUMNS // 5))
        at = (5 * begun + torch.arange(self.plan.columns)) % BLOCK_COLUMNS
        return frames, block()[:, at].expand(self.plan.batch, -1, -1), begun * self.steps_of_block


def excess_db(played: Tensor, plain: Tensor, ceiling_db: float) -> Tensor:
    """How far the difference rises above mask and ceiling, mean over bands and frames, [B, 1, T] twice."""
    noise, host = (stft(wav[:, 0]) for wav in (played - plain, plain))
    ratio = masking.noise_to_mask_db(_power(noise), _power(host))
    return (ratio - ceiling_db).clamp_min(0.0).mean()


def _power(spectrum: Tensor) -> Tensor:
    return spectrum.real.square() + spectrum.imag.square()


def _copy(codec: Any, shape: Shape) -> Any:
    """The codec's decoder again, to be changed."""
    made = untrained(shape).decoder
    made.load_state_dict(codec.decoder.state_dict())
    return made


def _chance(rng: np.random.Generator) -> random.Random:
    return random.Random(int(rng.integers(1 << 30)))


def kind_of(name: str) -> Kind:
    """A try by its name.

    Raises:
        ValueError: there is no such try.
    """
    for kind in KINDS:
        if kind == name:
            return kind
    raise ValueError(f"no try {name!r}: there are {', '.join(KINDS)}")
