"""Recordings of one artist to the voice print that audits compare with."""

from collections.abc import Sequence
from pathlib import Path

from api.audit.engines import Engines
from api.registry.artists import Artists, EnrolledArtist
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


def sounding_alike(engines: Engines, artists: Artists, made: bytes, artist_id: str) -> list[EnrolledArtist]:
    """Artists enrolled under another name whose voice may be that of a new print; the nearest first.

    To tell, their prints are opened, which is recorded as a reading. Nothing is opened where no other
    artist's print can be compared.

    Args:
        engines: compare.
        artists: of the tenant, before the new one is kept, so that its own print is not among those opened.
        made: the new voice print, as `voiceprint` makes it.
        artist_id: of the new artist, who may be enrolled already where an earlier attempt came that far.
    """
    others = artists.others(made, artist_id)
    if not others:
        return []
    known = {other.id: other for other in others}
    found = engines.voice.alike(made, {other.id: other.voiceprint for other in others})
    return [known[other] for other in found]
