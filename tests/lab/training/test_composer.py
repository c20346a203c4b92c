"""A composer small enough to be trained for a few steps: what is drawn, kept, resumed, written and played."""

import csv
import itertools
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
from torch import Tensor

from core.cards import read as read_card
from core.errors import WeightsError
from lab.datasets import fold_of
from lab.training.composer import codec as hearing
from lab.training.composer import language as writing
from lab.training.composer import music, packing, snapshots
from lab.training.composer.balance import Balance
from lab.training.composer.export import MOST_BYTES, export
from lab.training.composer.music import Music, Piece
from lab.training.composer.running import Mean, Training, run, used
from lab.training.decoders.clips import FOLDS, TEST_FOLD
from provenance.generate import Composer, Order, Shape, composer, load_generator
from tests.signals import music as song

SHAPE = Shape(
    rate=8000,
    hop=160,
    width=32,
    blocks=1,
    dimension=16,
    books=3,
    codes=16,
    spoken=2,
    language_width=32,
    layers=1,
    heads=2,
    longest_s=1,
)
HEARING = hearing.Plan(
    batch=2,
    excerpt_s=0.5,
    unquantised=3,
    adversary_from=5,
    adversary_hears=1,
    adversary_sizes=(256,),
    start_batches=2,
)
WRITING = writing.Plan(batch=4, learning_rate=3e-3, made=0.0, looked_at=1)
CPU = torch.device("cpu")

SHELVES = 4
"""One of them is held out."""


def silent(_: str) -> None:
    """Nobody is told."""


@pytest.fixture(scope="module")
def tape() -> Music:
    """Two pieces to train on and one to be judged by."""
    songs = [song(3.0, SHAPE.rate, seed=seed).mean(0) for seed in range(3)]
    length = len(songs[0])
    pieces = tuple(Piece(f"shelf-{n}", n * length, length, n == 2) for n in range(3))
    return Music(torch.cat(songs), SHAPE.rate, pieces)


def hearer(tape: Music) -> hearing.CodecTraining:
    return hearing.CodecTraining(tape, SHAPE, HEARING, CPU)


def writer(tape: Music) -> writing.LanguageTraining:
    torch.manual_seed(3)
    codec = Composer(SHAPE).codec  # with the books that are spoken
    for layer in codec.quantizer.vq.layers:  # as if trained: codes that differ, so that there is a text
        layer._codebook.embed.copy_(torch.randn(layer._codebook.embed.shape))
        layer._codebook.inited.fill_(1.0)
    return writing.LanguageTraining(tape, SHAPE, codec.eval(), WRITING, CPU)


