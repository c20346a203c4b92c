"""How often generators leave no trace, for recordings of a kind."""

import pytest

from core import cards
from detector.music.detector import CARD
from detector.music.misses import misses

CONDITIONS = [
    ({"duration_s": 30.0, "band_hz": 16_000.0, "codec": "flac"}, 3),
    ({"duration_s": 5.0, "band_hz": 16_000.0, "codec": "flac"}, 3),
    ({"duration_s": 30.0, "band_hz": 16_000.0, "codec": "mp3float"}, 4),
    ({"duration_s": 30.0, "band_hz": 9_000.0, "codec": "aac"}, 5),
]


@pytest.mark.parametrize(("recording", "count"), CONDITIONS)
def test_every_recording_is_told_what_was_measured_of_its_like(
    recording: dict[str, float], count: int
) -> None:
    card, _ = cards.load(CARD)
    found = misses(card.metrics, **recording)  # type: ignore[arg-type]  # rows of a table
    assert len(found) == count
    assert all(0.0 < miss.share < 1.0 for miss in found)
    assert "tempo or pitch" in found[-1].condition


def test_a_card_without_figures_says_nothing() -> None:
    assert misses({}, duration_s=30.0, band_hz=16_000.0, codec="flac") == ()
