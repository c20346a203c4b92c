"""Whether a dimension can be measured in a recording, and why not."""

from dataclasses import dataclass

SILENT_DB = -60.0
JUDGED_S = 1.0
"""What is shorter is called short, not silent, whatever it holds."""
MELODY_S = 8.0
RHYTHM_S = 8.0
TIMBRE_FRAMES = 125
STRUCTURE_S = 30.0
STEADY = 0.14
"""Of speech up to 0.12, of music with a melody 0.19 and more in 98 of 100."""
CHANGE = 0.08
"""Of a held chord up to 0.06, of music 0.15 and more."""
PULSE = 0.25
"""Of speech up to 0.22, of music 0.31 and more in 98 of 100."""
ONSETS = 0.3
HARMONIES = 0.05
COLOURS_DB = 2.0
"""Of noise 0.5, of one drum loop 1, of music 3 and more."""


@dataclass(frozen=True)
class Limits:
    """What decides it.

    Attributes:
        heard_s: how much was heard.
        level_db: loudest mel band.
        frames: frames that were loud enough for timbre.
        steadiness: of the pitches, see `chroma.Chroma`.
        change: of the pitch classes.
        pulse: how clearly onsets repeat.
        onsets_per_s: how many there are.
        harmonies: how far the parts of the track are from each other in harmony.
        colours: the same in timbre, in decibels.
    """

    heard_s: float
    level_db: float
    frames: int
    steadiness: float
    change: float
    pulse: float
    onsets_per_s: float
    harmonies: float
    colours: float


def why_not(limits: Limits) -> tuple[str, str, str, str]:
    """Why melody, rhythm, timbre and structure cannot be measured; empty where they can."""
    if limits.level_db < SILENT_DB and limits.heard_s >= JUDGED_S:
        return ("the audio is silent",) * 4
    return _melody(limits), _rhythm(limits), _timbre(limits), _structure(limits)


def _melody(limits: Limits) -> str:
    if limits.heard_s < MELODY_S:
        return f"{limits.heard_s:.1f} s are too short for a melody: {MELODY_S:.0f} s are needed"
    if limits.steadiness < STEADY:
        return "no pitch is held: noise, speech or percussion"
    if limits.change < CHANGE:
        return "the pitches never change"
    return ""


def _rhythm(limits: Limits) -> str:
    if limits.heard_s < RHYTHM_S:
        return f"{limits.heard_s:.1f} s are too short for a rhythm: {RHYTHM_S:.0f} s are needed"
    if limits.onsets_per_s < ONSETS:
        return "too few sounds begin in it for a rhythm"
    if limits.pulse < PULSE:
        return "what begins in it does not repeat in time"
    return ""


def _timbre(limits: Limits) -> str:
    if limits.frames < TIMBRE_FRAMES:
        return "less than two seconds are loud enough for a timbre"
    return ""


def _structure(limits: Limits) -> str:
    if limits.heard_s < STRUCTURE_S:
        return f"{limits.heard_s:.1f} s are too short for a structure: {STRUCTURE_S:.0f} s are needed"
    if limits.colours < COLOURS_DB and (_melody(limits) or limits.harmonies < HARMONIES):
        return "all parts of it are alike"
    return ""
