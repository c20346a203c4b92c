"""What can go wrong when an artist is enrolled."""

from typing import Literal

from core.errors import TrackmarkError

Reason = Literal[
    "no-recording",
    "silent",
    "noise",
    "instrumental",
    "too-short",
    "clipped",
    "telephone-band",
    "synthetic",
    "same-recording",
    "outlier-file",
    "two-voices",
    "unusable",
]


class EnrolmentError(TrackmarkError):
    """The recordings given for an artist do not make a usable voice print.

    Attributes:
        reason: why, as a stable word for programs.
    """

    code = "enrolment-failed"

    def __init__(self, message: str, reason: Reason = "unusable") -> None:
        super().__init__(message)
        self.reason: Reason = reason


class VoicePrintError(EnrolmentError):
    """A stored voice print is damaged, or was made with another speaker encoder."""

    code = "invalid-voice-print"
