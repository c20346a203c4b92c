"""The section on enrolled artists: written from the committed results, once."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from core.cards import load, read, write
from detector.voice import identity
from lab.evaluation.voice.enrolled import TITLE, record, search_ms, section
from lab.evaluation.voice.held_out_page import inserted

RESULTS = Path("docs/benchmarks/voice-enrolled.json")


def test_the_section_tells_every_result_and_replaces_itself() -> None:
    results = json.loads(RESULTS.read_text()) | {"search_ms": 12.34}
    text = section(results)
    _, called, clones = results["clones"]["clone of X"]
    assert (
        f"{called} of {clones}, {100 * called / clones:.1f} %" in text
        and "12.3 ms" in text
        and "over music, 0 dB" in text
    )
    assert "two people: one file, in turn" in text and "SASV-EER" in text and "| 1000 |" in text
    page = inserted(inserted("# Voice\n\nHead.\n\n## Other\n\nText.\n", text), text)
    assert page.count(TITLE) == 1 and page.index(TITLE) < page.index("## Other")


def test_the_rates_go_into_the_card_beside_other_figures(tmp_path: Path) -> None:
    card, tensors = load(identity.CARD)
    path = tmp_path / "identity.toml"
    write(replace(card, metrics={"eer_genuine": 0.5}), tensors, path)
    record({"conditions": {"speech": {"clone": [9, 4, 16], "genuine": [0, 0, 160]}}}, path)
    told = read(path).metrics
    assert told["eer_genuine"] == 0.5 and told["clones called, speech"] == 0.25
    assert told["genuine called at most, speech"] == pytest.approx(0.0185)
    assert told["clones tried, speech"] > 0 and told["genuine tried, speech"] > 0


def test_a_search_is_measured() -> None:
    assert search_ms(3, rounds=1) > 0
