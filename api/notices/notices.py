"""The notices of a tenant: received, whether complete or not, and answered step by step."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, Row, select

from api import database
from api.database.tables import Table
from api.docket.docket import Docket
from api.docket.step import Wish
from api.errors import UnknownEntry
from api.lists.query import Shelf
from api.lists.terms import Term, searched, values
from api.notices.forms import FORMS, FormName, checked, missing
from api.notices.notice import Kind, Notice, after
from api.outbox.outbox import Event
from core import clock
from core.errors import InvalidInput

_NOTICES = Table.metadata.tables["notices"]
_JOBS = Table.metadata.tables["jobs"]
_RECORDS = Table.metadata.tables["records"]
_FIELDS = tuple(Notice.__dataclass_fields__)
_SHOWN = 300


@dataclass(frozen=True)
class About:
    """What a notice is about here, where somebody knows."""

    audit_id: str | None = None
    record_id: str | None = None


@dataclass(frozen=True)
class Notices(Docket[Notice, Kind]):
    """The notices of one tenant."""

    SHELF = Shelf(
        "notice",
        _NOTICES,
        "id",
        Table.metadata.tables["notice_terms"],
        "notice_id",
        narrowed={},
        states="state",
    )
    STEPS = Table.metadata.tables["notice_steps"]

    def receive(
        self, form: FormName, elements: Mapping[str, Any], wish: Wish[Kind], *, on: date | None, about: About
    ) -> Notice:
        """Enter a notice, whether it is complete or not.

        Args:
            form: which.
            elements: of the form, as far as they were given.
            wish: who enters it.
            on: the day on which it came in; None is today.
            about: what it is about here.

        Raises:
            InvalidInput: the form has no such element, or the day lies ahead.
            UnknownEntry: the tenant has no such audit or record.
        """
        needed = FORMS[form].notice
        given = checked(needed, elements)
        with database.writing(self.engine) as connection:
            if (earlier := self.made(connection, wish)) is not None:
                return earlier
            self._known(connection, about)
            told = {
                "form": form,
                "state": "incomplete" if missing(needed, given) else "received",
                "material": str(given.get("material", ""))[:_SHOWN],
                "elements": given,
                "received_on": _day(on, None),
                **vars(about),
            }
            return self.enter(connection, told, wish)

    def read(self, row: Row[Any]) -> Notice:
        """The notice of a row."""
        return Notice(**{name: row._mapping[name] for name in _FIELDS})

    def changes(self, entry: Notice, wish: Wish[Kind]) -> Mapping[str, Any]:
        """What a step changes.

        Raises:
            ConflictingEntry: the step cannot follow.
            InvalidInput: an element is none of the form, a counter-notice lacks one, or a day cannot be.
        """
        form, kind = FORMS[entry.form], wish.type
        if kind == "complete":
            elements = {**entry.elements, **checked(form.notice, wish.said["elements"])}
            lacks = missing(form.notice, elements)
            shown = str(elements.get("material", ""))[:_SHOWN]
            state = after(entry.state, entry.version, kind, lacks)
            return {"state": state, "elements": elements, "material": shown}
        changes: dict[str, Any] = {"state": after(entry.state, entry.version, kind)}
        if kind == "counter":
            given = checked(form.counter, wish.said["elements"])
            if lacks := missing(form.counter, given):
                raise InvalidInput(f"the counter-notice lacks {', '.join(lacks)}")
            changes |= {"counter": given, "countered_on": _day(wish.said["on"], entry.removed_on)}
        if kind == "remove":
            changes["removed_on"] = _day(wish.said["on"], entry.received_on)
        return changes

    def terms(self, entry: Notice) -> set[Term]:
        """Its form, what it is about here, and the words of its elements."""
        said = entry.elements
        whole = values("form", [entry.form]) | values("record", [entry.record_id])
        whole |= values("audit", [entry.audit_id])
        return whole | searched(*map(said.get, ("material", "person", "work", "location")))

    def message(self, entry: Notice, wish: Wish[Kind]) -> tuple[Event, Mapping[str, Any]]:
        """That a notice came in, or a step of it."""
        if wish.type == "receive":
            return "notice.received", {"form": entry.form}
        return "notice.step", {"version": entry.version, "type": wish.type}

    def _known(self, connection: Connection, about: About) -> None:
        for table, column, own, word in (
            (_JOBS, _JOBS.c.id, about.audit_id, "audit"),
            (_RECORDS, _RECORDS.c.record_id, about.record_id, "record"),
        ):
            mine = select(column).where(column == own, table.c.tenant == self.tenant)
            if table is _JOBS:
                mine = mine.where(_JOBS.c.kind == "audit")
            if own is not None and connection.execute(mine).first() is None:
                raise UnknownEntry(f"no {word} {own}")


def _day(told: date | str | None, earliest: date | None) -> date:
    """The day on which something was done.

    Raises:
        InvalidInput: it lies ahead, or before the step that it follows.
    """
    today = clock.now().date()
    day = today if told is None else told if isinstance(told, date) else date.fromisoformat(told)
    if day > today:
        raise InvalidInput(f"{day} lies ahead; today is {today} in UTC")
    if earliest is not None and day < earliest:
        raise InvalidInput(f"{day} lies before {earliest}, the day of the step before")
    return day
