"""Steps that requests ask for: of an entry of a docket, on the state that the caller has seen."""

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from api.actor import Actor
from api.docket.docket import Docket
from api.docket.step import Wish
from api.server.preconditions import Precondition

Entry = TypeVar("Entry")
Kind = TypeVar("Kind", bound=str)


@dataclass(frozen=True)
class Changing(Generic[Entry, Kind]):
    """An entry of the tenant that the caller may change."""

    docket: Docket[Entry, Kind]
    entry_id: str
    actor: Actor
    seen: Precondition

    def take(self, kind: Kind, **said: Any) -> Entry:
        """Take a step; the entry behind it, errors as of `Docket.take`."""
        wish = Wish(kind, self.actor, said, self.seen.once, self.seen.expected)
        return self.docket.take(self.entry_id, wish)
