"""What forms on pages send, read by the rules of the API."""

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Annotated, Any

from fastapi import Depends, Request
from pydantic import ValidationError
from starlette.exceptions import HTTPException

from api.server.schemas import Model
from api.unfit import why_unfit
from core.errors import InvalidInput

MOST_FIELDS = 100


async def sent(request: Request) -> dict[str, str]:
    """The fields of a form that say something, their line ends as in every other text.

    Raises:
        InvalidInput: it is no form, or has too many fields.
    """
    try:
        form = await request.form(max_fields=MOST_FIELDS, max_files=0)
    except HTTPException as error:
        raise InvalidInput(f"the form cannot be read: {error.detail}") from error
    texts = {name: value for name, value in form.items() if isinstance(value, str)}
    plain = {name: value.replace("\r\n", "\n").strip() for name, value in texts.items()}
    return {name: value for name, value in plain.items() if value}


Sent = Annotated[dict[str, str], Depends(sent)]


def said(shape: type[Model], told: Mapping[str, Any]) -> dict[str, Any]:
    """What a form says.

    Raises:
        InvalidInput: it breaks a rule; the message names the field.
    """
    try:
        return shape.model_validate(dict(told)).model_dump()
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else "the form"
        text = "something must be said" if first["type"] == "missing" else why_unfit(first)
        raise InvalidInput(f"{name}: {text}") from None


def start_of(day: str | None) -> datetime | None:
    """The beginning of a day in UTC, as a form sends it; None of none.

    Raises:
        InvalidInput: it is no day.
    """
    return None if day is None else _midnight(day, timedelta())


def end_of(day: str | None) -> datetime | None:
    """The end of a day in UTC, as a form sends it; None of none.

    Raises:
        InvalidInput: it is no day.
    """
    return None if day is None else _midnight(day, timedelta(days=1))


def _midnight(day: str, later: timedelta) -> datetime:
    try:
        return datetime.combine(datetime.fromisoformat(day).date() + later, time(), UTC)
    except (ValueError, OverflowError):
        raise InvalidInput(f"{day[:40]!r} is no day such as 2027-12-31") from None
