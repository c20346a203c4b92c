"""The table of goals: what misses is said, and the page is written from committed results."""

import json
from copy import deepcopy
from pathlib import Path

import pytest

from lab.evaluation.voice.goals import RESULTS, TITLE, Results, section, written

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs/benchmarks/voice.md"


@pytest.fixture
def results() -> list[Results]:
    return [json.loads(PAGE.with_name(f"voice-{name}.json").read_text()) for name in RESULTS]


def line(text: str, start: str) -> str:
    (found,) = (row for row in text.splitlines() if row.startswith(f"| {start}"))
    return found


def test_the_committed_table_is_written_from_the_committed_results() -> None:
    assert written(PAGE) == PAGE.read_text() and PAGE.read_text().count(TITLE) == 1


def test_a_goal_is_met_only_by_what_was_measured(results: list[Results]) -> None:
    held_out, artists, cost = deepcopy(results)
    plain = held_out["listed"]["conditions"]["as published"]
    for error, word in ((0.121, "no"), (0.12, "yes")):
        plain["eer"] = error
        text = section(held_out, artists, cost, ROOT / "docs/decisions")
        assert f"| {word} |" in line(text, "EER of systems that no training knew")
    held_out["listed"]["systems"] = {"A": {"eer": 0.25}, "B": {"eer": 0.26}}
    text = section(held_out, artists, cost, ROOT / "docs/decisions")
    assert "1 of 2 above, the worst 26 % (B) | no |" in line(text, "each of these systems")


def test_one_area_below_the_goal_misses_it(results: list[Results]) -> None:
    held_out, artists, cost = deepcopy(results)
    for kind in list(artists["clones"])[1:]:
        artists["at_one_percent_of_genuine"][f"auc against {kind}"] = 0.95
    good = section(held_out, artists, cost, ROOT / "docs/decisions")
    artists["at_one_percent_of_genuine"]["auc against genuine X"] = 0.91
    poor = section(held_out, artists, cost, ROOT / "docs/decisions")
    start = "area of clones of X"
    assert "| yes |" in line(good, start) and "| no |" in line(poor, start)


def test_a_try_that_is_told_nowhere_is_refused(results: list[Results], tmp_path: Path) -> None:
    held_out, artists, cost = results
    with pytest.raises(ValueError, match="unpack"):
        section(held_out, artists, cost, tmp_path)
