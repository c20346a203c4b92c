"""Was the music rendered by a neural decoder? `MusicDetector.load().score(clip)` answers with evidence."""

from detector.music.detector import MusicDetector
from detector.music.exhibit import picture
from detector.music.finding import Evidence, Family, MusicFinding, Proposition

__all__ = [
    "Evidence",
    "Family",
    "MusicDetector",
    "MusicFinding",
    "Proposition",
    "picture",
]
