"""The compliance report of a day: for each rule what Trackmark does, what not, and what was measured."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from typing import Any

from api.law.cards import number
from api.law.law import Law, Rule
from core.errors import InvalidInput

NO_ADVICE = (
    "This report is not legal advice. It says what this release does and what was measured; whether that is "
    "enough for a duty of yours, a lawyer says."
)


def report(law: Law, on: date, *, release: str, jurisdiction: str | None = None) -> dict[str, Any]:
    """The report of a day.

    Args:
        law: the rules.
        on: the day.
        release: of Trackmark.
        jurisdiction: rules of this one only; `US` includes its states.

    Raises:
        InvalidInput: there is no such jurisdiction.
    """
    rules = [one for one in law.rules if jurisdiction is None or _within(one, jurisdiction)]
    if not rules:
        known = ", ".join(dict.fromkeys(one.jurisdiction for one in law.rules))
        raise InvalidInput(f"no rule of {jurisdiction!r} is known; known are {known}")
    stale = {one.id for one in law.stale(on)}
    return {
        "date": on.isoformat(),
        "release": release,
        "not_legal_advice": NO_ADVICE,
        "rules": [_told(one, on) for one in rules],
        "warnings": [_warning(one, on) for one in rules if one.id in stale],
    }


def _within(rule: Rule, jurisdiction: str) -> bool:
    asked, own = jurisdiction.casefold(), rule.jurisdiction.casefold()
    return own == asked or own.startswith(f"{asked}-")


def _told(rule: Rule, on: date) -> Mapping[str, Any]:
    return {
        "id": rule.id,
        "jurisdiction": rule.jurisdiction,
        "title": rule.title,
        "article": rule.article,
        "standing": rule.standing(on),
        "in_force_from": None if rule.in_force_from is None else rule.in_force_from.isoformat(),
        "note": rule.note,
        "source": rule.source,
        "read": rule.read,
        "last_checked": rule.last_checked.isoformat(),
        "who": rule.who,
        "asks": rule.asks,
        "does": list(rule.does),
        "lacks": list(rule.lacks),
        "measured": [asdict(number(one)) for one in rule.measured],
        "shown_by": list(rule.shown_by),
    }


def _warning(rule: Rule, on: date) -> str:
    days = (on - rule.last_checked).days
    return (
        f"{rule.jurisdiction}, {rule.title}, {rule.article}: last compared with its source on "
        f"{rule.last_checked}, {days} days before; check it again"
    )
