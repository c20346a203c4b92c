"""Where a track is heard, in an audit's JSON, also once its mark has told how the audio plays."""

import pytest

from api.audit.checks import _as_played
from api.audit.findings import MatchFound
from tests.fakes import match


def test_a_match_of_restored_audio_is_told_of_the_audio_as_it_plays() -> None:
    """Played 1.25 times as fast, from second 10 of the track on: the same beginning, four fifths as long."""
    restored = MatchFound.of(match("ab" * 8, offset_s=10.0, stretches=((5.0, 25.0),)))
    told = _as_played(restored, 1.25)
    assert (told.offset_s, told.speed) == (10.0, 1.25)
    assert told.pitch_semitones == pytest.approx(3.863, abs=1e-3)
    (part,) = told.stretches
    assert (part.start_s, part.end_s) == (4.0, 20.0)
    assert (part.track_start_s, part.speed) == (5.0, 1.25)
    assert part.offset_s == pytest.approx(part.track_start_s - part.speed * part.start_s)
