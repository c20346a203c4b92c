"""The table of goals reads the pages, and says what they do not say."""

from pathlib import Path

import pytest

from lab.evaluation import goals
from lab.published import BENCHMARKS


def test_every_goal_is_told_by_the_page_that_it_names() -> None:
    told = goals.page()
    assert (BENCHMARKS / "goals.md").read_text("utf-8") == told, "run python -m lab.evaluation.goals"
    assert "not measured" not in told
    rows = [line for line in told.splitlines() if line.startswith("| ") and "](" in line]
    assert len(rows) == len(goals.MUSIC) + len(goals.MARK)


@pytest.mark.parametrize(("way", "met"), [(goals.AT_LEAST, False), (goals.AT_MOST, True)])
def test_a_number_is_set_beside_its_goal(way: str, met: bool, tmp_path: Path) -> None:
    (tmp_path / "some.md").write_text("| a | b |\n|---|---:|\n| x | 0.5 (0.4-0.6) |\n", "utf-8")
    goal = goals.Goal("that", way, 0.7, " %", "some.md", goals.cell("a", "x", "b"))
    verdict = goals.MET if met else goals.MISSED
    assert goal.row(tmp_path) == f"| that | {way} 0.7 % | 0.5 % | {verdict} | [some](some.md) |"
    other = goals.Goal("that", way, 0.7, "", "none.md", goals.cell("a", "x", "b"))
    assert "| not measured | |" in other.row(tmp_path)
