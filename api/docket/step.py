"""Steps: what happened to an entry of a docket, and what somebody wants to happen to it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from api.actor import Actor

MOST_STEPS = 1000
"""Steps of one entry: its history is read whole."""

Kind = TypeVar("Kind", bound=str)


@dataclass(frozen=True)
class Step(Generic[Kind]):
    """Something that happened to an entry.

    Attributes:
        version: of the entry behind it.
        said: what goes with the step, by name.
    """

    version: int
    type: Kind
    who: str
    key_id: str | None
    said: Mapping[str, Any]
    created_at: datetime


@dataclass(frozen=True)
class Wish(Generic[Kind]):
    """A step that somebody wants to take.

    Attributes:
        once: names the request that asks; what the same request did before is not done again.
        expected: versions of which the entry must have one, or None for any.
    """

    type: Kind
    by: Actor
    said: Mapping[str, Any]
    once: str | None = None
    expected: frozenset[str] | None = None
