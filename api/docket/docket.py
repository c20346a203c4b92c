"""The entries of a tenant that change step by step: found, read with their history, and moved on.

A step is a row of its own, written in one transaction with the entry that it changes, the terms by which
lists find it from then on, and the message that it sends. Of two who act at once one waits; whoever names
the version that they saw is refused where it is an older one.
"""

import secrets
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Self, TypeVar

from sqlalchemy import Connection, Engine, Row, Select, delete, insert, select, update
from sqlalchemy import Table as SqlTable

from api import database
from api.docket.step import Step, Wish
from api.errors import PreconditionFailed, UnknownEntry
from api.lists.cursors import Cursors
from api.lists.query import Shelf, Wanted, look_up
from api.lists.terms import Term
from api.outbox.outbox import Event, tell
from core import clock

Entry = TypeVar("Entry")
Kind = TypeVar("Kind", bound=str)
_STEP = tuple(Step.__dataclass_fields__)


@dataclass(frozen=True)
class Page(Generic[Entry]):
    """Some entries in the order of their list, and where the next page starts."""

    entries: tuple[Entry, ...]
    next: str | None


@dataclass(frozen=True)
class Docket(ABC, Generic[Entry, Kind]):
    """The entries of one kind and one tenant.

    Attributes:
        SHELF: where entries and their terms lie; its name is what an entry is called.
        STEPS: the table of their steps.
        engine: of the database, bound to the tenant.
    """

    SHELF: ClassVar[Shelf]
    STEPS: ClassVar[SqlTable]

    engine: Engine
    tenant: str

    @classmethod
    def of(cls, engine: Engine, tenant: str) -> Self:
        """Those of a tenant."""
        return cls(database.for_tenant(engine, tenant), tenant)

    def get(self, entry_id: str) -> Entry:
        """An entry of the tenant; raises `UnknownEntry`."""
        with database.reading(self.engine) as connection:
            return self.read(self._row(connection, entry_id))

    def steps(self, entry_id: str) -> tuple[Step[Kind], ...]:
        """Everything that happened to an entry, in order; raises `UnknownEntry`."""
        columns = self.STEPS.c
        query = select(self.STEPS).where(columns[self.SHELF.link] == entry_id, columns.tenant == self.tenant)
        with database.reading(self.engine) as connection:
            self._row(connection, entry_id)
            rows = connection.execute(query.order_by(columns.version))
            return tuple(Step(**{name: row._mapping[name] for name in _STEP}) for row in rows)

    def page(self, wanted: Wanted, cursors: Cursors) -> Page[Entry]:
        """A page of the tenant's entries.

        Raises:
            InvalidInput: the cursor is not one of this list, or a search says nothing.
        """
        with database.reading(self.engine) as connection:
            found = look_up(connection, self.SHELF, wanted, self.tenant, cursors)
            rows = connection.execute(self._mine().where(self.SHELF.entries.c.id.in_(found.ids)))
            entries = {row.id: self.read(row) for row in rows}
        return Page(tuple(entries[one] for one in found.ids if one in entries), found.next)

    def take(self, entry_id: str, wish: Wish[Kind]) -> Entry:
        """Take a step; returns the entry behind it.

        Raises:
            UnknownEntry: the tenant has no such entry.
            PreconditionFailed: it has another version than was expected.
            ConflictingEntry: the step cannot follow.
            InvalidInput: what the step says cannot be.
        """
        with database.writing(self.engine) as connection:
            row = self._row(connection, entry_id, locked=True)
            asked = select(self.STEPS.c.version).where(self.STEPS.c.once == wish.once)
            if wish.once is not None and connection.execute(asked).first() is not None:
                return self.read(row)
            if wish.expected is not None and str(row.version) not in wish.expected:
                raise PreconditionFailed(
                    f'the {self.SHELF.name} has changed meanwhile, its ETag is "{row.version}"; read it again'
                )
            values = {**self.changes(self.read(row), wish), "version": row.version + 1}
            table = self.SHELF.entries
            connection.execute(
                update(table).where(table.c.id == entry_id).values(**values, changed_at=clock.now())
            )
            return self._write_down(connection, entry_id, wish)

    def made(self, connection: Connection, wish: Wish[Kind]) -> Entry | None:
        """What the same request made before, if it did."""
        asked = self._mine().where(self.SHELF.entries.c.once == wish.once)
        row = None if wish.once is None else connection.execute(asked).one_or_none()
        return None if row is None else self.read(row)

    def enter(self, connection: Connection, told: Mapping[str, Any], wish: Wish[Kind]) -> Entry:
        """Make an entry of what is told, by its first step."""
        table, now = self.SHELF.entries, clock.now()
        row = {"id": secrets.token_hex(8), "tenant": self.tenant, "version": 1, "once": wish.once, **told}
        connection.execute(insert(table).values(**row, created_at=now, changed_at=now))
        return self._write_down(connection, row["id"], wish)

    @abstractmethod
    def read(self, row: Row[Any]) -> Entry:
        """The entry of a row."""

    @abstractmethod
    def changes(self, entry: Entry, wish: Wish[Kind]) -> Mapping[str, Any]:
        """What a step changes of an entry, its state among it; raises as `take` does."""

    @abstractmethod
    def terms(self, entry: Entry) -> set[Term]:
        """What an entry is found by as it stands."""

    @abstractmethod
    def message(self, entry: Entry, wish: Wish[Kind]) -> tuple[Event, Mapping[str, Any]]:
        """The type of the message that a step sends, and what it holds beside the entry's id and state."""

    def _mine(self) -> Select[Any]:
        return select(self.SHELF.entries).where(self.SHELF.entries.c.tenant == self.tenant)

    def _row(self, connection: Connection, entry_id: str, *, locked: bool = False) -> Row[Any]:
        table = self.SHELF.entries
        query = self._mine().where(table.c.id == entry_id)
        row = connection.execute(query.with_for_update(of=table) if locked else query).one_or_none()
        if row is None:
            raise UnknownEntry(f"no {self.SHELF.name} {entry_id}")
        return row

    def _write_down(self, connection: Connection, entry_id: str, wish: Wish[Kind]) -> Entry:
        """Enter the step, find the entry by where it stands now, and tell who wants to know."""
        row, shelf = self._row(connection, entry_id), self.SHELF
        connection.execute(
            insert(self.STEPS).values(
                **{shelf.link: entry_id},
                version=row.version,
                tenant=self.tenant,
                type=wish.type,
                who=wish.by.name[:200],
                key_id=wish.by.key_id,
                said=dict(wish.said),
                created_at=row.changed_at,
                once=wish.once,
            )
        )
        entry = self.read(row)
        connection.execute(delete(shelf.terms).where(shelf.terms.c[shelf.link] == entry_id))
        same = {shelf.link: entry_id, "tenant": self.tenant, "created_at": row.created_at}
        rows = [{**same, "field": field, "term": term} for field, term in sorted(self.terms(entry))]
        connection.execute(insert(shelf.terms), rows)
        kind, told = self.message(entry, wish)
        about = {shelf.link: entry_id, "url": f"/v1/{shelf.entries.name}/{entry_id}", "state": row.state}
        tell(connection, self.tenant, kind, {**about, **told})
        return entry
