"""The texture joined with the shipped detector: what its vote may change, and the rule."""

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch

from core.clip import Clip, Source
from lab.datasets import Recording
from lab.evaluation.music.judged import Judged
from lab.music_texture import copies
from lab.music_texture.joined import both, ratios, section, with_copies
from lab.music_texture.planes import BANDS, FRAMES
from lab.music_texture.tables import FOLDS, Table, fold_number
from tests.signals import music

RATE = 16000
PAGES = ("noise2music-demo", "airgen-demo", "presto-demo", "unagan", "yue-demo")


def recording(number: int, label: str, source: str) -> Recording:
    kind = "ai_music" if label == "ai" else "human_music"
    generator = "MSDM" if source == PAGES[0] else f"of {source}"
    name = Path("a") / source / f"{label}{number}.wav"
    return Recording(
        *(name, kind, label, source, generator if label == "ai" else "", "", "", "open", ("", "", "")),
        *(0.0, 10.0, RATE, 1, "wav"),
    )


@pytest.fixture
def table() -> Table:
    """Ten generated recordings and ten of people in each fold, in three renderings without sound."""
    rows = []
    for fold, page in enumerate(PAGES):
        people = next(f"game-{k}" for k in range(100) if fold_number(f"game-{k}") == fold)
        for number in range(10):
            rows += [recording(number, "ai", page), recording(number, "human", people)]
    count = 3 * len(rows)
    return Table(
        recordings=tuple(r for r in rows for _ in range(3)),
        rendering=np.tile(np.arange(3), len(rows)),
        planes=np.zeros((count, BANDS, FRAMES), np.float16),
        confounds=np.zeros((count, 5)),
    )


def said(table: Table, llr: dict[str, float]) -> dict[str, Judged]:
    """Findings by label, the same for all of a label."""
    return {
        f"{r.path.parent.name}/{r.path.name}": Judged(
            "synthetic" if llr[r.label] >= 1 else "no_trace", llr[r.label], 0.5, 1, None
        )
        for r in table.recordings
    }


def test_the_texture_votes_only_where_the_comb_is_silent_and_by_one_at_most(table: Table) -> None:
    scores = np.where(table.synthetic, 1.0, 0.0) + np.random.default_rng(0).normal(0, 0.02, len(table.folds))
    texture = ratios(table, scores)
    assert texture[table.synthetic].min() > 1 and texture[~table.synthetic].max() < -1
    silent = both(table, texture, 0, said(table, {"ai": 0.2, "human": 0.2}))
    assert np.allclose(silent.after[silent.synthetic], 1.2)
    assert np.allclose(silent.after[~silent.synthetic], -0.8)
    assert silent.flagged_after[silent.synthetic].sum() == 0, "forty people bound no p-value at 1 %"
    heard = both(table, texture, 0, said(table, {"ai": 3.0, "human": 0.6}))
    assert np.array_equal(heard.after, heard.before)
    assert heard.flagged_after.sum() == heard.flagged_before.sum() == heard.synthetic.sum()


def test_a_calibration_has_not_seen_the_fold_that_it_judges(table: Table) -> None:
    scores = np.where(table.synthetic, 1.0, 0.0) + np.random.default_rng(0).normal(0, 0.02, len(table.folds))
    before = ratios(table, scores)
    own = table.folds == len(FOLDS) - 1
    moved = np.where(own, scores[::-1], scores)
    assert np.array_equal(ratios(table, moved)[own & (moved == scores)], before[own & (moved == scores)])
    assert not np.array_equal(ratios(table, moved)[~own], before[~own])


def test_the_rule_is_answered_number_by_number(
    table: Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    once = [r for r, k in zip(table.recordings, table.rendering, strict=True) if k == 0]
    for delivery in copies.DELIVERIES:
        for one in copies.to_copy(once):
            path = tmp_path / delivery / one.source / f"{one.path.stem}.npz"
            path.parent.mkdir(parents=True, exist_ok=True)
            np.savez(path, plane=np.zeros((BANDS, FRAMES), np.float16))
    every = with_copies(table, tmp_path)
    copied = len(every.recordings) - len(table.recordings)
    assert copied == len(copies.DELIVERIES) * 2 * len(FOLDS)
    assert with_copies(table, tmp_path / "nothing") is table
    findings = said(table, {"ai": 0.2, "human": -0.9})
    lines = "".join(json.dumps({"file": name, **asdict(one)}) + "\n" for name, one in findings.items())
    for delivery in ("native", *copies.DELIVERIES):
        (tmp_path / f"{delivery}.jsonl").write_text(lines)
    scores = np.where(every.synthetic, 1.0, 0.0) + np.random.default_rng(0).normal(0, 0.02, len(every.folds))
    text = section(every, {"X": scores}, tmp_path)
    assert "| X | native | 50 / 50 | 1.000 | 1.000 |" in text
    assert "1 met: native +0.000" in text and "3 not met: changed +0.000" in text
    worse = section(every, {"X": -scores}, tmp_path)
    assert "1 met" in worse, "a calibration that would turn the order round is none"


def test_a_copy_is_as_long_as_its_tempo_says_and_its_plane_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = Clip(music(10, RATE, 1), RATE, Source("a.wav", "", 0, "", ""))
    monkeypatch.setattr(copies, "excerpt", lambda _: clip)
    one = recording(1, "ai", "unagan")
    assert copies.plane_of(one, "paced-wsola_1.10", tmp_path) is None
    found = copies.copied(one, "paced-wsola_1.10", tmp_path)
    assert found.wav.shape == torch.Size([1, round(10 * RATE / 1.1)])
    plane = copies.plane_of(one, "paced-wsola_1.10", tmp_path)
    assert plane is not None and plane.shape == (BANDS, FRAMES)
