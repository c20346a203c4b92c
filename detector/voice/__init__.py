"""Voices: vocal activity, speaker identity, synthetic-voice score, artist enrolment and clone decision."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from detector.voice.detector import VoiceDetector
    from detector.voice.finding import ArtistScore, VoiceFinding
    from detector.voice.voiceprint import VoicePrint

__all__ = ["ArtistScore", "VoiceDetector", "VoiceFinding", "VoicePrint"]

_HOMES = {
    "ArtistScore": "finding",
    "VoiceDetector": "detector",
    "VoiceFinding": "finding",
    "VoicePrint": "voiceprint",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used (torch stays out of programs that do not need it)."""
    from importlib import import_module

    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
