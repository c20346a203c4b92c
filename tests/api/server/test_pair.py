"""Two recordings on one axis: offset and speed of the longest stretch are undone."""

from typing import Any

import pytest

from api.server.pages.pair import WIDTH, Axis, wave


def stretch(start_s: float, end_s: float, original_s: float, speed: float = 1.0, pitch: float = 0.0) -> Any:
    length = (end_s - start_s) * speed
    there = {"original_start_s": original_s, "original_end_s": original_s + length}
    return {"start_s": start_s, "end_s": end_s, **there, "speed": speed, "pitch_semitones": pitch}


def test_the_longest_stretch_lies_at_one_place_in_both_lanes() -> None:
    found = [stretch(0.0, 5.0, 50.0), stretch(10.0, 40.0, 20.0, speed=1.25)]
    axis = Axis.of(100.0, 50.0, found)
    moved, main = axis.links(found)
    assert main.original == pytest.approx(main.suspect)
    assert moved.original != pytest.approx(moved.suspect)
    assert (axis.offset_s, axis.speed) == (7.5, 1.25)
    assert axis.x(0.0) == 0 and axis.x(100.0) == WIDTH


def test_what_begins_before_the_original_is_drawn_before_it() -> None:
    axis = Axis.of(30.0, 60.0, [stretch(20.0, 40.0, 5.0)])
    assert axis.start_s == -15.0 and axis.end_s == 45.0
    assert axis.of_suspect(0.0) == 0 and axis.of_suspect(60.0) == WIDTH
    assert (axis.start_s, axis.end_s) == (-15.0, 45.0)


def test_without_a_stretch_both_begin_together() -> None:
    axis = Axis.of(30.0, 60.0, [])
    assert axis.x(0.0) == axis.of_suspect(0.0) == 0
    assert axis.links([]) == ()


def test_a_pitch_that_goes_with_the_speed_is_told_from_one_that_does_not() -> None:
    faster = [stretch(0.0, 10.0, 0.0, speed=1.06, pitch=1.0)]
    stretched = [stretch(0.0, 10.0, 0.0, speed=1.06, pitch=0.0)]
    assert not Axis.of(10.0, 10.0, faster).keeps_pitch
    assert Axis.of(10.0, 10.0, stretched).keeps_pitch


def test_a_waveform_goes_along_its_top_and_back() -> None:
    assert wave({"high": [1.0, 0.5], "low": [-1.0, 0.0]}, 0.0, 10.0) == "0.0,0.0 5.0,15.0 5.0,30.0 0.0,60.0"
