"""Business days, against the list of federal holidays that the Office of Personnel Management publishes."""

from datetime import date

import pytest

from api.law.days import business_days_after, due, holidays
from api.law.law import shipped

# opm.gov, "Federal Holidays", as they are observed
OBSERVED = {
    2026: "01-01 01-19 02-16 05-25 06-19 07-03 09-07 10-12 11-11 11-26 12-25",
    2027: "01-01 01-18 02-15 05-31 06-18 07-05 09-06 10-11 11-11 11-25 12-24 12-31",
}


@pytest.mark.parametrize("year", OBSERVED)
def test_holidays_are_those_that_are_observed(year: int) -> None:
    assert {f"{day:%m-%d}" for day in holidays(year)} == set(OBSERVED[year].split())


@pytest.mark.parametrize(
    ("start", "days", "end"),
    [
        (date(2026, 11, 2), 1, date(2026, 11, 3)),
        (date(2026, 11, 6), 1, date(2026, 11, 9)),  # over a weekend
        (date(2026, 11, 7), 1, date(2026, 11, 9)),  # from a Saturday
        (date(2026, 11, 10), 1, date(2026, 11, 12)),  # over Veterans Day
        (date(2027, 12, 23), 5, date(2028, 1, 3)),  # over Christmas and a New Year's Day in December
    ],
)
def test_weekends_and_holidays_do_not_count(start: date, days: int, end: date) -> None:
    assert business_days_after(start, days) == end


def test_a_counter_notice_sets_the_window_of_the_law() -> None:
    dmca, fakes = shipped().rule("us-dmca-512"), shipped().rule("us-no-fakes")
    start = date(2026, 11, 20)
    assert due(dmca.deadline("restore-earliest"), start) == date(2026, 12, 7)
    assert due(dmca.deadline("restore-latest"), start) == date(2026, 12, 11)
    assert due(fakes.deadline("uploader-sues"), start) == date(2026, 12, 4)
