"""Decoders that mark what they play: what they add, and where, and that training goes on to the bit."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from lab.training.composer import codec as hearing
from lab.training.composer import marking
from lab.training.composer.marking import KINDS, Kind, MarkingDecoder, MarkingTraining, Plan
from lab.training.composer.music import Music, Piece
from lab.training.composer.running import run
from provenance.generate import Shape
from provenance.generate.composer import codec as built
from provenance.watermark.grid import CELL_BANDS, HOP, log_rows, spread_chips, stft
from tests.signals import music as song

SHAPE = Shape(24_000, (8, 5, 4, 3), 4, 16, 2, 16, 32, 1, 2, 5)
FRAMES = 96
"""One block of the mark."""
PLAN = Plan(batch=1, columns=20, quiet_from=2)


@pytest.fixture(scope="module")
def codec() -> Any:
    """Untrained, with codes that differ."""
    torch.manual_seed(3)
    made = built(SHAPE)
    for layer in made.quantizer.vq.layers:
        layer._codebook.embed.copy_(torch.randn(layer._codebook.embed.shape))
        layer._codebook.inited.fill_(1.0)
    return made.eval().requires_grad_(False)


def signs(seed: int = 0) -> Tensor:
    rng = np.random.default_rng(seed)
    return torch.from_numpy(rng.choice([-1.0, 1.0], (1, CELL_BANDS, 20))).float()


def frames(number: int = FRAMES) -> Tensor:
    return torch.randn(1, SHAPE.dimension, number, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("kind", KINDS)
def test_without_a_mark_nothing_is_added(codec: Any, kind: Kind) -> None:
    made = MarkingDecoder(codec.decoder, SHAPE, kind)
    with torch.no_grad():
        for head in made.heads:  # as if trained
            for value in head.parameters():
                value.normal_()
        plain = codec.decoder(frames())[..., : FRAMES * SHAPE.hop]
        muted = made(frames(), torch.zeros_like(signs()))
        marked = made(frames(), signs())
    assert muted.shape == plain.shape == marked.shape
    torch.testing.assert_close(muted, plain, atol=1e-5, rtol=1e-3)
    assert float((marked - plain).abs().max()) > 1e-4


def test_signs_lie_where_the_reader_looks(codec: Any) -> None:
    made = MarkingDecoder(codec.decoder, SHAPE, "gate")
    with torch.no_grad():
        plain, marked = made(frames(), torch.zeros_like(signs())), made(frames(), signs())
        moved = log_rows(stft(marked[:, 0])) - log_rows(stft(plain[:, 0]))
    wanted = spread_chips(signs(), 120)
    late = wanted.roll(6, 2)
    right, wrong = (
        np.corrcoef(moved[..., :120].flatten(), signs.flatten())[0, 1] for signs in (wanted, late)
    )
    # 760 fair coins have a deviation of 0.036
    assert right > 0.15 and abs(wrong) < 0.12


def test_a_frame_of_the_codec_hears_the_column_in_its_middle() -> None:
    columns = marking.columns_of(FRAMES, SHAPE.hop)
    middle = torch.arange(FRAMES) * SHAPE.hop + SHAPE.hop // 2
    nearest_frame = (middle + HOP // 2) // HOP
    assert torch.equal(columns, nearest_frame // 6) and int(columns[-1]) == 19


def test_the_clock_comes_round_with_the_block(codec: Any) -> None:
    made = MarkingDecoder(codec.decoder, SHAPE, "clock")
    assert made.table is not None and made.table.num_embeddings == FRAMES
    with torch.no_grad():
        for head in made.heads:
            for value in head.parameters():
                value.normal_()
        one, other = (made(frames(), signs(), first=first) for first in (0, FRAMES))
        moved = made(frames(), signs(seed=5), first=24)
    torch.testing.assert_close(one, other)
    assert not torch.allclose(one, moved)


@pytest.mark.parametrize("kind", KINDS)
def test_a_training_that_stops_goes_on_to_the_bit(codec: Any, kind: Kind, tmp_path: Path) -> None:
    wav = song(6.0, SHAPE.rate).mean(0)
    tape = Music(wav, SHAPE.rate, (Piece("shelf", 0, len(wav), False),))

    def training() -> MarkingTraining:
        return MarkingTraining(tape, SHAPE, codec, kind, PLAN)

    whole, first, second = training(), training(), training()
    run(whole, tmp_path / "whole", steps=3, tell=lambda _: None)
    run(first, tmp_path / "parts", steps=2, tell=lambda _: None)
    run(second, tmp_path / "parts", steps=3, tell=lambda _: None)
    for name, value in whole.state()["marking"].items():
        assert torch.equal(value, second.state()["marking"][name]), name
    assert set(whole.step(3)) == {"reading", "right", "distance", "excess_db"}


def test_there_is_no_fourth_try_and_no_other_rate(codec: Any) -> None:
    with pytest.raises(ValueError, match="no try"):
        marking.kind_of("hope")
    with pytest.raises(ValueError, match="grid is of 24000 Hz"):
        MarkingDecoder(codec.decoder, replace(SHAPE, rate=48_000), "gate")


def test_samples_may_be_judged_by_their_energy() -> None:
    wav = song(1.0, 24_000).mean(0)[None, None]
    silent = torch.zeros_like(wav)
    assert float(hearing.relative(silent, wav)) == pytest.approx(1.0, abs=0.01)
    assert float(hearing.relative(0.05 * wav, 0.1 * wav)) == pytest.approx(0.5, abs=0.01)
    assert float(hearing.relative(wav, wav)) == 0.0
