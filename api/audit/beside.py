"""What the audio holds beside the track that the statement on ownership is about: other tracks, other marks.

A file is accepted as a whole, so that what is wrong with a part of it must be said, too.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from api.audit.claims import MarkBeside, Ownership, Record, TrackHeard, declares_ai, places
from api.audit.findings import MessageFound, WatermarkFound
from api.audit.result import Matches
from core.counted import whole

GAP_S = 5.0
"""Up to so much before, between and after its stretches a track is taken to go on: a quiet bar, a fade."""
TOLD_FROM_S = 10.0
"""So much that lies in no registered track is told beside whose the rest is."""
Spans = Sequence[tuple[float, float]]


def with_the_rest(
    found: Ownership,
    watermark: WatermarkFound,
    matches: Matches,
    records: Mapping[str, Record],
    duration_s: float,
) -> Ownership:
    """The statement, with every registered track that is heard, and the marks that nothing confirms.

    Args:
        found: about one record.
        watermark: the detection; a blank where there is none.
        matches: what the fingerprint found.
        records: summaries of the known records.
        duration_s: length of the audio.
    """
    heard = [TrackHeard.of(m, records[m.record_id]) for m in matches if m.record_id in records]
    heard.sort(key=lambda track: track.stretches[0].start_s if track.stretches else 0.0)
    registered = [span for track in heard for span in spans_of(track.record_id, heard, watermark)]
    unregistered_s = round(beyond(registered, duration_s), 1) if heard else None
    text = found.text
    if unregistered_s is not None and unregistered_s >= TOLD_FROM_S:
        text += f" {whole(unregistered_s)} s of the audio lie in no registered track."
    return replace(
        found,
        text=text,
        unregistered_s=unregistered_s,
        tracks=tuple(_beside(found, heard)),
        marks=tuple(_unconfirmed(found, watermark, matches, records)),
        undeclared_s=_undeclared(found, watermark, heard, records, duration_s),
    )


def same_owners(one: Iterable[str], other: Iterable[str]) -> bool:
    """Whether two lists name the same parties; capitals make no other party."""
    return {name.casefold() for name in one} == {name.casefold() for name in other}


def beyond(spans: Spans, duration_s: float) -> float:
    """Seconds of the audio that lie outside of some spans and are longer than `GAP_S` at one place.

    Args:
        spans: start and end in seconds, in any order; none at all: where is not known, so nothing is outside.
        duration_s: length of the audio.

    >>> beyond([(2.0, 20.0), (18.0, 30.0)], 33.0), beyond([(0.0, 20.0)], 60.0)
    (0.0, 40.0)
    """
    outside, reached = 0.0, 0.0
    for start, end in [*sorted(spans), (duration_s, duration_s)] if spans else ():
        outside += start - reached if start - reached > GAP_S else 0.0
        reached = max(reached, end)
    return outside


def spans_of(record_id: str, tracks: Iterable[TrackHeard], watermark: WatermarkFound) -> Spans:
    """Where a record's track is heard, by its fingerprint and by its mark."""
    heard = [(s.start_s, s.end_s) for t in tracks if t.record_id == record_id for s in t.stretches]
    return heard + [(m.start_s, m.end_s) for m in watermark.messages if m.message == record_id]


def _beside(found: Ownership, tracks: Sequence[TrackHeard]) -> Iterable[TrackHeard]:
    spoken_of = {found.record_id, *(claim.record_id for claim in found.claims)}
    named = next((track.owners for track in tracks if track.record_id == found.record_id), ())
    for track in tracks:
        if track.record_id in spoken_of:
            yield replace(track, objection=None)
        else:
            others = bool(named and track.owners) and not same_owners(track.owners, named)
            yield replace(track, of_others=others and track.objection in (None, "disputed"))


def _unconfirmed(
    found: Ownership, watermark: WatermarkFound, matches: Matches, records: Mapping[str, Record]
) -> Iterable[MarkBeside]:
    """Messages beside that of the statement which the fingerprint does not name."""
    heard = {found.record_id, *(match.record_id for match in matches)}
    read: dict[str, list[MessageFound]] = {}
    for one in watermark.messages:
        if one.message not in heard:
            read.setdefault(one.message, []).append(one)
    for message, ones in read.items():
        yield MarkBeside(message, message in records, places((m.start_s, m.end_s) for m in ones))


def _undeclared(
    found: Ownership,
    watermark: WatermarkFound,
    tracks: Sequence[TrackHeard],
    records: Mapping[str, Record],
    duration_s: float,
) -> float | None:
    """How much of the audio no declaration of AI speaks of; credentials are bound to a file as a whole."""
    declared = [track.record_id for track in tracks if track.declares_ai]
    if declares_ai(found.record) and found.record_id not in declared:
        return 0.0
    if not declared:
        return None
    spans = [span for record_id in declared for span in spans_of(record_id, tracks, watermark)]
    return round(beyond(spans, duration_s), 1)
