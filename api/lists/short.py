"""Pages of lists that a tenant has few entries of, such as artists and keys: read whole, found by looking.

The convention towards clients is that of the long lists (`api.lists.query`). Without `limit` all of them are
shown, as they always were.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, TypeVar

from api.lists.cursors import Cursors
from api.lists.terms import fold, words
from core.errors import InvalidInput

Entry = TypeVar("Entry")
Order = Literal["name", "-name", "created_at", "-created_at"]


@dataclass(frozen=True)
class Short:
    """What a client asks of a short list.

    Attributes:
        limit: entries on a page, or None for all.
        cursor: where the page starts.
        order: by name or moment, `-` backwards.
        name: of the entries, folded before it is compared.
        words: all must be in the name.
        since, until: bounds of the moment, the first included, the last not.
        more: what else was asked for, in words: a cursor is good for that only.
    """

    limit: int | None = None
    cursor: str | None = None
    order: Order = "name"
    name: str | None = None
    words: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    more: str = ""

    def page(
        self,
        entries: Sequence[Entry],
        told: Callable[[Entry], tuple[str, str, datetime]],
        about: tuple[str, str],
        cursors: Cursors,
    ) -> tuple[list[Entry], str | None]:
        """A page of entries, and the cursor of the next one.

        Args:
            entries: of one tenant.
            told: id, name and moment of an entry.
            about: the tenant and the list.
            cursors: of the service.

        Raises:
            InvalidInput: the cursor is not one of this list, or a search says nothing.
        """
        wished = [] if self.words is None else words(self.words)
        if self.words is not None and not wished:
            raise InvalidInput("a search needs a letter or a digit")
        signed_for = json.dumps(
            [*about, self.order, self.name, wished, str(self.since), str(self.until), self.more]
        )
        place = None if self.cursor is None else cursors.read(self.cursor, signed_for)
        backwards = self.order.startswith("-")
        keyed: list[tuple[tuple[str, str], Entry]] = []
        for entry in entries:
            own, name, moment = told(entry)
            key = (fold(name) if self.order.endswith("name") else _text(moment)), own
            if self._shows(name, moment, wished) and (
                place is None or (key < place if backwards else key > place)
            ):
                keyed.append((key, entry))
        keyed.sort(key=lambda one: one[0], reverse=backwards)
        shown = keyed if self.limit is None else keyed[: self.limit]
        more = cursors.sign(shown[-1][0], signed_for) if len(keyed) > len(shown) else None
        return [entry for _, entry in shown], more

    def _shows(self, name: str, moment: datetime, wished: Sequence[str]) -> bool:
        return (
            (self.name is None or fold(name) == fold(self.name))
            and set(wished) <= set(words(name))
            and (self.since is None or moment >= self.since)
            and (self.until is None or moment < self.until)
        )


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
