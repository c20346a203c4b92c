"""Planes of music, their statistics, what is held out of what, and a small run from planes to the page."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from core.clip import Clip, Source
from lab.datasets import Recording
from lab.music_texture import evaluate, planes, train
from lab.music_texture.planes import BANDS, Rendered, plane, rendered
from lab.music_texture.statistics import statistics
from lab.music_texture.tables import FOLDS, Table, fold_number, load
from tests.signals import music

RATE = 24000
PAGES = ("noise2music-demo", "airgen-demo", "presto-demo", "unagan", "yue-demo")
"""One of every fold."""


def recording(number: int, label: str, source: str, folder: Path = Path("a")) -> Recording:
    kind = "ai_music" if label == "ai" else "human_music"
    origin = ("", "", str(number))
    name = folder / source / f"{label}{number}.wav"
    generator = f"generator of {source}" if label == "ai" else ""
    return Recording(name, kind, label, source, generator, "", "", "open", origin, 0.0, 10.0, RATE, 1, "wav")


@pytest.fixture(scope="module")
def song() -> torch.Tensor:
    return music(10, RATE, 3).mean(0)


def test_planes_are_free_of_level_and_of_a_fixed_equaliser(song: torch.Tensor) -> None:
    spectrum = torch.fft.rfft(song)
    tilt = torch.linspace(1.0, 0.25, spectrum.numel())
    coloured = torch.fft.irfft(spectrum * tilt, song.numel()) * 0.1
    first, second = (plane(x, RATE).astype(np.float32) for x in (song, coloured))
    assert first.shape[0] == BANDS
    # the floor lies under the loudest band and moves a little with the colour
    assert float(np.corrcoef(first.ravel(), second.ravel())[0, 1]) > 0.97
    assert float(np.abs(first.mean(1)).max()) < 1e-2


def test_every_recording_has_three_renderings_the_same_each_time(song: torch.Tensor) -> None:
    clip = Clip(song[None], RATE, Source("a.wav", "", 0, "", ""))
    some = recording(1, "human", "game-one")
    first, second = rendered(some, clip), rendered(some, clip)
    assert first.planes.shape[:2] == (3, BANDS)
    assert np.array_equal(first.planes, second.planes)
    native, chained, retimed = first.planes.astype(np.float32)
    alike = [float(np.corrcoef(native.ravel(), x.ravel())[0, 1]) for x in (chained, retimed)]
    assert 0.999 > alike[0] > alike[1]


def test_a_shift_of_pitch_moves_statistics_less_than_another_song_does(song: torch.Tensor) -> None:
    some = plane(song, RATE)
    shifted = np.roll(some, 3, axis=0)
    other = plane(music(10, RATE, 8).mean(0), RATE)
    base = statistics(some)
    assert np.abs(statistics(shifted) - base).mean() < 0.5 * np.abs(statistics(other) - base).mean()


def test_a_page_is_left_out_whole_and_only_once() -> None:
    assert [fold_number(page) for page in PAGES] == list(range(len(FOLDS)))
    named = [page for pages in FOLDS for page in pages]
    assert len(named) == len(set(named))
    assert fold_number("some-game") == fold_number("some-game") < len(FOLDS)


def table(folder: Path) -> Table:
    """Two generated recordings and two of people in each fold; generated ones move twice as fast."""
    rng = np.random.default_rng(0)
    rows = []
    for fold, page in enumerate(PAGES):
        people = next(f"game-{k}" for k in range(100) if fold_number(f"game-{k}") == fold)
        for number in range(2):
            rows += [recording(number, "ai", page, folder), recording(number, "human", people, folder)]
    for row in rows:
        steps = 250 if row.label == "human" else 497
        slow = rng.normal(size=(3, BANDS, steps)).repeat(2 if steps == 250 else 1, axis=2)[:, :, :497]
        found = Rendered(slow.astype(np.float16), np.full((3, 5), -20.0))
        path = planes.path_of(row, folder)
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, planes=found.planes, confounds=found.confounds)
    silent = replace(rows[0], path=rows[0].path.with_name("silent.wav"))
    quiet = np.full((3, 5), -90.0)
    np.savez(planes.path_of(silent, folder), planes=np.zeros((3, BANDS, 497)), confounds=quiet)
    return load([*rows, silent, recording(9, "ai", "yue-demo", folder)], folder)


def test_a_small_run_holds_out_learns_goes_on_and_writes_its_page(tmp_path: Path) -> None:
    some = table(tmp_path)
    assert len(some.recordings) == 3 * 20, "what is silent or not rendered is left out"
    scores = evaluate.regression(some)
    for fold in range(len(FOLDS)):
        train.train(some, fold, tmp_path, steps=6)
        assert int(torch.load(tmp_path / f"fold{fold}.pt", weights_only=True)["step"]) == 6
    network = evaluate.network(some, tmp_path, 6)
    text = evaluate.page(some, {"L": scores, "N": network, "probe": evaluate.given_away(some)})
    assert "| native | L | 1.000 | 1.000 |" in text
    assert "| retimed | probe | " in text
    assert "| generator of yue-demo | 2 | 1.00 / 1.00 / 1.00 |" in text
    with pytest.raises(ValueError, match="not trained to its end"):
        evaluate.network(some, tmp_path, 7)


def test_training_goes_on_from_its_snapshot_as_if_it_had_never_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    some = table(tmp_path / "planes")
    whole = train.train(some, 0, tmp_path / "whole", steps=4, kept_every=2)
    batches = iter(range(3))

    def stops(*arguments: object) -> train.Drawn:
        next(batches)
        return drawn(*arguments)  # type: ignore[arg-type]  # handed on as they came

    drawn = train.drawn
    with monkeypatch.context() as patch, pytest.raises(StopIteration):
        patch.setattr(train, "drawn", stops)
        train.train(some, 0, tmp_path / "stopped", steps=4, kept_every=2)
    assert int(torch.load(tmp_path / "stopped" / "fold0.pt", weights_only=True)["step"]) == 2
    again = train.train(some, 0, tmp_path / "stopped", steps=4, kept_every=2)
    for a, b in zip(whole.state_dict().values(), again.state_dict().values(), strict=True):
        assert torch.equal(a, b)
