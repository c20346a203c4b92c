"""The table from error class to answer, for HTTP and for the command line."""

import pytest

from api.cli.console import FAILED, UNREADABLE, USAGE, exit_code
from api.errors import answer_for
from core.errors import KeyFileError, RecordError, TrackmarkError, UnreadableAudio
from detector.voice.errors import EnrolmentError, VoicePrintError


@pytest.mark.parametrize(
    ("error", "status", "code", "leaves"),
    [
        (EnrolmentError("too short"), 422, "enrolment-failed", UNREADABLE),
        (VoicePrintError("damaged"), 422, "invalid-voice-print", UNREADABLE),
        (UnreadableAudio("a zip"), 422, "unreadable-audio", UNREADABLE),
        (RecordError("no title"), 422, "invalid-record", USAGE),
        (KeyFileError("locked"), 500, "keys-unavailable", USAGE),
        (TrackmarkError("else"), 500, "internal", FAILED),
    ],
)
def test_an_error_has_one_status_and_one_exit_code(
    error: TrackmarkError, status: int, code: str, leaves: int
) -> None:
    answer = answer_for(error)
    assert (answer.status, answer.code, exit_code(error)) == (status, code, leaves)
