"""The forms of notices, which step may follow which, and the days that the law sets."""

from datetime import date
from typing import Any, get_args

import pytest

from api.docket.step import MOST_STEPS
from api.errors import ConflictingEntry
from api.law.law import shipped
from api.notices.forms import FORMS, FormName, checked, missing
from api.notices.notice import _ALLOWED, Kind, Notice, State, after, deadlines
from core import clock
from core.errors import InvalidInput


def full(form: FormName, *, counter: bool = False) -> dict[str, Any]:
    elements = FORMS[form].counter if counter else FORMS[form].notice
    return {one.name: True if one.kind == "statement" else f"the {one.name}" for one in elements}


def notice(form: FormName, state: State, removed_on: date, countered_on: date) -> Notice:
    now, came = clock.now(), date(2026, 11, 2)
    days = (came, removed_on, countered_on)
    return Notice("a", "t", form, state, "m", full(form), None, *days, None, None, 1, now, now)


@pytest.mark.parametrize("form", get_args(FormName))
def test_every_element_is_needed(form: FormName) -> None:
    elements = FORMS[form].notice
    assert missing(elements, checked(elements, full(form))) == ()
    for one in elements:
        without = {**full(form), one.name: False if one.kind == "statement" else ""}
        assert missing(elements, checked(elements, without)) == (one.name,)
    assert missing(elements, {}) == tuple(one.name for one in elements)


def test_the_letters_are_those_of_the_rules() -> None:
    assert {one.letter for one in FORMS["no-fakes"].notice} == set("ABCDEFG")
    assert [one.letter for one in FORMS["dmca"].notice] == ["i", "ii", "iii", "iii", "iv", "v", "vi"]
    assert {one.letter for one in FORMS["dmca"].counter} == set("ABCD")
    for form in FORMS.values():
        assert shipped().rule(form.rule).deadlines


def test_what_the_form_does_not_have_is_refused() -> None:
    elements = FORMS["dmca"].notice
    for said in ({"person": "Ada"}, {"good_faith": "yes"}, {"signature": True}):
        with pytest.raises(InvalidInput):
            checked(elements, said)


@pytest.mark.parametrize("state", get_args(State))
@pytest.mark.parametrize("kind", [one for one in get_args(Kind) if one != "receive"])
def test_a_step_follows_or_is_refused_with_what_can(state: State, kind: Kind) -> None:
    if kind in _ALLOWED[state]:
        assert after(state, 1, kind) in get_args(State)
        return
    with pytest.raises(ConflictingEntry, match="what can follow is"):
        after(state, 1, kind)


def test_a_notice_is_received_once_nothing_is_missing() -> None:
    assert after("incomplete", 1, "complete", ["work"]) == "incomplete"
    assert after("incomplete", 1, "complete") == "received"
    with pytest.raises(ConflictingEntry, match="at most"):
        after("received", MOST_STEPS, "comment")


def test_days_count_from_the_counter_notice_and_stop_with_the_answer() -> None:
    days = date(2026, 11, 10), date(2026, 11, 20)
    found = deadlines(notice("dmca", "countered", *days), shipped())
    assert [(one.id, one.on) for one in found] == [
        ("restore-earliest", date(2026, 12, 7)),
        ("restore-latest", date(2026, 12, 11)),
    ]
    assert not any(one.pending for one in found)
    for state in get_args(State):
        if state != "countered":
            assert deadlines(notice("dmca", state, *days), shipped()) == (), state
    (sues,) = deadlines(notice("no-fakes", "removed", *days), shipped())
    assert (sues.on, sues.pending) == (date(2026, 11, 24), True)
