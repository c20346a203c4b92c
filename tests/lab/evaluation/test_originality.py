"""A small real run of the lab's measurement of likeness, on songs that are made here."""

import csv
import sys
from pathlib import Path

import numpy as np
import pytest

from core.encode import encode
from detector.originality.reference import MEASURES
from lab.evaluation.originality import __main__ as script
from lab.evaluation.originality import search
from lab.sound.songs import song

RATE = 16_000
COLUMNS = ("file", "kind", "label", "source", "pair_id", "use", "path", "duration_s")


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three open and three other songs of two collections each, and two variants of one piece."""
    folder = tmp_path_factory.mktemp("songs")
    with (folder / "more.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.DictWriter(file, COLUMNS)
        rows.writeheader()
        for seed in range(8):
            name = f"song{seed}.flac"
            variant = seed > 5
            encode(song(min(seed, 6), 61.0, RATE), RATE, folder / name, codec="flac")
            rows.writerow(
                {
                    "file": name,
                    "kind": "ai_music" if variant else "human_music",
                    "source": "airgen-demo" if variant else f"page {seed % 2}",
                    "pair_id": "piece" if variant else "",
                    "use": "open" if seed < 3 else "research",
                    "path": name,
                    "duration_s": 61.0,
                }
            )
    return folder / "more.csv"


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> None:
    monkeypatch.setattr(sys, "argv", ["originality", *(str(a) for a in arguments)])
    script.main()


def test_the_reference_holds_distances_only(
    table: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    out = tmp_path / "reference.npz"
    run(monkeypatch, "reference", table, "--runs", tmp_path / "runs", "-o", out)
    with np.load(out) as kept:
        assert set(kept) == {"shares", "quantiles", "pairs", "recordings"}
        assert int(kept["recordings"]) == 3
        row = kept["quantiles"][MEASURES.index("timbre"), 0]
        assert int(kept["pairs"][MEASURES.index("timbre"), 0]) == 2  # those of different collections
        assert (np.diff(row) >= 0).all()


def test_the_page_tells_ranks_and_false_alarms(
    table: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    out = tmp_path / "page.md"
    options = ("--of-one", 2, "--tunes", 2, "--pieces", 1, "--runs", tmp_path / "runs", "-o", out)
    run(monkeypatch, "evaluate", table, *options)
    text = out.read_text(encoding="utf-8")
    assert "| passage | melody | 3 of 3 | 1.00 | 1.00 |" in text
    assert "| variants, airgen-demo | timbre | 1 of 1 | 1.00 | 1.00 |" in text
    assert "## False alarms, 60 s" in text


def test_the_search_tells_what_each_of_its_steps_leaves_out(
    table: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    out = tmp_path / "page.md"
    monkeypatch.setattr(search, "CATALOGUE", 10)
    out.write_text("# Page\n\n## Search among many\n\nof before\n")
    options = ("--most", 8, "--covered", 2, "--tunes", 2, "--runs", tmp_path / "runs", "-o", out)
    run(monkeypatch, "search", table, *options)
    text = out.read_text(encoding="utf-8")
    assert text.startswith("# Page\n\n## Search among many\n\nMade by `python -m")
    assert "| passage | 2 | 2 | 2 of 2 | 2 of 2 | 2 of 2 | 2 of 2 |" in text
    assert "| another arrangement | 2 |" in text
    assert "held in memory" in text
    assert "of before" not in text
