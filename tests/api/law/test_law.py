"""The law's data: read strictly, its evidence there, its numbers those of the cards, stale when it is old."""

import re
import tomllib
from datetime import timedelta
from importlib.resources import files
from pathlib import Path

import pytest

from api.law.cards import number
from api.law.compliance import report
from api.law.law import Measured, parse, shipped
from core.errors import InvalidInput

ROOT = Path(__file__).resolve().parents[3]
WANTED = {"EU", "US-CA", "US-TN", "US", "CN", "IN", "DDEX", "Apple Music", "Spotify"}


def test_every_rule_that_was_asked_for_is_there() -> None:
    law = shipped()
    assert {one.jurisdiction for one in law.rules} == WANTED
    for rule in law.rules:
        assert re.fullmatch(r"https://[a-z0-9.-]+/\S*", rule.source), rule.id
        assert rule.does and rule.lacks and rule.asks, rule.id
        assert (rule.in_force_from is None) <= (rule.status in ("pending", "contract")), rule.id


def test_what_shows_it_exists() -> None:
    for rule in shipped().rules:
        for path in rule.shown_by:
            assert (ROOT / path).is_file(), (rule.id, path)


def test_numbers_are_those_of_the_cards_and_no_others() -> None:
    text = (files("api.law") / "law.toml").read_text()
    card = tomllib.loads((ROOT / "provenance/watermark/watermark.toml").read_text())
    told = {one.says: number(one) for rule in shipped().rules for one in rule.measured}
    seen = told["marks seen in clips without one"]
    counts = (card["metrics"]["unmarked_reported_present"], card["metrics"]["unmarked_windows"])
    assert seen.text == f"{counts[0]} of {counts[1]}"
    assert (seen.version, seen.trained_at) == (card["version"], card["trained_at"])
    share = next(one for says, one in told.items() if "clips of 5 s, Opus" in says)
    assert share.text == f"{100 * card['metrics']['message_accuracy_5s_opus_64']:.1f} %"
    assert not re.search(r"\d\s*%(?! confidence)", text)  # none is typed


def test_a_number_that_no_card_has_is_refused() -> None:
    for card, metric in (("watermark-channel", "no such"), ("no such card", "x")):
        with pytest.raises(InvalidInput, match="no number"):
            number(Measured(card, metric, "a", "share"))


def test_a_rule_that_was_not_checked_for_too_long_warns() -> None:
    law = shipped()
    first = min(one.last_checked for one in law.rules)
    last_good = first + timedelta(days=law.stale_after_days)
    assert law.stale(last_good) == ()
    stale = law.stale(last_good + timedelta(days=1))
    assert stale and all(one.last_checked == first for one in stale)
    told = report(law, last_good + timedelta(days=1), release="1")
    assert len(told["warnings"]) == len(stale)
    assert f"{law.stale_after_days + 1} days before; check it again" in told["warnings"][0]


def test_a_rule_stands_where_its_day_says() -> None:
    rule = shipped().rule("us-ca-22757-3-1")
    assert rule.in_force_from is not None
    assert rule.standing(rule.in_force_from) == "in force since 2027-01-01"
    assert rule.standing(rule.in_force_from - timedelta(days=1)) == "in force from 2027-01-01"
    assert shipped().rule("us-no-fakes").standing(rule.in_force_from) == "a bill, not law"


def test_a_jurisdiction_brings_its_states_and_no_others() -> None:
    day = shipped().rules[0].last_checked
    told = report(shipped(), day, release="1", jurisdiction="us")
    assert {one["jurisdiction"] for one in told["rules"]} == {"US", "US-CA", "US-TN"}
    assert "not legal advice" in told["not_legal_advice"]
    with pytest.raises(InvalidInput, match="known are"):
        report(shipped(), day, release="1", jurisdiction="Atlantis")


def test_data_that_says_something_else_is_refused() -> None:
    good = (files("api.law") / "law.toml").read_text()
    assert len(parse(good.encode()).rules) == len(shipped().rules)
    for bad in (
        good.replace('status = "pending"', 'status = "pending"\nverdict = "fine"'),
        good.replace("last_checked = 2026-11-28\n", "", 1),
        good.replace('id = "in-it-rules"', 'id = "ddex-ai"'),
        good.replace("stale_after_days = 180", ""),
        good.replace("[[rule]]", "[[rule", 1),
    ):
        with pytest.raises(InvalidInput):
            parse(bad.encode())
