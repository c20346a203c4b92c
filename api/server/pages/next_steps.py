"""What to do about a job that ended without a result, by the code of its problem."""

from collections.abc import Mapping

from api.errors import OURS, JobCancelled, JobExpired, SourceUnusable
from api.language import _, later
from core.errors import (
    AudioTooLarge,
    DecodeTimeout,
    EmptyAudio,
    InvalidSamples,
    UnreadableAudio,
    UnsupportedAudio,
)
from detector.voice.errors import EnrolmentError

_EXPORT = later(
    "Check that the file plays from beginning to end. Export it again as WAV or FLAC from where it was made, "
    "and send the new file."
)
_CHANGE = later("Change the file as it says above, and send the new one.")
_AGAIN = later(
    "The server failed here; nothing is said about the audio. Try again later. If it fails again, tell "
    "whoever runs this server the code below."
)
_OTHER = later("Change what it says above, and send it again.")
_STEPS: Mapping[str, str] = {
    **dict.fromkeys(OURS, _AGAIN),
    UnreadableAudio.code: _EXPORT,
    EmptyAudio.code: _EXPORT,
    InvalidSamples.code: _EXPORT,
    DecodeTimeout.code: _EXPORT,
    UnsupportedAudio.code: _CHANGE,
    AudioTooLarge.code: _CHANGE,
    EnrolmentError.code: later(
        "Enrol the artist again with other recordings: the voice of one person alone, without music, at "
        "least ten seconds together."
    ),
    SourceUnusable.code: later(
        "Check the address that the batch names, and that this server may read what lies there. Then send "
        "it again."
    ),
    JobCancelled.code: later("Somebody stopped it. Try it again if its result is still needed."),
    JobExpired.code: later(
        "The server had no time for it; nothing is said about the audio. Try again when it has less to do."
    ),
}
REPEATED = OURS | {JobCancelled.code, JobExpired.code}
"""Codes after which the same audio may well have a result."""


def next_step(code: str) -> str:
    """What whoever sent the job may do now, in a sentence or two."""
    return _(_STEPS.get(code, _OTHER))
