"""What can go wrong when an artist is enrolled."""

from core.errors import TrackmarkError


class EnrolmentError(TrackmarkError):
    """The recordings given for an artist do not make a usable voice print."""


class VoicePrintError(EnrolmentError):
    """A stored voice print is damaged, or was made with another speaker encoder."""
