"""A mark at another tempo and pitch, found in one plane that knows nothing of the change."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from core.resample import resample
from provenance.watermark import changes, chips, code, detect, embed, hunt, receiver, sync
from provenance.watermark.grid import BANDS, CELL_BANDS, CELL_FRAMES, FIRST_BAND, STRIDE
from provenance.watermark.key import WatermarkKey
from tests.signals import music

KEY, OTHER = WatermarkKey(bytes(range(32))), WatermarkKey(bytes(32))
LAYOUT = chips.layout(KEY)
MESSAGE = b"trackmrk"
RATE = 16_000


def plane_of(tempo: float, bands: int, *, columns: int = 200, noise: float = 3.0) -> sync.Plane:
    """A decoder's output for a mark whose columns are closer by `tempo` and which sounds `bands` higher."""
    cells = LAYOUT.chips(code.encode(MESSAGE, KEY), 1234, columns)
    positions = int(columns * CELL_FRAMES / STRIDE / tempo)
    dense = cells[:, (np.arange(positions) * tempo * STRIDE / CELL_FRAMES).astype(int)]
    plane = np.zeros((BANDS, positions), np.float32)
    rows = np.arange(CELL_BANDS) + FIRST_BAND + bands
    inside = (rows >= 0) & (rows < BANDS)
    plane[rows[inside]] = dense[inside]
    noisy: sync.Plane = plane + noise * np.random.default_rng(0).standard_normal(plane.shape).astype(
        np.float32
    )
    return noisy


@pytest.mark.parametrize(
    ("tempo", "bands"),
    [(1.25, 3), (1.25, 0), (0.8, -3), (0.8, 0), (1.0, 2), (1.0, -2), (1.15, 3), (0.87, -3)],
)
def test_the_pilots_tell_tempo_and_pitch(tempo: float, bands: int) -> None:
    found, _ = changes.search(plane_of(tempo, bands), [chips.layout(OTHER), LAYOUT], keep=3)
    assert found[0].statistic > hunt.STRIKING and found[0].bands == bands
    assert found[0].tempo == pytest.approx(tempo, rel=2.0 * changes.STEP)
    assert all(change.statistic < 0.5 * found[0].statistic for change in found[1:]), "neighbours are one"


def test_another_key_answers_to_no_change_and_every_place_is_counted() -> None:
    # chance reaches this statistic in fewer than one plane of ten, by the normal tail over 9 million places
    found, searched = changes.search(plane_of(1.1, 1, columns=400), [chips.layout(OTHER)], keep=3)
    assert found[0].statistic < hunt.STRIKING
    tried = sum(len(changes.shifts(float(tempo))) for tempo in changes.tempos())
    assert searched == tried * changes.PHASES * chips.CYCLE_COLUMNS


def test_a_long_plane_is_searched_where_it_tells_most() -> None:
    marked = plane_of(1.1, 1, columns=330)
    quiet = np.full((BANDS, 1500), 0.01, np.float32)
    (best, *_), _ = changes.search(np.concatenate([quiet, marked, quiet], 1), [LAYOUT], keep=1)
    assert best.statistic > hunt.STRIKING and abs(best.first - 1500) < 300


def test_bands_stand_for_the_pitches_that_people_make() -> None:
    def pitches(tempo: float, bands: int) -> tuple[float, ...]:
        return changes.Change(9.0, tempo, bands, 0).pitches()

    assert pitches(1.25, 3) == (1.25,) and pitches(1.25, 0) == (1.0,)
    assert pitches(1.02, 0) == (1.02, 1.0) and pitches(0.95, 0) == (0.95, 1.0)
    assert list(pitches(1.0, 2)) == pytest.approx([2.0 ** (2 / 12), 2.0 ** (3 / 12)]), "semitones"
    nightcore = round(8 * math.log2(1.15) + 8 * 2 / 12)
    assert pitches(1.15, nightcore)[-1] == pytest.approx(1.15 * 2 ** (2 / 12))


@pytest.mark.parametrize("speed", [0.8, 1.25])
def test_the_widest_changes_of_speed_are_read(speed: float) -> None:
    changed = resample(embed(music(24.0, RATE), RATE, MESSAGE, KEY), round(100 * speed), 100)
    found = detect(changed, RATE, KEY, exhaustive=True)
    assert found.message == MESSAGE and found.speed == pytest.approx(speed, abs=0.002)


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds of every plane that is decoded from now on."""
    spent: list[float] = []

    def counted(rows: Tensor, networks: Any, wanted: Any = None) -> sync.Plane:
        frames = rows.shape[1] if wanted is None else int(wanted.sum())
        spent.append(frames / 62.5)
        return receiver.plane_of(rows, networks, wanted)

    monkeypatch.setattr("provenance.watermark.hunt.plane_of", counted)
    return spent


def test_a_miss_decodes_each_view_once(decoded: list[float]) -> None:
    assert not detect(music(24.0, RATE), RATE, OTHER, exhaustive=True).present
    assert len(decoded) >= 4 and decoded[:4] == pytest.approx([24.0] * 4, abs=0.1)
    assert sum(decoded[4:]) <= hunt.CANDIDATES * 3 * 24.0, "of each that is promising, its pitches"
    decoded.clear()
    mono = music(24.0, RATE)[:1].expand(2, -1)
    detect(mono, RATE, OTHER)
    assert decoded == pytest.approx([24.0], abs=0.1), "equal channels are one"


def test_what_was_heard_is_not_decoded_again(decoded: list[float]) -> None:
    marked = embed(music(40.0, RATE), RATE, MESSAGE, KEY)
    half = torch.cat([marked, music(40.0, RATE, seed=3)], 1)
    found = detect(half, RATE, KEY, exhaustive=True)
    assert found.message == MESSAGE and found.unsearched == ()
    assert decoded[0] == pytest.approx(80.0, abs=0.1)
    assert max(decoded[1:]) <= 50.0


def test_a_search_that_runs_out_of_its_budget_says_where(
    monkeypatch: pytest.MonkeyPatch, decoded: list[float]
) -> None:
    faster = resample(embed(music(24.0, RATE), RATE, MESSAGE, KEY), 110, 100)
    monkeypatch.setattr(hunt, "BUDGET", 4)
    found = detect(faster, RATE, KEY, exhaustive=True)
    assert not found.present
    assert [tuple(part) for part in found.unsearched] == [pytest.approx((0.0, 24.0 / 1.1), abs=0.1)]
    assert sum(decoded) <= 4.0 * 24.0
    assert detect(faster, RATE, KEY).unsearched == (), "a quick look leaves out nothing that it promises"
