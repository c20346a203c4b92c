"""Which registered tracks the audio is most like, in words; never called copying."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from api.language import _, later, named, ngettext
from api.language.figures import number_text
from api.report.numbers import shifted, span_text
from api.report.words.reasons import reason_text
from api.report.words.told import ESTIMATE, Facts, Found, Told, sentence

DIMENSIONS: Mapping[str, str] = {
    "melody": later("Melody"),
    "rhythm": later("Rhythm"),
    "timbre": later("Timbre"),
    "structure": later("Structure"),
}
NO_SIGN = later(
    "Likeness is no sign of copying: music of one style is alike, and among many tracks one is always near."
)
FEWEST = 0.01


def near(found: Found) -> Told:
    """Which registered tracks the audio is most like, of the dimensions that could be measured."""
    question = _("Which registered tracks is it most like?")
    if found.get("reason"):
        text = sentence(reason_text(found["reason"]))
        return Told(question, _("Not measured"), text, "neutral", tuple(_facts(found)), _(ESTIMATE))
    count = found["compared_with"]
    answer = ngettext(
        "Compared with %(count)s other track", "Compared with %(count)s other tracks", count, count=count
    )
    return Told(
        question, answer, " ".join((_(NO_SIGN), *_left(found))), "neutral", _nearest(found), _(ESTIMATE)
    )


def near_line(found: Found) -> str:
    """The same in one line."""
    if found.get("reason"):
        return _("not measured: %(reason)s", reason=reason_text(found["reason"]))
    told = near(found)
    return "; ".join([told.answer, *(f"{name}: {text}" for name, text in told.facts)])


def further(found: Found) -> tuple[str, ...]:
    """The tracks that are near besides, a sentence each."""
    return tuple(
        f"{named(DIMENSIONS, name)}: {track_text(one)}"
        for name in DIMENSIONS
        for one in (found.get(name) or {}).get("nearest", ())[1:]
    )


def track_text(one: Found) -> str:
    """A near track: which one, how rare that is, and where."""
    return "; ".join((which(one), rarity(one), *where(one)))


def which(one: Found) -> str:
    """A registered track by its title and its record."""
    if one.get("title") is None:
        return _("record %(record)s, which does not verify", record=one["record_id"])
    return _("“%(title)s” (record %(record)s)", title=one["title"], record=one["record_id"])


def rarity(one: Found) -> str:
    """How rare it is that two tracks are so near."""
    if one["closer_than"] is None:
        return _("nothing to judge the distance by")
    return _(
        "nearer than %(share)s of pairs of unrelated recordings of people (%(count)s tracks so near expected "
        "by chance)",
        share=share_text(one["closer_than"]),
        count=chance_text(one["by_chance"]),
    )


def share_text(share: float) -> str:
    """A share of 0 to 1 in hundredths of a per cent, rounded down: none is ever shown as all.

    >>> share_text(0.99999)
    '99.99\\xa0%'
    """
    return number_text(f"{math.floor(1e4 * share + 1e-6) / 100:.2f}\u00a0%")


def chance_text(count: float) -> str:
    """How many tracks are to be expected by chance."""
    if count < FEWEST:
        return _("fewer than %(count)s", count=number_text(f"{FEWEST:.2f}"))
    return number_text(f"{count:.2f}")


def where(one: Found) -> Iterator[str]:
    """Where in both tracks they are most alike, and how the melody was moved."""
    if one.get("start_s") is not None:
        yield _(
            "%(here)s, there %(there)s",
            here=span_text(one["start_s"], one["end_s"]),
            there=span_text(one["other_start_s"], one["other_end_s"]),
        )
    if one.get("semitones"):
        yield _("there %(change)s", change=shifted(one["semitones"]))
    if one.get("tempo") is not None and one["tempo"] != 1.0:
        yield _("there %(tempo)s times the tempo", tempo=number_text(f"{one['tempo']:.2f}"))


def _nearest(found: Found) -> Facts:
    return (*_facts(found), *_same(found))


def _facts(found: Found) -> Iterator[tuple[str, str]]:
    """Of each dimension the nearest track, or why there is none."""
    for name in DIMENSIONS:
        one: Mapping[str, Any] = found.get(name) or {}
        if one.get("nearest"):
            yield named(DIMENSIONS, name), track_text(one["nearest"][0])
        elif one.get("measurable"):
            yield named(DIMENSIONS, name), _("measurable in no other track")
        elif one.get("reason"):
            yield named(DIMENSIONS, name), _("not measured: %(reason)s", reason=reason_text(one["reason"]))


def _same(found: Found) -> Iterator[tuple[str, str]]:
    if found.get("same"):
        yield _("Not compared, since the audio holds them"), ", ".join(found["same"])


def _left(found: Found) -> Iterator[str]:
    left = found.get("left_out") or 0
    if left:
        yield ngettext(
            "%(count)s registered track was not compared, for want of a sketch.",
            "%(count)s registered tracks were not compared, for want of a sketch.",
            left,
            count=left,
        )
