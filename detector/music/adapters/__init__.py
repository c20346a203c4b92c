"""Other people's detectors by manifest, tried on the user's recordings before they may vote."""

from detector.music.adapters.manifest import Adapter, checkpoint
from detector.music.adapters.opinion import Opinion, heard, opinion
from detector.music.adapters.session import Limits, Session, opened
from detector.music.adapters.store import Calibrated
from detector.music.adapters.trial import Heard, Trial, judge

__all__ = [
    "Adapter",
    "Calibrated",
    "Heard",
    "Limits",
    "Opinion",
    "Session",
    "Trial",
    "checkpoint",
    "heard",
    "judge",
    "opened",
    "opinion",
]
