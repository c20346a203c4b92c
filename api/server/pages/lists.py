"""What lists on pages share: filters out of a form, and the links to other pages of the list."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from fastapi import Request

from api.lists.query import Wanted

AUDITS = ("q", "decision", "state")
RECORDS = ("q", "status")
CASES = ("q", "state", "decision", "assignee")
NOTICES = ("q", "state", "form")
"""By what the entries of each list are found."""
LONGEST = 500
SHOWN = 50


def asked(request: Request, *names: str) -> dict[str, str]:
    """What a form filled in of its fields; a value that no entry has finds nothing."""
    sent = request.query_params
    return {name: sent[name][:LONGEST] for name in names if sent.get(name)}


def wanted(request: Request, found: Mapping[str, str]) -> Wanted:
    """The page of a list that has the words `q`, the `state` and the other terms of a form."""
    values = {name: value for name, value in found.items() if name not in ("q", "state")}
    cursor = request.query_params.get("cursor")
    return Wanted(SHOWN, cursor, values=values, words=found.get("q"), state=found.get("state"))


def turning(request: Request, found: Mapping[str, str], after: str | None) -> dict[str, Any]:
    """Links to the first and to the next page of a list, and to its table, with the same filters."""
    path, kept = request.url.path, urlencode(found)
    older = None if after is None else f"{path}?{urlencode({**found, 'cursor': after})}"
    first = "cursor" not in request.query_params
    newest, table = (f"{to}?{kept}" if kept else to for to in (path, f"{path}.csv"))
    return {"asked": found, "first": first, "newest": newest, "older": older, "table": table}
