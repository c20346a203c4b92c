"""The notices of a tenant in the database: received, answered step by step, found, read with their history.

As with cases, a step is a row of its own, written in one transaction with the notice and the message.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, Engine, Row, Select, delete, insert, select, update

from api import database
from api.database.tables import Table
from api.errors import PreconditionFailed, UnknownEntry
from api.lists.cursors import Cursors
from api.lists.query import Shelf, Wanted, look_up
from api.lists.terms import Term, searched, values
from api.notices.forms import FORMS, FormName, checked, missing
from api.notices.notice import Notice, Step, Wish, after
from api.outbox.outbox import tell
from core import clock
from core.errors import InvalidInput

_NOTICES = Table.metadata.tables["notices"]
_STEPS = Table.metadata.tables["notice_steps"]
_TERMS = Table.metadata.tables["notice_terms"]
_JOBS = Table.metadata.tables["jobs"]
_RECORDS = Table.metadata.tables["records"]
SHELF = Shelf("notice", _NOTICES, "id", _TERMS, "notice_id", narrowed={}, states="state")
_SHOWN = 300


@dataclass(frozen=True)
class Page:
    """Some notices in the order of their list, and where the next page starts."""

    notices: tuple[Notice, ...]
    next: str | None


@dataclass(frozen=True)
class About:
    """What a notice is about here, where somebody knows."""

    audit_id: str | None = None
    record_id: str | None = None


@dataclass(frozen=True)
class Notices:
    """The notices of one tenant.

    Attributes:
        engine: of the database, bound to the tenant.
    """

    engine: Engine
    tenant: str

    @classmethod
    def of(cls, engine: Engine, tenant: str) -> "Notices":
        """Those of a tenant."""
        return cls(database.for_tenant(engine, tenant), tenant)

    def receive(
        self, form: FormName, elements: Mapping[str, Any], wish: Wish, *, on: date | None, about: About
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
        given, needed = checked(FORMS[form].notice, elements), FORMS[form].notice
        now = clock.now()
        with database.writing(self.engine) as connection:
            asked = self._mine().where(_NOTICES.c.once == wish.once)
            if wish.once is not None and (earlier := connection.execute(asked).one_or_none()) is not None:
                return _notice(earlier)
            self._known(connection, about)
            row = {
                "id": secrets.token_hex(8),
                "tenant": self.tenant,
                "form": form,
                "state": "incomplete" if missing(needed, given) else "received",
                "material": str(given.get("material", ""))[:_SHOWN],
                "elements": given,
                "received_on": _day(on, None),
                **vars(about),
                "version": 1,
                "created_at": now,
                "changed_at": now,
                "once": wish.once,
            }
            connection.execute(insert(_NOTICES).values(**row))
            made = self._row(connection, str(row["id"]))
            _write_down(connection, made, wish)
            return _notice(made)

    def get(self, notice_id: str) -> Notice:
        """A notice of the tenant; raises `UnknownEntry`."""
        with database.reading(self.engine) as connection:
            return _notice(self._row(connection, notice_id))

    def steps(self, notice_id: str) -> tuple[Step, ...]:
        """Everything that happened to a notice, in order; raises `UnknownEntry`."""
        query = select(_STEPS).where(_STEPS.c.notice_id == notice_id, _STEPS.c.tenant == self.tenant)
        with database.reading(self.engine) as connection:
            self._row(connection, notice_id)
            rows = connection.execute(query.order_by(_STEPS.c.version))
            return tuple(Step(**{name: row._mapping[name] for name in _STEP}) for row in rows)

    def page(self, wanted: Wanted, cursors: Cursors) -> Page:
        """A page of the tenant's notices.

        Raises:
            InvalidInput: the cursor is not one of this list, or a search says nothing.
        """
        with database.reading(self.engine) as connection:
            found = look_up(connection, SHELF, wanted, self.tenant, cursors)
            rows = connection.execute(self._mine().where(_NOTICES.c.id.in_(found.ids)))
            notices = {row.id: _notice(row) for row in rows}
        return Page(tuple(notices[one] for one in found.ids if one in notices), found.next)

    def take(self, notice_id: str, wish: Wish) -> Notice:
        """Take a step; returns the notice behind it.

        Raises:
            UnknownEntry: the tenant has no such notice.
            PreconditionFailed: it has another version than was expected.
            ConflictingEntry: the step cannot follow.
            InvalidInput: an element is none of the form, a counter-notice lacks one, or a day cannot be.
        """
        with database.writing(self.engine) as connection:
            row = self._row(connection, notice_id, locked=True)
            asked = select(_STEPS.c.version).where(_STEPS.c.once == wish.once)
            if wish.once is not None and connection.execute(asked).first() is not None:
                return _notice(row)
            if wish.expected is not None and str(row.version) not in wish.expected:
                raise PreconditionFailed(
                    f'the notice has changed meanwhile, its ETag is "{row.version}"; read it again'
                )
            changes = _changes(_notice(row), wish)
            connection.execute(
                update(_NOTICES)
                .where(_NOTICES.c.id == notice_id)
                .values(**changes, version=row.version + 1, changed_at=clock.now())
            )
            changed = self._row(connection, notice_id)
            _write_down(connection, changed, wish)
            return _notice(changed)

    def _mine(self) -> Select[Any]:
        return select(_NOTICES).where(_NOTICES.c.tenant == self.tenant)

    def _row(self, connection: Connection, notice_id: str, *, locked: bool = False) -> Row[Any]:
        query = self._mine().where(_NOTICES.c.id == notice_id)
        row = connection.execute(query.with_for_update() if locked else query).one_or_none()
        if row is None:
            raise UnknownEntry(f"no notice {notice_id}")
        return row

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


def _changes(notice: Notice, wish: Wish) -> dict[str, Any]:
    """What a step changes of a notice; errors as of `Notices.take`."""
    form, kind = FORMS[notice.form], wish.type
    if kind == "complete":
        elements = {**notice.elements, **checked(form.notice, wish.said["elements"])}
        lacks = missing(form.notice, elements)
        shown = str(elements.get("material", ""))[:_SHOWN]
        state = after(notice.state, notice.version, kind, lacks)
        return {"state": state, "elements": elements, "material": shown}
    changes: dict[str, Any] = {"state": after(notice.state, notice.version, kind)}
    if kind == "counter":
        given = checked(form.counter, wish.said["elements"])
        if lacks := missing(form.counter, given):
            raise InvalidInput(f"the counter-notice lacks {', '.join(lacks)}")
        changes |= {"counter": given, "countered_on": _day(wish.said["on"], notice.removed_on)}
    if kind == "remove":
        changes["removed_on"] = _day(wish.said["on"], notice.received_on)
    return changes


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


def _write_down(connection: Connection, notice: Row[Any], wish: Wish) -> None:
    """Enter a step that was taken, find the notice by where it stands now, and tell who wants to know."""
    connection.execute(
        insert(_STEPS).values(
            notice_id=notice.id,
            version=notice.version,
            tenant=notice.tenant,
            type=wish.type,
            who=wish.by.name[:200],
            key_id=wish.by.key_id,
            said=dict(wish.said),
            created_at=notice.changed_at,
            once=wish.once,
        )
    )
    connection.execute(delete(_TERMS).where(_TERMS.c.notice_id == notice.id))
    same = {"notice_id": notice.id, "tenant": notice.tenant, "created_at": notice.created_at}
    rows = [{**same, "field": field, "term": term} for field, term in sorted(_terms(notice))]
    connection.execute(insert(_TERMS), rows)
    told = {"notice_id": notice.id, "url": f"/v1/notices/{notice.id}", "state": notice.state}
    if wish.type == "receive":
        tell(connection, notice.tenant, "notice.received", {**told, "form": notice.form})
    else:
        tell(connection, notice.tenant, "notice.step", {**told, "version": notice.version, "type": wish.type})


def _terms(notice: Row[Any]) -> set[Term]:
    said = notice.elements
    whole = values("form", [notice.form]) | values("record", [notice.record_id])
    whole |= values("audit", [notice.audit_id])
    return whole | searched(said.get("material"), said.get("person"), said.get("work"), said.get("location"))


_STEP = tuple(Step.__dataclass_fields__)


def _notice(row: Row[Any]) -> Notice:
    return Notice(**{name: row._mapping[name] for name in Notice.__dataclass_fields__})
