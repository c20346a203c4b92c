"""Where in the file each finding lies: stretches to be looked at and listened to, in order of time."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from api.audit.numbers import score_text
from api.report import words
from api.report.numbers import clock_text

EVEN = 0.5
"""Above this score a stretch speaks for what was looked for; below it, against."""
JOIN_S = 1.0
"""Stretches of one finding that are less far apart are told as one."""


@dataclass(frozen=True)
class Moment:
    """A stretch of the audited file, and what was found there.

    Attributes:
        start_s: where it begins, in seconds.
        end_s: where it ends.
        what: which finding it belongs to.
        text: what was found there.
    """

    start_s: float
    end_s: float
    what: str
    text: str

    @property
    def when(self) -> str:
        """The stretch as a clock shows it."""
        return f"{clock_text(self.start_s)} to {clock_text(self.end_s)}"


def moments(found: Mapping[str, Any]) -> tuple[Moment, ...]:
    """Every stretch that speaks for a finding; where nothing was found or measured, none is told."""
    told = [*_tracks(found["ownership"]), *_marks(found["watermark"])]
    told += _speaking(
        found["ai"].get("segments") or (), "AI music", words.lowered(words.MUSIC["synthetic"][0])
    )
    if (found["voice"] or {}).get("has_voice"):
        told += _speaking(found["voice"].get("segments") or (), "Voice", "sounds synthetic")
    return tuple(sorted(told, key=lambda moment: (moment.start_s, moment.end_s, moment.what)))


def _tracks(owned: Mapping[str, Any]) -> Iterator[Moment]:
    for track in owned.get("tracks") or ():
        name = f"“{track['title']}”" if track.get("title") else f"record {track['record_id']}"
        for part in track["stretches"]:
            length_s = (part["end_s"] - part["start_s"]) * part["speed"]
            begin, end = clock_text(part["track_start_s"]), clock_text(part["track_start_s"] + length_s)
            text = f"{name}, from {begin} to {end} of it{_changed(part)}"
            yield Moment(part["start_s"], part["end_s"], "Registered track", text)


def _marks(mark: Mapping[str, Any]) -> Iterator[Moment]:
    for read in mark.get("messages") or ():
        text = f"message {read['message']}{_changed(read)}"
        yield Moment(read["start_s"], read["end_s"], "Watermark", text)


def _changed(part: Mapping[str, Any]) -> str:
    faster = 100 * (part["speed"] - 1)
    higher = part["pitch_semitones"]
    told = []
    if abs(faster) >= 0.1:
        told.append(f"{abs(faster):.1f} % {'faster' if faster > 0 else 'slower'}")
    if abs(higher) >= 0.05:
        told.append(f"{abs(higher):.1f} semitones {'higher' if higher > 0 else 'lower'}")
    return f", {' and '.join(told)}" if told else ""


def _speaking(segments: Sequence[Mapping[str, Any]], what: str, text: str) -> Iterator[Moment]:
    """Stretches whose score is above even, joined, with their highest score."""
    for joined in _joined(s for s in segments if s["score"] is not None and s["score"] > EVEN):
        highest = max(float(s["score"]) for s in joined)
        told = f"{text} (score {'up to ' if len(joined) > 1 else ''}{score_text(highest)})"
        yield Moment(joined[0]["start_s"], max(s["end_s"] for s in joined), what, told)


def _joined(segments: Iterable[Mapping[str, Any]]) -> Iterator[list[Mapping[str, Any]]]:
    row: list[Mapping[str, Any]] = []
    for segment in sorted(segments, key=lambda s: float(s["start_s"])):
        if row and segment["start_s"] - max(s["end_s"] for s in row) > JOIN_S:
            yield row
            row = []
        row.append(segment)
    if row:
        yield row
