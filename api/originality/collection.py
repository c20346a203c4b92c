"""Tracks that are compared with one another: files, their dates, and their sketches."""

import csv
import hashlib
import io
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from api.audit.engines import Decoder
from api.scan.find import ScanError, find
from core.errors import AudioError, InvalidInput, UnreadableAudio
from core.files import replacing
from core.limits import Limits
from core.reception import opened

if TYPE_CHECKING:
    from detector.originality import Sketch


@dataclass(frozen=True)
class Track:
    """A file of a collection.

    Attributes:
        path: where it lies.
        day: when it was released, where the manifest says so in its column `date`.
    """

    path: Path
    day: date | None = None


@dataclass(frozen=True)
class Collection:
    """What could be heard of a list of tracks.

    Attributes:
        tracks: those that were heard.
        sketches: theirs, in the same order.
        unread: the others, each with why.
    """

    tracks: tuple[Track, ...]
    sketches: "tuple[Sketch, ...]"
    unread: tuple[tuple[Track, AudioError], ...]


def listed(target: str) -> list[Track]:
    """The tracks of a folder, a pattern or a manifest.

    A manifest in CSV may have a column `date` (2026-11-28); empty cells are tracks of unknown date.

    Raises:
        ScanError: nothing is there, the manifest is damaged, or a file lies on another machine.
        InvalidInput: a date is none.
    """
    items = find(target)
    elsewhere = [item.location for item in items if "://" in item.location]
    if elsewhere:
        raise ScanError(f"{elsewhere[0]} lies elsewhere: fetch the files first")
    days = _days(Path(target)) if target.lower().endswith(".csv") else {}
    return [Track(Path(item.location), days.get(Path(item.location))) for item in items]


def heard(track: Track, decoder: Decoder, limits: Limits, kept: Path | None) -> "Sketch":
    """The sketch of a track, taken from the folder `kept` where it was heard before.

    Raises:
        AudioError: the file cannot be used as audio.
        OSError: the sketch cannot be kept.
    """
    from detector.originality import Sketch, sketch

    place = None if kept is None else kept / f"{digest(track.path)}.npz"
    if place is not None and place.is_file():
        with suppress(InvalidInput):  # one of a former version, or cut off: it is made again
            return Sketch.from_bytes(place.read_bytes())
    clip = decoder.decode(track.path, limits)
    made = sketch(clip.wav, clip.sample_rate)
    if place is not None:
        place.parent.mkdir(parents=True, exist_ok=True)
        with replacing(place) as part:
            part.write_bytes(made.to_bytes())
    return made


def digest(path: Path) -> str:
    """The SHA-256 of a file's bytes, hex.

    Raises:
        UnreadableAudio: it cannot be read, or is no regular file.
    """
    with opened(path) as file:
        try:
            return hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise UnreadableAudio(f"{path.name}: {error.strerror}") from error


def gathered(tracks: Sequence[Track], sketches: "Sequence[Sketch | AudioError]") -> Collection:
    """Tracks with what was heard of each: a sketch, or why there is none."""
    pairs = list(zip(tracks, sketches, strict=True))
    good = [(track, one) for track, one in pairs if not isinstance(one, AudioError)]
    bad = tuple((track, one) for track, one in pairs if isinstance(one, AudioError))
    return Collection(tuple(track for track, _ in good), tuple(one for _, one in good), bad)


def _days(manifest: Path) -> dict[Path, date]:
    """The dates of a manifest, by file."""
    rows = csv.DictReader(io.StringIO(manifest.read_text("utf-8-sig"), newline=""))
    days: dict[Path, date] = {}
    for row in rows:
        text = (row.get("date") or "").strip()
        if not text:
            continue
        try:
            day = date.fromisoformat(text)
        except ValueError:
            raise InvalidInput(
                f"{manifest} has no date in line {rows.line_num}: write it as 2026-11-28, or leave it empty"
            ) from None
        days[manifest.absolute().parent / (row["file"] or "").strip()] = day
    return days
