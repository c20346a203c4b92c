"""Numbers and moments as people read them, in the language that is spoken."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from api.audit import numbers as signed
from api.language import _, figures
from core.counted import whole

SMALLEST_CHANCE = 1e-6
SHORTEST_TOLD_S = 0.1
MINUTE_S = 60.0
LARGEST_IN_ONES = 0.01
"""From here on a probability is told in per cent."""
LEAST_TENTH = 0.001
WILSON_Z = 1.96


def percent_text(share: float) -> str:
    """A share of 0 to 1."""
    return f"{round(100 * float(share))}\u00a0%"


def fine_percent_text(share: float) -> str:
    """A share of 0 to 1 to a tenth of a per cent, since errors are small."""
    return figures.number_text(f"{100 * float(share):.1f}\u00a0%")


def rate_text(share: float, count: float | None, whole: str | None = None) -> str:
    """How often something happened in trials: of how many, and what that bounds where it was none or all.

    Args:
        share: of the trials, 0 to 1.
        count: of the trials; None where a report of an earlier release does not tell.
        whole: the share in words; to a tenth of a per cent unless given.

    >>> rate_text(0.067, 89), rate_text(0.067, None)
    ('6.7\xa0% of 89', '6.7\xa0%')
    >>> rate_text(1.0, 57)
    '100.0\xa0% of 57 (at least 93.7\xa0% with 95 % confidence)'
    >>> rate_text(0.0, 20000, "0")
    '0 of 20,000 (at most 0.015\xa0% with 95 % confidence)'
    """
    told = fine_percent_text(share) if whole is None else whole
    if not count:
        return told
    return _("%(share)s of %(count)s", share=told, count=figures.number_text(f"{count:,.0f}")) + bound_text(
        share, count
    )


def bound_text(share: float, count: float | None) -> str:
    """What a rate is at most or at least, where all trials ended alike; nothing for any other.

    As the benchmarks and the rates of the cards are bounded: of n trials without one, at most 1 - 0.05^(1/n)
    of all by the exact binomial bound; of n that all were, at least n / (n + 1.96^2) by Wilson's interval.
    """
    if not count or 0.0 < share < 1.0:
        return ""
    if share == 0.0:
        most = 1.0 - 0.05 ** (1.0 / count)
        return _(" (at most %(bound)s with 95 %% confidence)", bound=_small_percent_text(most))
    least = count / (count + WILSON_Z**2)
    return _(" (at least %(bound)s with 95 %% confidence)", bound=fine_percent_text(least))


def _small_percent_text(share: float) -> str:
    """A share, to two digits where a tenth of a per cent would be nought."""
    if share >= LEAST_TENTH:
        return fine_percent_text(share)
    return figures.number_text(f"{100 * share:.2g}\u00a0%")


def score_text(score: float) -> str:
    """A score as the statement tells it: none is ever shown as certainty."""
    told = signed.score_text(score)
    word, _space, number = told.rpartition(" ")
    number = figures.number_text(number)
    return {
        "above": _("above %(score)s", score=number),
        "below": _("below %(score)s", score=number),
    }.get(word, number)


def p_value_text(value: float | None) -> str:
    """A probability that may be tiny."""
    return _("not measured") if value is None else figures.number_text(signed.p_value_text(value))


def limit_text(value: float) -> str:
    """A number that others are compared with, as a policy or a check states it."""
    return figures.number_text(signed.limit_text(value))


def chance_text(p_value: float) -> str:
    """A probability in words of everybody, told no finer than such rates are measured.

    >>> chance_text(1e-14), chance_text(0.0012), chance_text(0.4)
    ('below one in a million', 'about one in 830', '40\xa0%')
    """
    if p_value < SMALLEST_CHANCE:
        return _("below one in a million")
    if p_value >= LARGEST_IN_ONES:
        return percent_text(p_value)
    return _("about one in %(count)s", count=figures.number_text(f"{float(f'{1 / p_value:.2g}'):,.0f}"))


def told_chance(p_value: float | None) -> str:
    """A probability in those words, with the number that was measured behind it.

    >>> told_chance(0.5), told_chance(1e-14), told_chance(None)
    ('50\xa0% (p-value 0.5)', 'below one in a million (p-value 1e-14)', 'not measured')
    """
    if p_value is None:
        return p_value_text(p_value)
    return _("%(chance)s (p-value %(p_value)s)", chance=chance_text(p_value), p_value=p_value_text(p_value))


def time_text(seconds: float) -> str:
    """A moment for people, to a tenth of a second."""
    return figures.number_text(f"{round(seconds, 1) + 0.0:.1f} s")


def length_text(seconds: float) -> str:
    """How long audio is, to a tenth of a second; no audio lasts no time at all.

    >>> length_text(12.34), length_text(0.001)
    ('12.3 s', 'less than 0.1 s')
    """
    if seconds < SHORTEST_TOLD_S:
        return _("less than %(length)s", length=time_text(SHORTEST_TOLD_S))
    return time_text(seconds)


def duration_text(seconds: float) -> str:
    """How long audio is, for people: seconds up to a minute, then as a clock shows it.

    >>> duration_text(12.34), duration_text(75.4), duration_text(59.97)
    ('12.3 s', '1:15 min', '1:00 min')
    """
    return length_text(seconds) if round(seconds, 1) < MINUTE_S else f"{clock_text(seconds)} min"


def clock_text(seconds: float) -> str:
    """Seconds as minutes and seconds, rounded as wherever else whole seconds are told.

    >>> clock_text(75.4), clock_text(33.7), clock_text(59.5)
    ('1:15', '0:34', '1:00')
    """
    told = whole(seconds)
    return f"{told // 60}:{told % 60:02d}"


def span_text(start_s: float, end_s: float) -> str:
    """A stretch of time as a clock shows it.

    >>> span_text(0, 75.4)
    '0:00 to 1:15'
    """
    return _("%(start)s to %(end)s", start=clock_text(start_s), end=clock_text(end_s))


MARKS = 4
"""Steps between the moments that are written under an axis of time."""
FINE_S = 20.0


def axis_texts(start_s: float, end_s: float) -> tuple[str, ...]:
    """Moments to be written under an axis of time, evenly apart; of a short one to a tenth of a second.

    >>> axis_texts(0, 2), axis_texts(-20, 60)
    (('0:00.0', '0:00.5', '0:01.0', '0:01.5', '0:02.0'), ('−0:20', '0:00', '0:20', '0:40', '1:00'))
    """
    step = (end_s - start_s) / MARKS
    moments = [start_s + step * number for number in range(MARKS + 1)]
    told = [_fine_clock(abs(one)) if end_s - start_s < FINE_S else clock_text(abs(one)) for one in moments]
    return tuple(f"−{text}" if one < 0 else text for one, text in zip(moments, told, strict=True))


def _fine_clock(seconds: float) -> str:
    tenths = round(10 * seconds)
    return figures.number_text(f"{tenths // 600}:{tenths % 600 / 10:04.1f}")


def shifted(semitones: float) -> str:
    """By how much a pitch lies higher or lower."""
    told = figures.number_text(f"{abs(semitones):.1f}")
    if semitones > 0:
        return _("%(count)s semitones higher", count=told)
    return _("%(count)s semitones lower", count=told)


def size_text(count: int) -> str:
    """A number of bytes for people.

    >>> size_text(7_340_032), size_text(900)
    ('7 MB', '1 kB')
    """
    if count >= 1 << 20:
        megabytes = count / (1 << 20)
        told = f"{megabytes:.0f} MB" if megabytes == int(megabytes) else f"{megabytes:.1f} MB"
        return figures.number_text(told)
    return f"{max(1, round(count / 1024))} kB"


def change_text(mark: Mapping[str, Any]) -> str:
    """How the audio was changed since it was marked; nothing where it was not."""
    speed, pitch = figures.number_text(f"{mark['speed']:.3f}"), mark.get("pitch_semitones")
    text = "" if mark["speed"] == 1.0 else _(", speed %(speed)s", speed=speed)
    if pitch:
        text += _(", pitch %(change)s semitones", change=figures.number_text(f"{pitch:+.2f}"))
    return text


def moment_text(text: str) -> str:
    """An ISO 8601 moment of a signed statement, to the second; what is none stands as it is written.

    >>> moment_text("2026-11-28T11:30:05.123456+00:00"), moment_text("2026-11-28T11:30:05Z")
    ('2026-11-28 11:30:05 UTC', '2026-11-28 11:30:05 UTC')
    """
    try:
        return figures.moment_text(datetime.fromisoformat(text), seconds=True)
    except ValueError:
        return text


def day_text(text: str) -> str:
    """The day of such a moment, or a day.

    >>> day_text("2026-11-28T11:30:05Z")
    '2026-11-28'
    """
    try:
        return figures.day_text(date.fromisoformat(text[:10]))
    except ValueError:
        return text
