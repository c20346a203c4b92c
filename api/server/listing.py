"""What every list takes: paging, order, and the filters by which its entries are found."""

from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import Depends, Query

from api.audit.claims import OwnershipStatus
from api.audit.decision import Action
from api.audit.heard import Verdict
from api.jobs.job import State
from api.lists.query import MAX_PAGE, Wanted
from api.lists.short import Order, Short
from core.errors import InvalidInput, RecordError
from provenance.records import identifiers

Text = Annotated[
    str | None,
    Query(min_length=1, max_length=500, description="the whole of it; case and accents do not matter"),
]
Limit = Annotated[int, Query(ge=1, le=MAX_PAGE, description="entries on a page")]
Cursor = Annotated[str | None, Query(max_length=4000, description="`next` of the page before")]
States = Annotated[State | None, Query(description="as in the answers")]
From = Annotated[datetime | None, Query(description="made at this moment or later")]
To = Annotated[datetime | None, Query(description="made before this moment")]
Search = Annotated[
    str | None,
    Query(
        min_length=1,
        max_length=500,
        description="whole words, all of which must be there; case and accents do not matter",
    ),
]
Sha256 = Annotated[
    str | None, Query(pattern="^[0-9a-f]{64}$", description="of a file, as it came or as it was tagged")
]
Isrc = Annotated[str | None, Query(max_length=40, description="with or without hyphens")]


@dataclass
class Page:
    """Where a page starts, and the order of its list."""

    limit: Limit = 50
    cursor: Cursor = None
    sort: Annotated[Literal["created_at", "-created_at"], Query(description="`-`: newest first")] = (
        "-created_at"
    )
    created_from: From = None
    created_to: To = None

    def wanted(self, found: Any = None, state: str | None = None, *, cursor: str | None = None) -> Wanted:
        """What the client asks of the list.

        Args:
            found: filters: one of the classes below.
            state: of the entries.
            cursor: another one than that of the request.

        Raises:
            InvalidInput: a moment without its zone, or an ISRC that is none.
        """
        sent = {} if found is None else {one.name: getattr(found, one.name) for one in fields(found)}
        words = sent.pop("q", None)
        if sent.get("isrc") is not None:
            sent["isrc"] = _isrc(sent["isrc"])
        return Wanted(
            limit=self.limit,
            cursor=cursor or self.cursor,
            ascending=self.sort == "created_at",
            values={name: value for name, value in sent.items() if value is not None},
            words=words,
            state=state,
            since=in_utc("created_from", self.created_from),
            until=in_utc("created_to", self.created_to),
        )


Paging = Annotated[Page, Depends()]


@dataclass
class AuditFilters:
    """What audits are found by. Title, owner and ISRC are those of the record that was found."""

    decision: Annotated[Action | None, Query(description="of the policy")] = None
    verdict: Annotated[OwnershipStatus | None, Query(description="of the ownership")] = None
    ai: Annotated[Verdict | None, Query(description="of the music")] = None
    sha256: Sha256 = None
    record: Annotated[str | None, Query(pattern="^[0-9a-f]{16}$", description="id of the record")] = None
    isrc: Isrc = None
    title: Text = None
    owner: Text = None
    artist: Text = None
    q: Search = None


@dataclass
class TrackFilters:
    """What taggings are found by."""

    sha256: Sha256 = None
    record: Annotated[str | None, Query(pattern="^[0-9a-f]{16}$", description="id of the record")] = None
    isrc: Isrc = None
    title: Text = None
    owner: Text = None
    q: Search = None


@dataclass
class ComparisonFilters:
    """What comparisons are found by: the digest of either file, and both names."""

    sha256: Sha256 = None
    q: Search = None


@dataclass
class RecordFilters:
    """What records are found by, as they stand today."""

    sha256: Sha256 = None
    status: Annotated[
        Literal["asserted", "evidenced", "disputed", "revoked"] | None, Query(description="of the claim")
    ] = None
    isrc: Isrc = None
    title: Text = None
    owner: Text = None
    artist: Text = None
    q: Search = None


@dataclass
class ShortPage:
    """The same for lists of few entries, which come whole unless a limit is set."""

    limit: Annotated[int | None, Query(ge=1, le=MAX_PAGE, description="entries on a page; else all")] = None
    cursor: Cursor = None
    name: Text = None
    q: Search = None
    created_from: From = None
    created_to: To = None

    def short(self, order: Order, more: str = "") -> Short:
        """What the client asks of the list; errors as of `Page.wanted`."""
        since, until = in_utc("created_from", self.created_from), in_utc("created_to", self.created_to)
        return Short(self.limit, self.cursor, order, self.name, self.q, since, until, more)


ShortPaging = Annotated[ShortPage, Depends()]
Sort = Annotated[Order, Query(description="`-`: backwards")]


def in_utc(name: str, moment: datetime | None) -> datetime | None:
    """A moment of an address.

    Raises:
        InvalidInput: it has no time zone, or lies outside the calendar.
    """
    if moment is None:
        return None
    if moment.tzinfo is None:
        raise InvalidInput(f"{name} needs a time zone, such as Z")
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise InvalidInput(f"{name} lies outside the calendar") from None


def _isrc(text: str) -> str:
    try:
        return identifiers.isrc(text)
    except RecordError as error:
        raise InvalidInput(f"isrc: {error}") from error
