"""Where in the file each finding lies: stretches to be looked at and listened to, in order of time."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from api.language import _
from api.language.figures import number_text
from api.report import words
from api.report.numbers import clock_text, score_text, shifted, span_text

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
        return span_text(self.start_s, self.end_s)


def moments(found: Mapping[str, Any]) -> tuple[Moment, ...]:
    """Every stretch that speaks for a finding; where nothing was found or measured, none is told."""
    told = [*_tracks(found["ownership"]), *_marks(found["watermark"])]
    ai, voice = found["ai"], found["voice"] or {}
    traces = words.lowered(_(words.MUSIC["synthetic"][0]))
    told += _speaking(ai, _("AI music"), traces if ai.get("verdict") == "synthetic" else _alone())
    if voice.get("has_voice"):
        whole = voice.get("synthetic_score")
        synthetic = whole is not None and whole > EVEN
        told += _speaking(voice, _("Voice"), _("sounds synthetic") if synthetic else _alone())
    return tuple(sorted(told, key=lambda moment: (moment.start_s, moment.end_s, moment.what)))


def _tracks(owned: Mapping[str, Any]) -> Iterator[Moment]:
    for track in owned.get("tracks") or ():
        if track.get("title"):
            name = _("“%(title)s”", title=track["title"])
        else:
            name = _("record %(record)s", record=track["record_id"])
        for part in track["stretches"]:
            length_s = (part["end_s"] - part["start_s"]) * part["speed"]
            begin, end = clock_text(part["track_start_s"]), clock_text(part["track_start_s"] + length_s)
            text = _("%(track)s, from %(start)s to %(end)s of it", track=name, start=begin, end=end)
            yield Moment(part["start_s"], part["end_s"], _("Registered track"), text + _changed(part))


def _marks(mark: Mapping[str, Any]) -> Iterator[Moment]:
    for read in mark.get("messages") or ():
        text = _("message %(message)s", message=read["message"]) + _changed(read)
        yield Moment(read["start_s"], read["end_s"], _("Watermark"), text)


def _changed(part: Mapping[str, Any]) -> str:
    faster = 100 * (part["speed"] - 1)
    higher = part["pitch_semitones"]
    told = []
    if abs(faster) >= 0.1:
        share = number_text(f"{abs(faster):.1f}")
        told.append(
            _("%(share)s %% faster", share=share) if faster > 0 else _("%(share)s %% slower", share=share)
        )
    if abs(higher) >= 0.05:
        told.append(shifted(higher))
    joined = _(" and ").join(told)
    return f", {joined}" if told else ""


def _alone() -> str:
    """What is said of a stretch that speaks for something where the whole file does not."""
    return _("above even for itself alone; the file as a whole does not show it")


def _speaking(section: Mapping[str, Any], what: str, text: str) -> Iterator[Moment]:
    """Stretches whose score is above even, joined, with their highest score."""
    segments: Sequence[Mapping[str, Any]] = section.get("segments") or ()
    for joined in _joined(s for s in segments if s["score"] is not None and s["score"] > EVEN):
        highest = max(float(s["score"]) for s in joined)
        score = score_text(highest)
        told = (
            _("score up to %(score)s", score=score) if len(joined) > 1 else _("score %(score)s", score=score)
        )
        told = f"{text} ({told})"
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
