"""Likeness of made-up tunes: another key, tempo and arrangement change little, another tune much."""

import dataclasses

import numpy as np
import pytest
import torch
from torch import Tensor

from core.errors import InvalidInput
from detector.originality import DIMENSIONS, Shelf, Sketch, sketch
from detector.originality.sketch import Parts
from detector.originality.tune import shared
from lab.sound.songs import voice
from lab.sound.tunes import Arrangement, arrangement, render, tune
from tests import signals

RATE = 16_000
OTHERS = 8


@pytest.fixture(scope="module")
def sketches() -> list[Sketch]:
    """Eight tunes in arrangements of their own."""
    return [sketch(render(tune(k), arrangement(k), RATE), RATE) for k in range(OTHERS)]


@pytest.fixture(scope="module")
def shelf(sketches: list[Sketch]) -> Shelf:
    return Shelf.of(sketches)


def ranks(one: Sketch, shelf: Shelf, own: int) -> dict[str, int]:
    """How many of the others are closer than the track's own, by dimension."""
    return {name: int((row < row[own]).sum()) for name, row in shelf.distances(one).items()}


@pytest.mark.parametrize("own", range(3))
def test_a_tune_is_found_again_in_another_key_tempo_and_arrangement(sketches: list[Sketch], own: int) -> None:
    # 1 in 8 by chance each, 1 in 500 for the three
    played = dataclasses.replace(arrangement(own + 100), tempo=arrangement(own).tempo * 1.3)
    again = sketch(render(tune(own), played, RATE), RATE)
    passages = [shared(again, other) for other in sketches]
    assert int(np.argmin([p.distance for p in passages])) == own
    assert passages[own].tempo == pytest.approx(1 / 1.3, rel=0.05)


def test_another_key_and_tempo_alone_change_neither_timbre_nor_structure_much(shelf: Shelf) -> None:
    own = arrangement(1)
    moved = dataclasses.replace(own, tempo=own.tempo * 0.8, root_hz=own.root_hz * 2 ** (2 / 12))
    again = sketch(render(tune(1), moved, RATE), RATE)
    found = ranks(again, shelf, 1)
    assert (found["melody"], found["timbre"], found["structure"]) == (0, 0, 0)


def beat(pattern: str, step_s: float) -> Tensor:
    """Thirty seconds of a pattern: low and high drums (L, H) and rests, one a step."""
    wav = torch.zeros(1, 30 * RATE)
    time = torch.arange(RATE // 8) / RATE
    sounds = {"L": torch.sin(2 * torch.pi * 90 * time) * torch.exp(-25 * time)}
    sounds["H"] = signals.noise(0.125, RATE, 2, amplitude=0.3)[0] * torch.exp(-40 * time)
    for place in range(int(29 / step_s)):
        if (sound := sounds.get(pattern[place % len(pattern)])) is not None:
            start = round(place * step_s * RATE)
            wav[0, start : start + len(sound)] += sound
    return wav


def test_a_rhythm_is_found_again_at_another_tempo() -> None:
    patterns = ("L.H.L.H.", "L..L..H.", "LHHLHH", "L...H..HL.L.H...", "L.LLH")
    shelf = Shelf.of([sketch(beat(pattern, 0.16), RATE) for pattern in patterns])
    # 1 in 5 by chance each, 1 in 3,000 for all
    again = [sketch(beat(pattern, 0.2), RATE) for pattern in patterns]
    assert [ranks(one, shelf, own)["rhythm"] for own, one in enumerate(again)] == [0] * len(patterns)


def test_the_shared_passage_is_told_with_its_place_pitch_and_tempo() -> None:
    played = Arrangement()
    whole = render(tune(5), played, RATE)
    higher = dataclasses.replace(played, root_hz=played.root_hz * 2 ** (3 / 12), tempo=125.0)
    part = render(tune(5), higher, RATE)[:, 10 * RATE : 30 * RATE]
    one, other = sketch(part, RATE), sketch(whole, RATE)
    found = shared(one, other)
    assert found.semitones == -3
    assert found.tempo == pytest.approx(0.8, rel=0.05)
    # ten seconds of the quicker one are twelve and a half of the other; each phrase comes twice
    half_s = 64 * 0.6
    assert (found.other_start_s - found.start_s * 1.25) % half_s == pytest.approx(12.5, abs=2.0)
    assert found.end_s - found.start_s > 12.0


def test_distances_are_the_same_both_ways_and_none_to_itself(shelf: Shelf, sketches: list[Sketch]) -> None:
    forth = shelf.distances(sketches[0])
    for name in DIMENSIONS:
        assert forth[name][0] == pytest.approx(0.0, abs=1e-2)
        back = shelf.distances(sketches[3])
        assert forth[name][3] == pytest.approx(back[name][0], abs=1e-3)


def test_a_sketch_is_kept_and_read_again(sketches: list[Sketch]) -> None:
    kept = sketches[0].to_bytes()
    again = Sketch.from_bytes(kept)
    assert again.reasons == sketches[0].reasons
    assert again.heard_s == sketches[0].heard_s
    assert np.array_equal(again.rows, sketches[0].rows)
    assert Parts.from_bytes(again.parts.to_bytes()).heard_s == again.heard_s
    for damaged in (b"", b"no sketch", kept[:-100]):
        with pytest.raises(InvalidInput, match="not a sketch"):
            Sketch.from_bytes(damaged)


def drone() -> Tensor:
    """One held chord."""
    time = torch.arange(40 * RATE) / RATE
    return torch.stack([0.1 * torch.sin(2 * torch.pi * 110 * k * time) for k in (1, 2, 3)]).sum(0)[None]


def drums() -> Tensor:
    """A beat of noise, twice a second."""
    within = (torch.arange(40 * RATE) % (RATE // 2)) / RATE
    return signals.noise(40, RATE, 1, amplitude=0.3) * torch.exp(-30 * within)


@pytest.mark.parametrize(
    ("wav", "unmeasured"),
    [
        (signals.silence(40, RATE), {"melody", "rhythm", "timbre", "structure"}),
        (signals.music(1, RATE), {"melody", "rhythm", "timbre", "structure"}),
        (signals.noise(40, RATE), {"melody", "rhythm", "structure"}),
        (voice(0, 40, RATE), {"melody", "rhythm"}),
        (drums(), {"melody", "structure"}),
        (drone(), {"melody", "rhythm", "structure"}),
        (signals.music(40, RATE), set()),
        (torch.zeros(1, 0), {"melody", "rhythm", "timbre", "structure"}),
    ],
    ids=["silence", "a second", "noise", "speech", "drums", "drone", "music", "nothing"],
)
def test_what_cannot_be_measured_says_why(wav: Tensor, unmeasured: set[str]) -> None:
    found = sketch(wav, RATE)
    assert {name for name in DIMENSIONS if found.reason(name)} >= unmeasured
    assert bool(unmeasured) or not any(found.reasons)
    rows = Shelf.of([found, sketch(signals.music(40, RATE), RATE)]).distances(found)
    for name in unmeasured:
        assert not np.isfinite(rows[name]).any()
    assert all(not np.isnan(row).any() for row in rows.values())


@pytest.mark.parametrize("samples", [1, 2, 100, 4000])
def test_a_few_samples_are_called_short_and_not_silent(samples: int) -> None:
    missing = sketch(signals.noise(1.0, RATE)[:, :samples], RATE).reasons
    assert not any("silent" in why for why in missing)
    assert sum("too short" in why for why in missing) == 3
