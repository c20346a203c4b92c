"""Numbers and moments as people read them."""

from collections.abc import Mapping
from typing import Any


def percent_text(share: float) -> str:
    """A share of 0 to 1."""
    return f"{round(100 * float(share))}\u00a0%"


def time_text(seconds: float) -> str:
    """A moment for people, to a tenth of a second."""
    return f"{round(seconds, 1) + 0.0:.1f} s"


def clock_text(seconds: float) -> str:
    """Seconds as minutes and seconds.

    >>> clock_text(75.4)
    '1:15'
    """
    whole = int(seconds)
    return f"{whole // 60}:{whole % 60:02d}"


def size_text(count: int) -> str:
    """A number of bytes for people.

    >>> size_text(7_340_032), size_text(900)
    ('7 MB', '1 kB')
    """
    if count >= 1 << 20:
        megabytes = count / (1 << 20)
        return f"{megabytes:.0f} MB" if megabytes == int(megabytes) else f"{megabytes:.1f} MB"
    return f"{max(1, round(count / 1024))} kB"


def change_text(mark: Mapping[str, Any]) -> str:
    """How the audio was changed since it was marked; nothing where it was not."""
    text = "" if mark["speed"] == 1.0 else f", speed {mark['speed']:.3f}"
    pitch = mark.get("pitch_semitones")
    return text + (f", pitch {pitch:+.2f} semitones" if pitch else "")


def moment_text(text: str) -> str:
    """An ISO 8601 moment of a signed statement, to the second.

    >>> moment_text("2026-11-28T11:30:05.123456+00:00"), moment_text("2026-11-28T11:30:05Z")
    ('2026-11-28 11:30:05 UTC', '2026-11-28 11:30:05 UTC')
    """
    return f"{text[:10]} {text[11:19]} UTC"
