"""The lab's diffusion: shapes, what it learns, going on to the bit, playing by seed, no strides."""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from lab.training.composer import snapshots
from lab.training.composer.music import Music, Piece
from lab.training.composer.packing import LEVEL_RMS
from lab.training.composer.running import run, used
from lab.training.diffusion import pieces, playing
from lab.training.diffusion.colour import coloured, measured, whitened
from lab.training.diffusion.denoising import DiffusionTraining, Plan, missed
from lab.training.diffusion.network import BINS, Denoiser, Shape
from tests.signals import music as song

SHAPE = Shape(rate=8000, window=128, widths=(8, 8), blocks=(1, 1))
PLAN = Plan(batch=2, frames=32, coloured_by=8)
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def tape() -> Music:
    """Two pieces to train on, at another rate than the network's."""
    songs = [song(3.0, 12_000, seed=seed).mean(0) for seed in range(2)]
    length = len(songs[0])
    pieces = tuple(Piece(f"shelf-{n}", n * length, length, False) for n in range(2))
    return Music(torch.cat(songs), 12_000, pieces)


def trainer(tape: Music) -> DiffusionTraining:
    return DiffusionTraining(tape, SHAPE, PLAN, CPU)


def equal(one: Any, other: Any) -> bool:
    """Whether two states hold the same, to the bit."""
    if isinstance(one, Tensor):
        return torch.equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(equal(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(equal(a, b) for a, b in zip(one, other, strict=True))
    return bool(one == other)


@pytest.mark.parametrize("samples", [SHAPE.hop * 4, 1000, 4097])
def test_a_waveform_of_any_length_comes_back_as_long(samples: int) -> None:
    velocity = Denoiser(SHAPE)(torch.randn(3, samples), torch.rand(3))
    assert velocity.shape == (3, samples) and bool(velocity.isfinite().all())


def test_what_goes_through_the_spectrum_comes_back() -> None:
    denoiser, wav = Denoiser(SHAPE), torch.randn(2, 5000)
    spectrum = denoiser._spectrum(wav)
    assert float(spectrum.abs().square().mean()) == pytest.approx(1.0, abs=0.05)
    assert spectrum.shape[1] == SHAPE.window // 2 and spectrum.shape[2] % SHAPE.coarsest == 0
    below = coloured(wav, torch.ones(2))  # the last bin, which is not said, is cut off here
    again = denoiser._wave(denoiser._spectrum(below), 5000)
    assert float((again - below).square().mean()) < 1e-3


def test_a_steady_tone_moves_on_alike_in_every_patch() -> None:
    denoiser, time = Denoiser(SHAPE), torch.arange(4000)
    turned = []
    for number in (9, 9 + BINS, 9 + 5 * BINS):
        tone = torch.cos(2 * math.pi * (number + 0.2) / SHAPE.window * time)[None]
        frames = denoiser._spectrum(tone)[0, number, 10:14]
        turned.append((frames[1:] / frames[:-1]).angle())
    assert torch.allclose(turned[0], turned[1], atol=0.05)
    assert torch.allclose(turned[0], turned[2], atol=0.05)


def test_no_layer_has_a_stride_or_is_transposed() -> None:
    layers = [layer for layer in Denoiser(Shape()).modules() if isinstance(layer, nn.modules.conv._ConvNd)]
    assert layers and not any(layer.transposed for layer in layers)
    assert {layer.stride for layer in layers} == {(1, 1)}


def test_a_run_that_was_stopped_is_the_run_that_was_not(tape: Music, tmp_path: Path) -> None:
    assert run(trainer(tape), tmp_path / "whole", steps=6, tell=lambda _: None) == 6
    for steps in (2, 6):
        run(trainer(tape), tmp_path / "parts", steps=steps, tell=lambda _: None)
    whole, parts = (snapshots.read(tmp_path / name) for name in ("whole", "parts"))
    assert whole is not None and parts is not None and equal(whole[1], parts[1])
    assert not equal(used(whole[1]), trainer(tape).state()["denoiser"])


def test_steps_lower_what_is_missed_in_music_that_stays_the_same(tape: Music) -> None:
    training = trainer(tape)
    rng = torch.Generator().manual_seed(0)
    music = training._music(training.colour, 4, np.random.default_rng(0))
    noise, angle = torch.randn(music.shape, generator=rng), torch.linspace(0.2, 1.4, 4)
    optimiser = torch.optim.Adam(training.denoiser.parameters(), lr=3e-3)
    losses = []
    for _ in range(100):
        loss = missed(training.denoiser, music, noise, angle).mean()
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch ships it untyped
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.7 * losses[0]


def test_colour_is_taken_out_and_put_back(tape: Music) -> None:
    wav = torch.stack([tape.of(piece)[:24_000] for piece in tape.pieces])
    flat = whitened(wav, torch.ones(65), 16_000)
    colour = measured(flat, 128)
    even = whitened(wav, colour, 16_000)
    levels = measured(even, 128).log()
    assert float(levels[3:60].std()) < 0.3 * float(colour.log()[3:60].std())
    assert float((coloured(even, colour) - coloured(flat, torch.ones(2))).abs().max()) < 1e-3


def test_a_network_that_knows_the_music_plays_it(tape: Music) -> None:
    known = torch.sin(torch.arange(8000 + 4000) / 7.0)[None]

    class Knowing(nn.Module):
        shape = SHAPE

        def forward(self, noisy: Tensor, angle: Tensor) -> Tensor:
            moved = noisy.shape[-1] - known.shape[-1]
            music = nn.functional.pad(known, (moved, 0))
            noise = (noisy - angle.cos() * music) / angle.sin()
            return angle.cos() * noise - angle.sin() * music

    wav = playing.play(Knowing(), torch.ones(2), 1.0, 0, steps=8)  # type: ignore[arg-type]  # sounds like one
    wanted = known[:, 2000:10_000]
    assert float((wav * wanted).mean() / (wav.square().mean() * wanted.square().mean()).sqrt()) > 0.999
    assert float(wav.square().mean().sqrt()) == pytest.approx(LEVEL_RMS, rel=1e-3)


def test_the_same_seed_plays_the_same_and_files_are_kept(
    tape: Music, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(playing, "STEPS", 4)
    run(trainer(tape), tmp_path, steps=2, tell=lambda _: None)
    _, denoiser, colour = pieces.trained(tmp_path, SHAPE)
    one, same, other = (playing.play(denoiser, colour, 0.5, seed, steps=4) for seed in (1, 1, 2))
    assert one.shape == (1, 4000) and torch.equal(one, same) and not torch.allclose(one, other)
    played = pieces.play_all(tmp_path, 2, 0.5, SHAPE)
    times = [path.stat().st_mtime_ns for path in played.paths]
    again = pieces.play_all(tmp_path, 2, 0.5, SHAPE)
    assert [path.stat().st_mtime_ns for path in again.paths] == times and played.trained == 2
    with pytest.raises(SystemExit, match="no network yet"):
        pieces.trained(tmp_path / "nowhere")


def test_the_plan_fits_the_shape() -> None:
    assert Plan().frames % Shape().coarsest == 0 and replace(Shape(), window=512).hop == 128
