"""What the audio holds beside the track of the statement, in the words of the rules that ask about it."""

from collections.abc import Iterator

from api.language import _, later, named
from api.language.figures import number_text
from api.report.words.told import Found

OBJECTIONS = {
    "disputed": later("disputed"),
    "revoked": later("revoked"),
    "invalid": later("does not verify"),
}
"""What keeps a record from being relied on."""


def of_others(found: Found) -> Iterator[str]:
    """Each track whose owners are others than those whom the statement is about."""
    for track in found["ownership"].get("tracks") or ():
        if track.get("of_others"):
            yield _(
                "At %(where)s the audio is that of record %(record)s, “%(title)s”, whose owners are others.",
                where=track["where"],
                record=track["record_id"],
                title=track["title"],
            )


def unreliable(found: Found) -> Iterator[str]:
    """Each track whose record cannot be relied on."""
    for track in found["ownership"].get("tracks") or ():
        if track.get("objection"):
            yield _(
                "At %(where)s the audio is that of record %(record)s, which cannot be relied on "
                "(%(objection)s).",
                where=track["where"],
                record=track["record_id"],
                objection=named(OBJECTIONS, track["objection"]),
            )


def unconfirmed(found: Found, *, known: bool) -> Iterator[str]:
    """Each mark that nothing confirms, of a record that the registry has or has not."""
    text = (
        later(
            "At %(where)s the audio carries another mark, of record %(message)s, and was not recognised as "
            "that record's."
        )
        if known
        else later(
            "At %(where)s the audio carries another mark of ours, %(message)s, that no record of this "
            "registry explains."
        )
    )
    for mark in found["ownership"].get("marks") or ():
        if mark["record_known"] is known:
            yield _(text, where=mark["where"], message=mark["message"])


def unsearched(found: Found) -> Iterator[str]:
    """Each part in which the search for a mark ended early."""
    for part in (found["watermark"].get("searched") or {}).get("left_out") or ():
        yield _(
            "From %(start)s s to %(end)s s a mark may lie at another speed or pitch: the search ended before "
            "it had looked at every one.",
            start=number_text(f"{part['start_s']:.3g}"),
            end=number_text(f"{part['end_s']:.3g}"),
        )
