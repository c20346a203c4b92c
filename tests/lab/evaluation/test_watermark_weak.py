"""Where the mark is weakest: rows of a host, and a page that says what was missed."""

from pathlib import Path

import pytest

from core.encode import encode
from lab.datasets import Recording
from lab.evaluation.watermark import weak
from tests.signals import music


def row(attack: str, strength: float, *, read: bool, heard: bool) -> dict[str, object]:
    if attack == weak.LEVEL:
        return {"attack": attack, "strength": strength, "snr_db": 38.0 - strength, "nmr_mean_db": -11.0}
    told = {"read": read, "wrong": False, "present": read, "heard": heard}
    return {"attack": attack, "strength": strength, **told}


NAMES = [*(goal.attack for goal in weak.GOALS), weak.LEVEL]


def test_a_share_below_its_goal_is_called_missed() -> None:
    rows = [row(name, s, read=n < 9, heard=True) for s in weak.STRENGTHS for name in NAMES for n in range(10)]
    told = weak.page(rows, "abc")
    assert "| white_10db, 30 s | 10 | 90 | 90 (60-98) |  | 100 (72-100) |" in told
    less = [{**one, "read": False} if one["attack"] in ("white_10db", weak.BASS) else one for one in rows]
    told = weak.page(less, "abc")
    assert "| white_10db, 30 s | 10 | 90 | 0 (0-28) | **missed** | 100 (72-100) |" in told
    assert "| host below 386 Hz, 30 s | 10 | any | 0 (0-28) | **missed** |" in told
    assert "Wrong messages: 0 of 280 readings." in told and "| 0.83 | 10 | 37.2 | -11.0 |" in told


def test_a_host_is_changed_in_every_way_and_asked_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weak, "GOALS", (weak.Goal("loop_4s", 12, 90), weak.Goal(weak.BASS, 12, None)))
    path = tmp_path / "song.flac"
    encode(music(14.0, 44_100, 3), 44_100, path, codec="flac")
    licence = ("human_music", "human", "page", "", "", "CC0", "open")
    host = Recording(path, *licence, ("repo", "commit", "path"), 0.0, 14.0, 44_100, 1, "flac")
    found = {one["attack"]: one for one in weak.weakest(host)}
    assert found["loop_4s"]["heard"] and not found["loop_4s"]["wrong"]
    assert not found[weak.BASS]["wrong"]
    assert found.keys() == {"loop_4s", weak.BASS, weak.LEVEL}
    quieter = next(weak.weakest(host, weak.QUIETER))
    assert 1.0 < quieter["snr_db"] - found[weak.LEVEL]["snr_db"] < 2.0
