"""Every stretch that speaks for a finding is told with its time, and no other."""

from typing import Any

from api.report.moments import Moment, moments


def found(**changes: Any) -> dict[str, Any]:
    """An audit of a minute in which nothing was found."""
    blank: dict[str, Any] = {
        "ownership": {"tracks": []},
        "watermark": {"messages": []},
        "ai": {"segments": []},
        "voice": {"has_voice": None, "segments": []},
    }
    return blank | changes


def segment(start_s: float, end_s: float, score: float | None) -> dict[str, Any]:
    return {"start_s": start_s, "end_s": end_s, "score": score}


def test_nothing_found_is_no_moment() -> None:
    quiet = [segment(0, 5, 0.2), segment(5, 10, None), segment(10, 15, 0.5)]
    heard = {"has_voice": True, "segments": quiet}
    assert moments(found(ai={"segments": quiet}, voice=heard)) == ()


def test_neighbours_are_one_moment_with_their_highest_score() -> None:
    loud = [segment(0, 5, 0.6), segment(5, 10, 0.8), segment(10, 15, 0.1), segment(15, 20, 0.7)]
    told = moments(found(ai={"segments": loud, "verdict": "synthetic"}))
    assert [(m.start_s, m.end_s, m.text) for m in told] == [
        (0, 10, "traces of a neural decoder (score up to 0.80)"),
        (15, 20, "traces of a neural decoder (score 0.70)"),
    ]


def test_a_stretch_is_no_trace_where_the_file_shows_none() -> None:
    loud = [segment(0, 5, 0.8), segment(5, 10, 0.1)]
    for ai in ({"verdict": "bona_fide"}, {"verdict": "uncertain"}):
        (told,) = moments(found(ai={"segments": loud, **ai}))
        assert told.text == "above even for itself alone; the file as a whole does not show it (score 0.80)"
    heard = {"has_voice": True, "segments": loud}
    (told,) = moments(found(voice={**heard, "synthetic_score": 0.3}))
    assert "sounds synthetic" not in told.text
    (told,) = moments(found(voice={**heard, "synthetic_score": 0.7}))
    assert told.text == "sounds synthetic (score 0.80)"


def test_a_track_tells_which_part_of_it_and_how_it_was_changed() -> None:
    part = {"start_s": 60.0, "end_s": 80.0, "track_start_s": 30.0, "speed": 1.05, "pitch_semitones": -2.0}
    track = {"record_id": "ab", "title": "A Song", "stretches": [part]}
    (told,) = moments(found(ownership={"tracks": [track]}))
    assert told == Moment(
        60.0,
        80.0,
        "Registered track",
        "“A Song”, from 0:30 to 0:51 of it, 5.0 % faster and 2.0 semitones lower",
    )
    assert told.when == "1:00 to 1:20"


def test_without_vocals_no_voice_is_told() -> None:
    heard = {"has_voice": False, "segments": [segment(0, 2, 0.9)]}
    assert moments(found(voice=heard)) == ()


def test_moments_come_in_order_of_time() -> None:
    read = {"message": "00" * 8, "start_s": 2.0, "end_s": 9.0, "speed": 1.0, "pitch_semitones": 0.0}
    told = moments(found(ai={"segments": [segment(0, 5, 0.9)]}, watermark={"messages": [read]}))
    assert [m.what for m in told] == ["AI music", "Watermark"]
