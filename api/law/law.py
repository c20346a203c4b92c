"""The rules of `law.toml`, read strictly: each with its source and when a person last looked there."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from api.language import _, later
from api.language.figures import day_text
from core.errors import InvalidInput

Status = Literal["in_force", "pending", "voluntary", "contract"]
Unit = Literal["days", "business days"]
_STANDINGS = {
    "pending": later("a bill, not law"),
    "voluntary": later("voluntary"),
    "contract": later("terms of delivery"),
}


@dataclass(frozen=True)
class Measured:
    """A number of a model card that bears on a rule.

    Attributes:
        card: its name.
        metric: the number's name on it.
        says: what it is, in words.
        shown_as: a share of 0 to 1, or a count.
        of: of a count: the metric that it is a part of.
    """

    card: str
    metric: str
    says: str
    shown_as: Literal["share", "count"]
    of: str | None = None


@dataclass(frozen=True)
class Deadline:
    """A time that a rule sets.

    Attributes:
        after: the step of a notice from which it counts.
        says: what must have happened, or must not happen before.
    """

    id: str
    after: str
    days: int
    unit: Unit
    says: str


@dataclass(frozen=True)
class Rule:
    """A law, a code or the terms of a platform.

    Attributes:
        read: whether the text itself was read, or what others write about it.
        who: whom it binds.
        asks: what of them.
        does: what Trackmark does for it.
        lacks: what it does not do.
        shown_by: tests and documents of the repository that show what it does.
        in_force_from: the first day on which it holds; None where no day is set.
    """

    id: str
    jurisdiction: str
    title: str
    article: str
    source: str
    status: Status
    last_checked: date
    read: Literal["text", "digest"]
    who: str
    asks: str
    does: tuple[str, ...]
    lacks: tuple[str, ...]
    shown_by: tuple[str, ...]
    in_force_from: date | None = None
    note: str | None = None
    measured: tuple[Measured, ...] = ()
    deadlines: tuple[Deadline, ...] = ()

    def standing(self, on: date) -> str:
        """Where it stands on a day, in words."""
        word = _STANDINGS.get(self.status)
        if self.in_force_from is None:
            return _(word) if word else _("no day set")
        day = day_text(self.in_force_from)
        since = _("since %(day)s", day=day) if self.in_force_from <= on else _("from %(day)s", day=day)
        return f"{_(word)}, {since}" if word else " ".join((_("in force"), since))

    def deadline(self, name: str) -> Deadline:
        """A deadline by its id."""
        return next(one for one in self.deadlines if one.id == name)


@dataclass(frozen=True)
class Law:
    """All rules.

    Attributes:
        stale_after_days: after so many days a rule counts as not checked any more.
    """

    stale_after_days: int
    rules: tuple[Rule, ...]

    def rule(self, name: str) -> Rule:
        """A rule by its id."""
        return next(one for one in self.rules if one.id == name)

    def stale(self, on: date) -> tuple[Rule, ...]:
        """Rules that nobody has compared with their source for too long."""
        return tuple(one for one in self.rules if (on - one.last_checked).days > self.stale_after_days)


@cache
def shipped() -> Law:
    """The law as this release knows it."""
    return parse((files("api.law") / "law.toml").read_bytes())


def parse(data: bytes) -> Law:
    """Read the rules.

    Raises:
        InvalidInput: a rule lacks something, or says something that no rule says.
    """
    try:
        told = tomllib.loads(data.decode())
        rules = tuple(_rule(dict(one)) for one in told["rule"])
        law = Law(int(told["stale_after_days"]), rules)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, KeyError, TypeError) as error:
        raise InvalidInput(f"the law's data cannot be read: {error}") from error
    if len({one.id for one in law.rules}) < len(law.rules):
        raise InvalidInput("two rules have the same id")
    return law


def _rule(told: dict[str, Any]) -> Rule:
    told["deadlines"] = tuple(_deadline(dict(one)) for one in told.pop("deadline", ()))
    told["measured"] = tuple(_measured(dict(one)) for one in told.get("measured", ()))
    for name in ("does", "lacks", "shown_by"):
        told[name] = _texts(told[name])
    known = {one.name for one in fields(Rule)}
    if unknown := told.keys() - known:
        raise InvalidInput(f"rule {told.get('id')!r} says {', '.join(sorted(unknown))}, which none does")
    return Rule(**told)


def _deadline(told: dict[str, Any]) -> Deadline:
    return Deadline(after=told.pop("from"), **told)


def _measured(told: Mapping[str, Any]) -> Measured:
    rest = {name: value for name, value in told.items() if name != "as"}
    return Measured(shown_as=told["as"], **rest)


def _texts(told: Sequence[str]) -> tuple[str, ...]:
    if isinstance(told, str):
        raise InvalidInput(f"a list of sentences is needed, not {told!r}")
    return tuple(told)
