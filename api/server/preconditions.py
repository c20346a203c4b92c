"""`If-Match` (RFC 9110 §13.1.1): a change is made on the state that the client has seen, or not at all."""

import re
from dataclasses import dataclass
from typing import Annotated

from fastapi import Header, Request

from api.server.idempotency import claimed
from api.server.parts import Parts
from api.server.refusals import PreconditionRequired
from core.errors import InvalidInput

_TAG = re.compile(r'"([\x21\x23-\x7e]*)"|(W/"[\x21\x23-\x7e]*"|[0-9]+(?:\.[0-9]+)?)')
IfMatch = Annotated[
    str | None, Header(alias="If-Match", description="the `ETag` that the entry had", examples=['"2"'])
]


@dataclass(frozen=True)
class Precondition:
    """What must hold for a change.

    Attributes:
        once: names the request, which is done once; None for one that may be done again.
        expected: the states of which the entry must be in one; None for any.
    """

    once: str | None
    expected: frozenset[str] | None


def precondition(request: Request, parts: Parts, if_match: str | None, entry: str) -> Precondition:
    """What a request asks to be true of the entry that it changes.

    Raises:
        PreconditionRequired: nothing, where the service wants something.
        InvalidInput: the header is no ETag.
    """
    once = claimed(request)
    if if_match is None and once is None and parts.settings.require_if_match:
        raise PreconditionRequired(f"send If-Match with the {entry}'s ETag, or an Idempotency-Key")
    return Precondition(None if once is None else once.event, _expected(if_match, entry))


def _expected(if_match: str | None, entry: str) -> frozenset[str] | None:
    """The states that an `If-Match` names; None for any."""
    if if_match is None or if_match.strip() == "*":
        return None
    tags = [tag.strip() for tag in if_match.split(",")]
    named = [match[1] or match[2] for tag in tags if (match := _TAG.fullmatch(tag))]
    if len(named) != len(tags):
        raise InvalidInput(f'If-Match is the ETag of the {entry}, such as "2"')
    return frozenset(named)
