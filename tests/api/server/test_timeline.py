"""Lanes share one axis; what was not measured is a gap and no score."""

import json
from pathlib import Path
from typing import Any

from api.server.pages.timeline import HEIGHT, WIDTH, lanes

AUDITS = json.loads((Path(__file__).parents[1] / "audit" / "audits.json").read_text())


def test_a_score_that_could_not_be_had_is_a_gap() -> None:
    ai = next(lane for lane in lanes(AUDITS["everything"]) if lane.key == "ai")
    measured, gap = ai.bars
    assert (measured.measured, measured.height) == (True, 0.97 * HEIGHT)
    assert (gap.measured, gap.x, gap.width, gap.label) == (False, 500, 500, "0:05 to 0:10, not measured")
    assert ai.line == HEIGHT / 2


def test_time_without_a_segment_is_a_gap_too() -> None:
    voice = next(lane for lane in lanes(AUDITS["everything"]) if lane.key == "voice")
    assert [(bar.x, bar.x + bar.width, bar.measured) for bar in voice.bars] == [
        (0, 100, False),
        (100, 200, True),
        (200, WIDTH, False),
    ]


def test_every_registered_track_has_a_lane() -> None:
    two = AUDITS["two tracks"]
    told = [lane for lane in lanes(two) if lane.key == "track"]
    assert len(told) == len(two["ownership"]["tracks"]) == 2
    assert all(bar.width > 0 for lane in told for bar in lane.bars)


def test_a_check_without_an_answer_is_no_empty_lane_of_no_mark() -> None:
    for name, outcome in (("broken", "failed"), ("inconclusive", "inconclusive")):
        mark = _mark(AUDITS[name])
        assert not mark.bars
        assert outcome in mark.empty
    assert _mark(AUDITS["nothing"]).empty == "no mark was read"


def test_no_bar_leaves_the_axis() -> None:
    for found in AUDITS.values():
        for lane in lanes(found):
            assert all(bar.x >= 0 and bar.x + bar.width <= WIDTH + 1 for bar in lane.bars)
            assert all(0 <= bar.height <= HEIGHT for bar in lane.bars)


def _mark(found: dict[str, Any]) -> Any:
    return next(lane for lane in lanes(found) if lane.key == "watermark")
