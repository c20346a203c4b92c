"""Recordings of one artist to the voice print that audits compare with."""

from collections.abc import Sequence
from pathlib import Path

from api.audit.engines import Engines
from core.limits import Limits
from core.progress import Progress


def voiceprint(
    engines: Engines, recordings: Sequence[Path], limits: Limits, progress: Progress | None = None
) -> bytes:
    """Make a voice print, as it is stored.

    Args:
        engines: decode and listen.
        recordings: files of the artist's own voice.
        limits: of each file.
        progress: called with (step, fraction done).

    Raises:
        AudioError: a recording cannot be used as audio.
        EnrolmentError: the recordings make no usable voice print.
    """
    tell = progress or (lambda _step, _fraction: None)
    clips = []
    for number, path in enumerate(recordings):
        tell("decode", number / (len(recordings) + 1))
        clips.append(engines.decoder.decode(path, limits))
    tell("enrol", len(clips) / (len(clips) + 1))
    return engines.voice.enrol(clips)