def equal(one: Any, other: Any) -> bool:
    """Whether two states hold the same, to the bit."""
    if isinstance(one, Tensor):
        return torch.equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(equal(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(equal(a, b) for a, b in zip(one, other, strict=True))
    return bool(one == other)


@pytest.mark.parametrize(("make", "part"), [(hearer, "codec"), (writer, "language")])
def test_a_run_that_was_stopped_is_the_run_that_was_not(
    make: Callable[[Music], Training], part: str, tape: Music, tmp_path: Path
) -> None:
    assert run(make(tape), tmp_path / "whole", steps=8, tell=silent) == 8
    for steps in (2, 6, 8):  # before the codebooks, with the adversary, at the end
        assert run(make(tape), tmp_path / "parts", steps=steps, tell=silent) == steps
    whole, parts = (snapshots.read(tmp_path / name) for name in ("whole", "parts"))
    assert whole is not None and parts is not None and whole[0] == parts[0] == 8
    assert equal(whole[1], parts[1])
    assert not equal(used(whole[1]), make(tape).state()[part])


def test_the_codec_comes_nearer_to_what_it_hears_and_uses_its_codes(
    tape: Music, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hearing, "REVIVED_EVERY", 10)
    monkeypatch.setattr(hearing, "WARM_UP", 1)
    shares = {**hearing.SHARES, "samples": 0.3}
    plan = replace(HEARING, learning_rate=3e-3, unquantised=100, adversary_from=10_000, shares=shares)
    training, heard = hearing.CodecTraining(tape, SHAPE, plan, CPU), tape.wav[None, None, : 4 * SHAPE.rate]

    def distance(wav: Tensor) -> float:
        return float(training.spectra(wav[:, 0, : heard.shape[-1]], heard[:, 0]))

    with torch.no_grad():
        before = distance(training.codec.decoder(training.codec.encoder(heard)))
    for number in range(201):
        torch.manual_seed(number)
        told = training.step(number)
    with torch.no_grad():
        training.codec.set_num_codebooks(SHAPE.books)
        codes, scale = training.codec.eval().encode(heard)
        after = distance(training.codec.decode(codes, scale))
    assert after < 0.7 * before
    assert scale is None and told["in_use"] > 0.5
    assert all(len(torch.unique(codes[:, book])) > SHAPE.codes // 2 for book in range(SHAPE.books))


def test_the_language_model_learns_and_keeps_what_predicts_unheard_music(
    tape: Music, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "LOOKED_EVERY", 10)
    monkeypatch.setattr(writing, "WARM_UP", 5)
    training, told = writer(tape), []
    for number in range(30):
        torch.manual_seed(number)
        told.append(training.step(number))
    losses = [row["loss"] for row in told]
    assert losses[0] > 0.8 * np.log(SHAPE.codes)
    assert np.mean(losses[-5:]) < 0.8 * losses[0]
    assert told[8]["best"] == float("inf") > told[9]["best"] >= told[-1]["best"]
    assert equal(used(training.state()), training.best["weights"])


class Counting:
    """A training that counts; each step takes a second of a clock that it winds."""

    device = CPU

    def __init__(self) -> None:
        self.now, self.steps = 0.0, 0

    def step(self, number: int) -> dict[str, float]:
        assert number == self.steps
        self.steps, self.now = number + 1, self.now + 1.0
        return {"loss": 1.0}

    def state(self) -> dict[str, Any]:
        return {"steps": self.steps}

    def restore(self, state: dict[str, Any]) -> None:
        self.steps = state["steps"]


def test_a_run_ends_with_its_time_or_its_steps_and_tells_how_far_it_is(tmp_path: Path) -> None:
    told: list[str] = []
    for done in (100, 200):
        counting = Counting()
        assert (
            run(
                counting,
                tmp_path,
                steps=1000,
                seconds=100.0,
                clock=lambda c=counting: c.now,  # type: ignore[misc]
                tell=told.append,
            )
            == done
        )
    assert [json.loads(line)["step"] for line in told] == [50, 100, 150, 200]
    assert run(Counting(), tmp_path, steps=203, clock=itertools.count().__next__, tell=silent) == 203


def test_a_snapshot_lies_in_pieces_and_is_never_half_of_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots, "PIECE", 1000)
    assert snapshots.read(tmp_path) is None
    snapshots.write(tmp_path, 7, {"x": torch.arange(1000)})
    snapshots.write(tmp_path, 8, {"x": torch.arange(900)})
    pieces = sorted(tmp_path.glob("[0-9]*"))
    assert len(pieces) > 4 and all(p.name.startswith("00000008.") for p in pieces)
    assert all(p.stat().st_size <= 1000 for p in pieces)
    kept = snapshots.read(tmp_path)
    assert kept is not None and kept[0] == 8 and torch.equal(kept[1]["x"], torch.arange(900))
    pieces[1].unlink()
    with pytest.raises(ValueError, match="not whole"):
        snapshots.read(tmp_path)


def test_losses_push_by_their_shares_whatever_their_scale() -> None:
    shares = {"loud": 1.0, "quiet": 3.0}
    pushes = []
    for scale in (1.0, 1e4):
        output = torch.zeros(2, 4, requires_grad=True)
        losses = {"loud": scale * output[:, 0].sum(), "quiet": 1e-3 * output[:, 1].sum()}
        Balance(shares).backward(losses, output)
        pushes.append(output.grad)
    assert pushes[0] is not None and pushes[1] is not None
    assert torch.allclose(pushes[0], pushes[1])
    assert torch.allclose(pushes[0][:, :2], torch.tensor([0.25, 0.75]).expand(2, 2))


def test_a_loss_that_grows_gets_no_more_than_its_share_meanwhile() -> None:
    balance = Balance({"steady": 3.0, "growing": 1.0})
    for scale in (1e-6, 1e-3, 1.0):
        output = torch.zeros(1, 2, requires_grad=True)
        balance.backward({"steady": output[:, 0].sum(), "growing": scale * output[:, 1].sum()}, output)
        assert output.grad is not None and float(output.grad[0, 1]) <= 0.25 + 1e-6
        assert float(output.grad[0, 0]) == pytest.approx(0.75)


def test_what_is_sent_beside_the_losses_goes_back_as_it_is() -> None:
    frames = torch.zeros(2, requires_grad=True)
    output = 1.0 * frames[None]
    Balance({"only": 1.0}).backward({"only": 100.0 * output[0, 0]}, output, 5.0 * frames[1])
    assert frames.grad is not None and torch.allclose(frames.grad, torch.tensor([1.0, 5.0]))


def test_the_mean_is_of_all_steps_at_first() -> None:
    module = torch.nn.Linear(1, 1, bias=False)
    mean = Mean(module, decay=1.0)
    for value in (1.0, 2.0, 6.0):
        module.weight.data.fill_(value)
        mean.follow(module)
    assert float(mean.kept["weight"]) == pytest.approx(3.0)


def test_what_is_exported_plays_as_any_model_and_says_what_it_is(tape: Music, tmp_path: Path) -> None:
    heard, written = hearer(tape), writer(tape)
    for number in range(4):
        torch.manual_seed(number)
        heard.step(number)
        written.step(number)
    parts = used(heard.state()), used(written.state())
    card = export(tmp_path / "m", SHAPE, *parts, commit="c0ffee", steps={"codec": 4, "language": 4})
    assert read_card(tmp_path / "m" / "composer.toml") == card
    assert card.metrics == {"codec_steps": 4.0, "language_steps": 4.0}
    assert Shape.of(card.config) == SHAPE
    generator = load_generator(str(tmp_path / "m"))
    assert (generator.name, generator.sample_rate, generator.channels) == (card.name, SHAPE.rate, 1)
    assert (generator.weights_sha256, generator.licence) == (card.sha256, card.licence)
    wav, again = (torch.cat(list(generator.stream(Order("", seconds=2.5), 1)), -1) for _ in range(2))
    assert wav.shape == (1, round(2.5 * SHAPE.rate)) and torch.equal(wav, again)
    expected = Composer(SHAPE)
    expected.codec.load_state_dict({name: value.half().float() for name, value in parts[0].items()})
    loaded = composer.load(tmp_path / "m")[1]
    assert equal(dict(expected.codec.state_dict()), dict(loaded.codec.state_dict()))


def test_weights_that_are_too_large_or_not_numbers_are_not_exported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Composer(SHAPE)
    parts = made.codec.state_dict(), made.language.state_dict()
    monkeypatch.setattr("lab.training.composer.export.MOST_BYTES", 1000)
    with pytest.raises(WeightsError, match="are the most"):
        export(tmp_path, SHAPE, *parts, commit="", steps={})
    monkeypatch.undo()
    parts[1]["linears.0.bias"] = torch.full((SHAPE.codes,), 1e6)
    with pytest.raises(WeightsError, match="half precision"):
        export(tmp_path, SHAPE, *parts, commit="", steps={})
    assert not list(tmp_path.iterdir())


def test_the_shape_that_is_trained_fits_the_size_that_may_ship() -> None:
    tensors = Composer(Shape()).state_dict().values()
    assert 2 * sum(value.numel() for value in tensors) < MOST_BYTES


def test_music_is_packed_by_licence_and_collection(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    rows = [(f"shelf-{n}", "CC0-1.0", "open", 2.0, f"song-{n}") for n in range(SHELVES)]
    rows += [("shelf-0", "GPL-3.0", "open", 2.0, "gpl"), ("shelf-0", "none", "research", 2.0, "closed")]
    trained = next(f"shelf-{n}" for n in range(SHELVES) if fold_of(f"shelf-{n}", FOLDS) != TEST_FOLD)
    rows += [(trained, "CC0-1.0", "open", 34.0, "long"), (trained, "CC0-1.0", "open", 2.0, "long")]
    fields = "file kind label source generator_or_identity pair_id licence use repo commit path start_s"
    fields += " duration_s sample_rate channels original_codec"
    with (data / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, fields.split(), restval="")
        table.writeheader()
        for number, (source, licence, use, seconds, path) in enumerate(rows):
            soundfile.write(
                data / f"{number}.wav", song(seconds, 16_000, seed=number).mean(0).numpy(), 16_000
            )
            table.writerow(
                {
                    "file": f"{number}.wav",
                    "kind": "human_music",
                    "label": "human",
                    "source": source,
                    "licence": licence,
                    "use": use,
                    "path": path,
                    "start_s": 0,
                    "duration_s": seconds,
                    "sample_rate": 16_000,
                    "channels": 1,
                }
            )
    assert packing.pack(tmp_path / "packed", 8000, data=data, tunes=2) == SHELVES + 2
    packed = music.load(tmp_path / "packed")
    assert {p.source for p in packed.pieces} == {f"shelf-{n}" for n in range(SHELVES)} | {"tunes"}
    for piece in packed.pieces:
        expected = fold_of(piece.source, FOLDS) == TEST_FOLD
        assert piece.made or piece.held_out == expected
        level = float(packed.of(piece).square().mean().sqrt())
        assert level == pytest.approx(packing.LEVEL_RMS, rel=0.05) or packed.of(piece).abs().max() > 0.9
    assert [p.held_out for p in packed.pieces if p.made] == [False, True]
    (tmp_path / "packed" / "music.json").write_text(
        json.dumps({"rate": 8000, "pieces": [{"source": "x", "first": 0, "length": 9, "held_out": False}]})
    )
    with pytest.raises(ValueError, match="damaged"):
        music.load(tmp_path / "packed")


def test_excerpts_lie_within_pieces_and_the_share_of_tunes_is_kept() -> None:
    pieces = [Piece("a", 0, 50, False), Piece("b", 50, 500, False), Piece("tunes", 550, 300, False)]
    starts = music.drawn(pieces, 400, 100, 0.25, np.random.default_rng(0))
    made = starts >= 550
    assert bool(((starts >= 50) & (starts <= 450) | made & (starts <= 750)).all())
    assert 60 <= int(made.sum()) <= 140  # 100 expected, 4.6 standard deviations: one seed, which passes
    with pytest.raises(ValueError, match="no piece holds"):
        music.drawn(pieces, 1, 501, 0.0, np.random.default_rng(0))
