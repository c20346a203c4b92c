"""The section on enrolled artists: written from the committed results, once."""

import json
from pathlib import Path

from lab.evaluation.voice.enrolled import TITLE, search_ms, section
from lab.evaluation.voice.held_out_page import inserted

RESULTS = Path("docs/benchmarks/voice-enrolled.json")


def test_the_section_tells_every_result_and_replaces_itself() -> None:
    text = section(json.loads(RESULTS.read_text()), 12.34)
    assert "20 of 268, 7.5 %" in text and "12.3 ms" in text and "over music, 0 dB" in text
    page = inserted(inserted("# Voice\n\nHead.\n\n## Other\n\nText.\n", text), text)
    assert page.count(TITLE) == 1 and page.index(TITLE) < page.index("## Other")


def test_a_search_is_measured() -> None:
    assert search_ms(3, rounds=1) > 0
