"""Days from which and until which something must be done.

The law does not define its business days; here they are days that are neither a Saturday, a Sunday nor a
legal public holiday of the United States (5 U.S.C. 6103), as it is observed by federal offices.
"""

from datetime import date, timedelta

from api.law.law import Deadline

SATURDAY, SUNDAY = 5, 6


def due(deadline: Deadline, start: date) -> date:
    """The day on which a deadline ends that counts from the day after `start`."""
    if deadline.unit == "days":
        return start + timedelta(days=deadline.days)
    return business_days_after(start, deadline.days)


def business_days_after(start: date, days: int) -> date:
    """The n-th business day after a day.

    >>> business_days_after(date(2026, 11, 20), 10)  # past Thanksgiving
    datetime.date(2026, 12, 7)
    """
    day = start
    while days:
        day += timedelta(days=1)
        days -= day.weekday() < SATURDAY and day not in holidays(day.year)
    return day


def holidays(year: int) -> frozenset[date]:
    """The holidays that are observed in a year; New Year's Day may be observed in the December before."""
    return frozenset(day for of in (year, year + 1) for day in map(_observed, _dates(of)) if day.year == year)


def _dates(year: int) -> tuple[date, ...]:
    fixed = ((1, 1), (6, 19), (7, 4), (11, 11), (12, 25))
    moving = ((1, 0, 3), (2, 0, 3), (9, 0, 1), (10, 0, 2), (11, 3, 4))
    memorial = max(day for day in (date(year, 5, number) for number in range(25, 32)) if day.weekday() == 0)
    return (
        *(date(year, month, day) for month, day in fixed),
        *(_nth(year, month, weekday, count) for month, weekday, count in moving),
        memorial,
    )


def _nth(year: int, month: int, weekday: int, count: int) -> date:
    """The n-th weekday (Monday is 0) of a month."""
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (count - 1))


def _observed(day: date) -> date:
    shift = {SATURDAY: -1, SUNDAY: 1}.get(day.weekday(), 0)
    return day + timedelta(days=shift)
