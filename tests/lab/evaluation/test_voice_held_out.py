"""The held-out section: figures from scores, and its place on the page."""

import json
from pathlib import Path

import numpy as np
import pytest

from lab.evaluation.voice.held_out import Scores, measures
from lab.evaluation.voice.held_out_page import TITLE, inserted, section

ROOT = Path(__file__).resolve().parents[3]


def test_within_a_page_an_offset_of_pages_does_not_count() -> None:
    page = np.array(["a"] * 8 + ["b"] * 8)
    synthetic = np.array(([True] * 4 + [False] * 4) * 2)
    score = np.where(synthetic, 1.0, 0.0) + np.where(page == "a", 5.0, 0.0) + np.arange(16) / 1000
    found = measures(Scores(page, synthetic, score, score - 3.0))
    assert found["within"] == 1.0
    assert found["auc"] == pytest.approx(0.75)
    assert found["human_above_even"] == 0.5


def test_the_section_replaces_itself_and_leaves_the_rest() -> None:
    page = "# Voice\n\nHead.\n\n## One\n\ntext\n\n## Two\n\nmore\n"
    once = inserted(page, f"{TITLE}\n\nold")
    assert inserted(once, f"{TITLE}\n\nold") == once
    assert once.index("Head.") < once.index("old") < once.index("## One") < once.index("## Two")
    assert "old" not in inserted(once, f"{TITLE}\n\nnew")


def test_it_is_told_whether_all_clips_were_heard_and_a_separator_was() -> None:
    results = json.loads((ROOT / "docs/benchmarks/voice-held-out.json").read_text())
    for entry in ("costs", "peers"):
        results[entry]["of_a_page"] = 8
    some = section(results)
    assert some.count("--of-a-page 8") == some.count("at most 8 of a page and class") == 2
    for entry in ("costs", "peers"):
        results[entry]["of_a_page"] = 1000
    assert "--of-a-page" not in section(results)
    assert "Spleeter" in some
    effects = results["listed"]["effects"]
    results["listed"]["effects"] = {name: row for name, row in effects.items() if "neural s" not in name}
    assert "Spleeter" not in section(results) and "No neural separator was heard" in section(results)


def test_the_committed_page_is_written_from_the_committed_results() -> None:
    results = json.loads((ROOT / "docs/benchmarks/voice-held-out.json").read_text())
    page = (ROOT / "docs/benchmarks/voice.md").read_text()
    assert inserted(page, section(results)) == page
