"""Trials of enrolled artists, on voices that are made here: who counts as what, and how many are called."""

from pathlib import Path

import numpy as np
import pytest
import torch

from detector.voice.frontend import SAMPLE_RATE
from detector.voice.synthesis import VIEWS
from lab.evaluation.voice import artists, from_songs, two_voices
from lab.metrics import a_dcf
from lab.training.voice import cloned
from lab.training.voice.cloned import KINDS, Trials
from lab.training.voice.measured import Measured

INPUTS = max(place.stop for place in VIEWS.values())


def voices(count: int, about: int) -> torch.Tensor:
    """Unit vectors near one direction of the encoder's space."""
    own = torch.Generator().manual_seed(1000 * about + count)  # whatever ran before
    rows = 0.05 * torch.rand(count, 256, generator=own)
    rows[:, about] += 1.0
    return torch.nn.functional.normalize(rows, dim=1)


def test_a_clip_is_a_clone_of_whom_it_imitates_and_never_compared_with_itself() -> None:
    enrolled = {"Ada": voices(3, 0), "Bob": voices(1, 1)}
    rows = Measured(
        inputs=np.zeros((4, 1), np.float32),
        voice=torch.cat([enrolled["Ada"][:1], enrolled["Bob"], voices(1, 0), voices(1, 5)]).numpy(),
        facts=np.zeros((4, 4), np.float32),
        page=np.array(["p"] * 4),
        system=np.array(["", "", "VITS", "VITS"]),
        person=np.array(["Ada", "Bob", "Ada", ""]),
        synthetic=np.array([False, False, True, True]),
        sung=np.zeros(4, bool),
        open=np.zeros(4, bool),
    )
    found = cloned.trials(rows, enrolled, np.arange(4.0))
    told = list(zip(found.llr_syn.tolist(), found.kind.tolist(), strict=True))
    assert told == [
        (0.0, "genuine X"),
        (0.0, "other human"),
        (1.0, "other human"),
        (2.0, "clone of X"),
        (2.0, "other synthetic"),
        (3.0, "other synthetic"),
        (3.0, "other synthetic"),
    ], "Bob's only recording is no trial of his own"
    assert found.similarity[3] > 5 > found.similarity[4]


def trials(similarity: dict[str, float], llr_syn: dict[str, float]) -> Trials:
    kinds = [kind for kind in KINDS for _ in range(50)]
    rng = np.random.default_rng(0)
    return Trials(
        kind=np.array(kinds),
        page=np.array(["p"] * 200),
        artist=np.array(["Ada", "Bob"] * 100),
        sung=np.arange(200) % 2 == 0,
        similarity=np.array([similarity[kind] for kind in kinds]) + 0.1 * rng.standard_normal(200),
        llr_syn=np.array([llr_syn[kind] for kind in kinds]) + 0.1 * rng.standard_normal(200),
    )


def test_only_clones_are_called_and_fewer_among_many_artists() -> None:
    like = dict(zip(KINDS, (12.0, -2.0, 12.0, -2.0), strict=True))
    made = dict(zip(KINDS, (4.0, 4.0, -3.0, -3.0), strict=True))
    rows = trials(like, made)
    assert artists.counts(rows)["clone of X"][1:] == [50, 50]
    assert all(artists.counts(rows)[kind][:2] == [0, 0] for kind in KINDS[1:])
    assert artists.counts(rows, artists=10**9)["clone of X"][1] == 0
    one = artists.at_one_percent(rows)
    assert one["found, clone of X"] == 1.0 and one["found, genuine X"] <= 0.01
    assert (
        artists.verifier(rows)["SASV-EER"]
        < 0.02
        < artists.verifier(rows)["EER against clones, identity alone"]
    )
    assert len(artists.only(rows, rows.sung).kind) == 100


def test_every_artist_has_counts_and_an_error_of_its_own() -> None:
    like = dict(zip(KINDS, (12.0, -2.0, 12.0, -2.0), strict=True))
    made = dict(zip(KINDS, (4.0, 4.0, -3.0, -3.0), strict=True))
    rows = trials(like, made)
    assert artists.by_artist(rows)["Ada"] == {"clone": [25, 25], "genuine": [0, 25], "eer": 0.0, "others": 25}
    unheard = artists.only(rows, (rows.artist == "Ada") | (rows.kind == KINDS[0]))
    assert artists.by_artist(unheard)["Bob"] == {"clone": [25, 25], "genuine": [0, 0]}


def test_own_recordings_after_effects_are_counted_where_they_were_measured(tmp_path: Path) -> None:
    enrolled = {"Ada": voices(3, 0), "Bob": voices(3, 1)}
    (tmp_path / "vocoder-effect").mkdir()
    np.savez(
        tmp_path / "vocoder-effect" / "freevc-demo.npz",
        inputs=np.zeros((2, INPUTS), np.float32),
        voice=torch.cat([voices(1, 0), voices(1, 5)]).numpy(),
        facts=np.zeros((2, 4), np.float32),
        page=np.array(["freevc-demo"] * 2),
        system=np.array(["", ""]),
        person=np.array(["Ada", "somebody"]),
        synthetic=np.zeros(2, bool),
        sung=np.zeros(2, bool),
        open=np.zeros(2, bool),
    )
    found = artists.after_effects(enrolled, frozenset({"freevc-demo"}), tmp_path)
    assert list(found) == ["vocoder effect"] and found["vocoder effect"][1] == 1


def test_a_verifier_that_takes_clones_for_the_singer_costs_what_clones_cost() -> None:
    assert a_dcf([5.0] * 9, [0.0] * 9, [5.0] * 9) == pytest.approx(1.0)
    assert a_dcf([5.0] * 9, [0.0] * 9, [5.0] + [0.0] * 9) == pytest.approx(0.05 * 20 * 0.1 / 0.9)


def test_two_people_are_refused_and_one_is_not() -> None:
    known = {f"p{n}": [voices(4, 3 * n) for _ in range(5)] for n in range(6)}
    found = two_voices.measured(known, sorted(known), torch.zeros(256))
    for way, (refused, tried) in found.items():
        assert tried >= 12 and refused == (tried if way.startswith("two people") else 0), way
    assert len(two_voices.half(known)) == 3 and two_voices.half(known) == two_voices.half(known)


def test_people_who_sound_apart_are_told_apart() -> None:
    prints = torch.cat([voices(1, 7 * n) for n in range(8)])
    assert from_songs.error(prints, prints) == pytest.approx(0.0, abs=0.01)
    assert from_songs.error(prints, prints.roll(1, 0)) > 0.4


def test_half_a_minute_is_enrolled_and_ten_other_seconds_are_heard() -> None:
    four_s = [torch.full((4 * SAMPLE_RATE,), float(number)) for number in range(12)]
    sides = from_songs.parted(iter(four_s))
    assert sides is not None
    enrolled, heard = ([int(wav[0]) for wav in side] for side in sides)
    assert (enrolled, heard) == (list(range(8)), [8, 9, 10])
    assert from_songs.parted(iter(four_s[:10])) is None
