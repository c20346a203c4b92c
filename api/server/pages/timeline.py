"""The findings on one axis of time: a lane for each, with its scale, and gaps where nothing was measured."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from api.language import _
from api.language.figures import number_text
from api.report.moments import EVEN
from api.report.numbers import clock_text, score_text, span_text
from api.report.words.reasons import reason_text
from api.report.words.told import not_judged

WIDTH = 1000
HEIGHT = 40


@dataclass(frozen=True)
class Bar:
    """A stretch of a lane in units of `WIDTH` and `HEIGHT`, with what it shows in words.

    Attributes:
        measured: False where the score could not be had; such a bar is hatched and as high as the lane.
    """

    x: float
    width: float
    height: float
    label: str
    start_s: float
    end_s: float
    measured: bool = True


@dataclass(frozen=True)
class Lane:
    """One row of the timeline.

    Attributes:
        scale: what the height of a bar means.
        line: the height at which the evidence is even; None where there is no such height.
        empty: what to say where there is no bar.
        record: id of the registered track that it shows.
    """

    key: str
    name: str
    scale: str
    bars: tuple[Bar, ...]
    line: float | None = None
    empty: str = ""
    record: str | None = None


def lanes(found: Mapping[str, Any]) -> tuple[Lane, ...]:
    """The timeline: where in the file each finding lies."""
    duration_s = float(found.get("duration_s") or 0)
    if duration_s <= 0:
        return ()
    mark, ai, voice = found["watermark"], found["ai"], found["voice"]
    outcome = found.get("checks", {}).get("watermark", "done")
    return (
        _mark(mark, outcome, duration_s),
        *_tracks(found["ownership"], duration_s),
        _scores("ai", _("AI music"), ai, duration_s),
        _scores("voice", _("Synthetic voice"), voice, duration_s),
    )


def _mark(mark: Mapping[str, Any], outcome: str, duration_s: float) -> Lane:
    segments = mark.get("segments") or () if mark.get("present") else ()
    bars = tuple(_bars(segments, duration_s))
    empty = _("no mark was read") if outcome == "done" else not_judged(outcome)
    scale = _("agreement with the mark, from 0 to 1")
    return Lane("watermark", _("Watermark"), scale, bars, empty=empty)


def _tracks(owned: Mapping[str, Any], duration_s: float) -> Iterator[Lane]:
    for track in owned.get("tracks") or ():
        segments = [{**part, "score": None} for part in track["stretches"]]
        bars = tuple(_bar(s, duration_s, HEIGHT, f"{_when(s)}, {_of_track(s)}") for s in segments)
        name = str(track.get("title") or track["record_id"])
        yield Lane("track", name, _("where this registered track is heard"), bars, record=track["record_id"])


def _scores(key: str, name: str, section: Mapping[str, Any], duration_s: float) -> Lane:
    bars = tuple(_bars(section.get("segments") or (), duration_s, with_gaps=True))
    empty = reason_text(section.get("reason")) or _("nothing was found")
    scale = _("score from 0 to 1; the line is %(even)s, as likely as not", even=number_text(str(EVEN)))
    return Lane(key, name, scale, bars, line=HEIGHT * (1 - EVEN), empty=empty)


def _bars(
    segments: Sequence[Mapping[str, Any]], duration_s: float, *, with_gaps: bool = False
) -> Iterator[Bar]:
    reached = 0.0
    for segment in segments:
        if with_gaps and segment["start_s"] > reached:
            yield _gap(reached, float(segment["start_s"]), duration_s)
        score = segment["score"]
        if score is None:
            yield _gap(float(segment["start_s"]), float(segment["end_s"]), duration_s)
        else:
            height = HEIGHT * min(max(float(score), 0.0), 1.0)
            yield _bar(segment, duration_s, height, f"{_when(segment)}, {_scored(score)}")
        reached = max(reached, float(segment["end_s"]))
    if with_gaps and segments and reached < duration_s - 0.05:
        yield _gap(reached, duration_s, duration_s)


def _gap(start_s: float, end_s: float, duration_s: float) -> Bar:
    segment = {"start_s": start_s, "end_s": end_s}
    return _bar(segment, duration_s, HEIGHT, ", ".join((_when(segment), _("not measured"))), measured=False)


def _bar(
    segment: Mapping[str, Any], duration_s: float, height: float, label: str, *, measured: bool = True
) -> Bar:
    start_s, end_s = float(segment["start_s"]), min(float(segment["end_s"]), duration_s)
    x, width = start_s / duration_s * WIDTH, max((end_s - start_s) / duration_s * WIDTH, 1.0)
    return Bar(round(x, 2), round(width, 2), round(height, 1), label, start_s, end_s, measured)


def _when(segment: Mapping[str, Any]) -> str:
    return span_text(segment["start_s"], segment["end_s"])


def _of_track(segment: Mapping[str, Any]) -> str:
    return _("from %(moment)s of the track on", moment=clock_text(segment["track_start_s"]))


def _scored(score: float) -> str:
    return _("score %(score)s", score=score_text(score))
