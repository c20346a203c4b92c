"""One page of a list in two statements: the ids in order, from an index alone, then their rows.

Where several terms were asked for, a third one tells before them which is the rarest.

Every list is ordered by a moment and, within it, the id. The first statement walks one index of that order:
that of the entries' states, or that of the rarest term that was asked for. What else was asked for is
looked up for each entry by its key.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Row, Select, Table, and_, exists, func, or_, select

from api.lists.cursors import Cursors
from api.lists.terms import FEW, TOGETHER, WORD, Term, fold, isrc, together, words
from core.errors import InvalidInput

MAX_PAGE = 200
RAREST_FIRST = (
    *("sha256", "record", "audit", "isrc", "title", WORD, "owner", "artist", "assignee"),
    *(TOGETHER, *FEW, "status", "origin", "form"),
)
"""Of which kind of term the fewest entries are expected to have the same."""
COUNTED = 1000
"""Up to so many entries are counted to know which of several terms is the rarest."""


@dataclass(frozen=True)
class Wanted:
    """What a client asks of a list.

    Attributes:
        limit: entries on a page.
        cursor: where the page starts.
        ascending: oldest first.
        values: of the fields by which entries are found, such as `{"owner": "A Label"}`.
        words: of a search: all must be there.
        state: of the entry.
        since, until: bounds of the moment, the first included, the last not.
    """

    limit: int = 50
    cursor: str | None = None
    ascending: bool = False
    values: Mapping[str, str] = field(default_factory=dict)
    words: str | None = None
    state: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def terms(self) -> list[Term]:
        """What must be among the terms of an entry, the rarest kind first.

        Raises:
            InvalidInput: something was asked for that no entry can have.
        """
        said = {name: isrc(value) if name == "isrc" else fold(value) for name, value in self.values.items()}
        at_once = max(together(said), key=lambda term: len(term[1]), default=None)
        found: list[Term] = [one for one in said.items() if at_once is None or one[0] not in FEW]
        found += [] if at_once is None else [at_once]
        if self.words is not None:
            found += [(WORD, word) for word in sorted(words(self.words), key=lambda word: (-len(word), word))]
        if any(not term for _, term in found) or (self.words is not None and not words(self.words)):
            raise InvalidInput("a search needs a letter or a digit")
        return sorted(found, key=lambda term: RAREST_FIRST.index(term[0]))

    def about(self, tenant: str, name: str) -> str:
        """What a cursor of this list is signed for."""
        bounds = [None if at is None else at.astimezone(UTC).isoformat() for at in (self.since, self.until)]
        return json.dumps([tenant, name, self.ascending, self.terms(), self.state, bounds])


@dataclass(frozen=True)
class Shelf:
    """Where entries and their terms lie.

    Attributes:
        name: of the list, for cursors.
        entries: their table.
        id: its primary key.
        terms: the table of terms, with `link` to the entries.
        narrowed: conditions that hold for every entry of the list, columns of both tables by name.
        states: the column of states, where entries have any; an index leads to each.
        common: the states that most entries end in: there terms are the better way.
    """

    name: str
    entries: Table
    id: str
    terms: Table
    link: str
    narrowed: Mapping[str, str]
    states: str | None = None
    common: frozenset[str] = frozenset()

    def rarest_first(self, connection: Connection, asked: Sequence[Term], tenant: str) -> list[Term]:
        """Terms in the order of how many entries have each, as far as it takes to know."""
        if len(asked) < 2:
            return list(asked)
        counts = [
            select(func.count())
            .select_from(self._having(term, tenant).limit(COUNTED).subquery())
            .scalar_subquery()
            for term in asked
        ]
        found = connection.execute(select(*counts)).one()
        return [asked[place] for place in sorted(range(len(asked)), key=lambda place: found[place])]

    def _having(self, term: Term, tenant: str) -> Select[Any]:
        """The entries that have a term."""
        table, (name, text) = self.terms, term
        same = [table.c[column] == value for column, value in self.narrowed.items()]
        return select(table.c[self.link]).where(
            table.c.tenant == tenant, *same, table.c.field == name, table.c.term == text
        )

    def ids(
        self, wanted: Wanted, asked: Sequence[Term], tenant: str, place: tuple[datetime, str] | None
    ) -> Select[Any]:
        """The ids and moments of one page and one more entry, in order.

        Args:
            wanted: of the list.
            asked: its terms, the rarest first.
            tenant: whose.
            place: behind which entry.
        """
        rare = wanted.state is not None and wanted.state not in self.common
        walk = self.terms if asked and not rare else self.entries
        own: Column[Any] = walk.c[self.link if walk is self.terms else self.id]
        at: Column[Any] = walk.c.created_at
        query = select(own.label("id"), at.label("at")).where(walk.c.tenant == tenant)
        for name, value in self.narrowed.items():
            query = query.where(walk.c[name] == value)
        if walk is self.terms:
            (name, term), *asked = asked
            query = query.where(walk.c.field == name, walk.c.term == term)
        query = query.where(*(self._has(own, term, tenant) for term in asked))
        if wanted.state is not None and self.states is not None:
            query = query.where(self._in_state(walk, own, self.states, wanted.state))
        if wanted.since is not None:
            query = query.where(at >= wanted.since)
        if wanted.until is not None:
            query = query.where(at < wanted.until)
        if place is not None:
            query = query.where(_behind(at, own, place, wanted.ascending))
        order = (at.asc(), own.asc()) if wanted.ascending else (at.desc(), own.desc())
        return query.order_by(*order).limit(min(wanted.limit, MAX_PAGE) + 1)

    def _has(self, own: Column[Any], term: Term, tenant: str) -> ColumnElement[bool]:
        """Whether an entry has one more term, looked up for each entry of the walk."""
        other = self.terms.alias()
        name, text = term
        return _each(
            select(other.c[self.link]).where(
                other.c[self.link] == own,
                other.c.tenant == tenant,
                other.c.field == name,
                other.c.term == text,
            )
        )

    def _in_state(self, walk: Table, own: Column[Any], column: str, state: str) -> ColumnElement[bool]:
        if walk is self.entries:
            return walk.c[column] == state
        here = self.entries.alias()
        return _each(select(here.c[self.id]).where(here.c[self.id] == own, here.c[column] == state))


def _each(found: Select[Any]) -> ColumnElement[bool]:
    """Whether there is something, asked for each row by itself.

    PostgreSQL makes a join of a plain EXISTS and guesses how many rows it keeps. Where terms go together
    (each title has the same words) the guess is wrong by thousands, and a page took two minutes. What has an
    OFFSET is no join.
    """
    return exists(found.offset(0))


def _behind(
    at: Column[Any], own: Column[Any], place: tuple[datetime, str], ascending: bool
) -> ColumnElement[bool]:
    moment, last = place
    if ascending:
        return and_(at >= moment, or_(at > moment, own > last))
    return and_(at <= moment, or_(at < moment, own < last))


@dataclass(frozen=True)
class Found:
    """Ids of a page in order, and the cursor of the next one."""

    ids: tuple[str, ...]
    next: str | None


def look_up(connection: Connection, shelf: Shelf, wanted: Wanted, tenant: str, cursors: Cursors) -> Found:
    """The ids of one page of a tenant's list.

    Raises:
        InvalidInput: the cursor is not one of this list, or a search says nothing.
    """
    about = wanted.about(tenant, shelf.name)
    place = None
    if wanted.cursor is not None:
        key, last = cursors.read(wanted.cursor, about)
        place = datetime.fromisoformat(key), last
    asked = shelf.rarest_first(connection, wanted.terms(), tenant)
    rows: Sequence[Row[Any]] = connection.execute(shelf.ids(wanted, asked, tenant, place)).all()
    shown = rows[: min(wanted.limit, MAX_PAGE)]
    more = None
    if len(rows) > len(shown):
        end = shown[-1]
        more = cursors.at(end.at, end.id, about)
    return Found(tuple(row.id for row in shown), more)
