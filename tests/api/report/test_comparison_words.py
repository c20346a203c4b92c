"""Words about a comparison: nothing found proves nothing, and what was looked for is what is searched."""

from typing import Any

import pytest

from api.report.words import comparison
from provenance.fingerprint.played import CHANGED, FAR


def stretch(**changes: Any) -> dict[str, Any]:
    found = {"start_s": 3.0, "end_s": 34.0, "original_start_s": 42.0, "original_end_s": 74.9}
    return {**found, "speed": 1.06, "pitch_semitones": 1.009, "p_value": 1e-14, **changes}


def told(*stretches: Any, **changes: Any) -> Any:
    aligned = {"outcome": "done", "reason": None, "score": 0.9, "stretches": stretches, **changes}
    return comparison.heard({"same_bytes": changes.pop("same_bytes", False), "alignment": aligned})


def test_a_match_says_where_and_how_and_not_whose() -> None:
    said = told(stretch())
    assert said.answer == "One stretch matches"
    assert "31 s of the suspected copy (0:03 to 0:34) match the original at 0:42 to 1:15" in said.text
    assert "at 1.06 times its speed and 1.0 semitones higher" in said.text
    assert comparison.MEANING in said.text
    assert dict(said.facts)["Chance of that in unrelated music"] == "below one in a million"


def test_the_longest_of_several_is_told_first() -> None:
    said = told(stretch(), stretch(start_s=40.0, end_s=90.0))
    assert said.answer == "2 stretches match"
    assert said.text.startswith("The longest: 50 s of the suspected copy")


@pytest.mark.parametrize(
    "changes", [{}, {"outcome": "inconclusive", "reason": "the suspect: the audio is silent"}]
)
def test_nothing_found_is_no_finding(changes: Any) -> None:
    said = told(**changes)
    assert said.tone in ("neutral", "warn")
    assert "does not show that they are different" in said.text or "Nothing follows from that" in said.text


def test_the_same_bytes_are_told() -> None:
    assert told(stretch(), same_bytes=True).answer == "The same file"


def test_an_unchanged_stretch_is_told_as_such() -> None:
    assert comparison.changed(stretch(speed=1.0001, pitch_semitones=0.01)) == "at its own speed and pitch"


def test_a_chance_is_told_no_finer_than_it_was_counted() -> None:
    assert comparison.chance([stretch(p_value=0.0)]) == "below one in a million"
    assert comparison.chance([stretch(p_value=2e-5), stretch(p_value=1e-4)]) == "about one in 50,000"
    assert comparison.chance([stretch(p_value=None)]) == "not kept"


def test_what_is_said_to_be_looked_for_is_looked_for() -> None:
    speeds = [one.speed for one in (*CHANGED, *FAR)]
    assert f"from {min(speeds):.2f} to {max(speeds):.2f} times" in comparison.SOUGHT
