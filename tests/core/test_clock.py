from datetime import UTC, datetime, timedelta, timezone

from core import clock


def test_a_moment_is_written_in_utc_to_the_second() -> None:
    moment = datetime(2026, 1, 31, 13, 0, 5, 999_999, timezone(timedelta(hours=1)))
    assert clock.utc_text(moment) == "2026-01-31T12:00:05Z"


def test_now_and_moments_since_1970_know_their_zone() -> None:
    assert clock.at(0.0) == datetime(1970, 1, 1, tzinfo=UTC)
    assert clock.now().tzinfo is UTC
    assert datetime.fromisoformat(clock.now_text()) <= clock.now()
