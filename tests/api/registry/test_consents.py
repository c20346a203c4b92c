"""Consents on file: their terms, their end, and what is refused."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from api.errors import ConflictingEntry, UnknownEntry
from api.registry.consents import Consent, Terms
from api.registry.registry import Registry
from api.settings import Settings
from core import clock
from core.errors import InvalidInput

FIRST = date(2026, 1, 1)


@pytest.fixture
def registry(tmp_path: Path, database_url: str) -> Iterator[Registry]:
    opened = Registry.open(Settings(home=tmp_path / "home", database_url=database_url))
    opened.artists.enrol("Ada", b"voice")
    yield opened
    opened.close()


def test_a_consent_is_kept_as_it_was_given_and_revoked_once(registry: Registry) -> None:
    consents = registry.artists.consents("Ada")
    terms = Terms(("singing", "speech"), FIRST, date(2028, 12, 31), ("DE", "FR"), "L-17", "ab" * 32)
    made = consents.add(terms)
    assert consents.all() == [made] and made.terms == terms
    revoked = consents.revoke(made.id, "the contract was ended")
    assert revoked.revoked_reason == "the contract was ended" and revoked.state(FIRST) == "revoked"
    with pytest.raises(ConflictingEntry):
        consents.revoke(made.id, "again")
    with pytest.raises(UnknownEntry):
        consents.revoke("0" * 16, "never was")
    with pytest.raises(InvalidInput):
        consents.revoke(made.id, "  ")
    assert consents.all() == [revoked]


def test_consents_are_their_artists_and_tenants_own_and_go_with_them(registry: Registry) -> None:
    registry.artists.enrol("Bob", b"voice")
    made = registry.artists.consents("Ada").add(Terms(("singing",), FIRST))
    assert registry.artists.consents("Bob").all() == []
    with pytest.raises(UnknownEntry):
        registry.artists.consents("Bob").revoke(made.id, "not his")
    with pytest.raises(UnknownEntry):
        registry.for_tenant("other").artists.consents("Ada")
    assert registry.artists.consents_of(["Ada", "Bob"]) == {"Ada": [made]}
    kept = registry.artists.consents("Ada")
    registry.artists.remove("Ada")
    assert kept.all() == []
    with pytest.raises(UnknownEntry):
        kept.add(Terms(("singing",), FIRST))


@pytest.mark.parametrize(
    ("first", "last", "state"),
    [
        (date(2026, 1, 1), None, "active"),
        (date(2026, 6, 1), date(2026, 6, 1), "active"),
        (date(2026, 6, 2), None, "expired"),
        (date(2026, 1, 1), date(2026, 5, 31), "expired"),
    ],
)
def test_both_ends_of_a_term_belong_to_it(first: date, last: date | None, state: str) -> None:
    assert Consent("c", Terms(("singing",), first, last), clock.now()).state(date(2026, 6, 1)) == state


@pytest.mark.parametrize(
    ("last", "territories", "flagged"),
    [
        (None, ("WORLD",), True),
        (None, ("DE", "US"), True),
        (None, ("DE",), False),
        (date(2035, 12, 31), ("US",), False),
        (date(2036, 1, 1), ("US",), True),
    ],
)
def test_more_than_ten_years_in_the_us_are_flagged(
    last: date | None, territories: tuple[str, ...], flagged: bool
) -> None:
    consent = Consent("c", Terms(("singing",), FIRST, last, territories), clock.now())
    assert bool(consent.flags()) is flagged


def test_ten_years_from_a_leap_day_end_on_the_last_of_february() -> None:
    for last, flagged in ((date(2034, 2, 28), False), (date(2034, 3, 1), True)):
        consent = Consent("c", Terms(("singing",), date(2024, 2, 29), last), clock.now())
        assert bool(consent.flags()) is flagged


@pytest.mark.parametrize(
    "wrong",
    [
        {"scopes": ()},
        {"scopes": ("dancing",)},
        {"scopes": ("singing", "singing")},
        {"territories": ()},
        {"territories": ("de",)},
        {"territories": ("WORLD", "DE")},
        {"territories": ("DE", "DE")},
        {"valid_until": date(2025, 12, 31)},
        {"licence": ""},
        {"licence": "two\nlines"},
        {"evidence_sha256": "AB" * 32},
    ],
)
def test_terms_that_are_none_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        Terms(**{"scopes": ("singing",), "valid_from": FIRST, **wrong})
