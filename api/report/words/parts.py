"""Which parts of the audio are which registered track, where no single one is all of it."""

from collections.abc import Sequence

from api.language import _, later
from api.report.legible import legible
from api.report.numbers import span_text
from api.report.words.meanings import MEANINGS
from api.report.words.owned import rest_text
from api.report.words.told import Found

LONGEST_NAME = 48
MOST = 6
"""Tracks that a sentence names; the evidence has all."""
NAMED = ("match", "mark_removed_or_unmarked", "fingerprint_only")
"""The statuses that say whose the audio is."""
_MARK = {
    "match": later("The mark names record %(record)s."),
    "mark_removed_or_unmarked": later("No mark was found in it."),
    "fingerprint_only": later("Whether it carries a mark is not known."),
}
SEVERAL = later(
    "Each record proves who claimed its track and when, not that the claim is true. Whether the parts may be "
    "used together, a person must find out."
)


def several(owned: Found) -> Sequence[Found]:
    """The registered tracks in the audio where their owners differ; empty where all belong to the same."""
    tracks = owned.get("tracks") or ()
    mixed = owned["status"] in NAMED and any(track.get("of_others") for track in tracks)
    return tuple(tracks) if mixed else ()


def several_text(owned: Found) -> str:
    """What is said of the audio where it holds tracks of several owners."""
    tracks = several(owned)
    named = "; ".join(map(_track, tracks[:MOST]))
    if len(tracks) > MOST:
        named = _("%(tracks)s; and %(count)s more", tracks=named, count=len(tracks) - MOST)
    mark = _(_MARK[str(owned["status"])], record=owned["record_id"])
    heard = _("Registered tracks of different owners are heard in it: %(tracks)s.", tracks=named)
    return " ".join(filter(None, (heard, mark, rest_text(owned))))


def meaning(owned: Found) -> str:
    """What the finding on ownership means."""
    text = SEVERAL if several(owned) else MEANINGS.get(owned["status"], "")
    return _(text) if text else ""


def where(spans: Sequence[tuple[float, float]]) -> str:
    """From where to where, one after the other."""
    return ", ".join(span_text(start, end) for start, end in spans[:MOST])


def _track(track: Found) -> str:
    spans = where([(one["start_s"], one["end_s"]) for one in track["stretches"]])
    if not track["owners"]:  # of a record that does not verify nothing is quoted
        return _("record %(record)s (%(where)s)", record=track["record_id"], where=spans)
    return _(
        "“%(title)s” of %(owners)s (%(where)s)",
        title=legible(str(track["title"]), LONGEST_NAME),
        owners=legible(", ".join(track["owners"]), LONGEST_NAME),
        where=spans,
    )
