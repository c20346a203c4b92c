"""What lists on pages share: filters out of a form, and the links to other pages of the list."""

from dataclasses import fields
from typing import Any, TypeVar
from urllib.parse import urlencode

from fastapi import Request

from api.server.listing import Page

LONGEST = 500
SHOWN = 50
Filters = TypeVar("Filters")


def asked(request: Request, filters: type[Filters]) -> Filters:
    """The filters that a form sent. Empty fields are none, and a value that no entry has finds nothing."""
    sent = request.query_params
    names = [field.name for field in fields(filters)]  # type: ignore[arg-type]  # one of api.server.listing
    return filters(**{name: sent[name][:LONGEST] for name in names if sent.get(name)})


def paging(request: Request) -> Page:
    """Where the page starts."""
    return Page(limit=SHOWN, cursor=request.query_params.get("cursor"))


def turning(request: Request, after: str | None) -> dict[str, Any]:
    """Links to the first and to the next page of a list, with the same filters."""
    kept = [(name, value) for name, value in request.query_params.multi_items() if name != "cursor" and value]
    newest = f"{request.url.path}?{urlencode(kept)}" if kept else request.url.path
    older = f"{request.url.path}?{urlencode([*kept, ('cursor', after)])}" if after else None
    return {"first": "cursor" not in request.query_params, "newest": newest, "older": older}
