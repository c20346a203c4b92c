"""What lists on pages share: filters out of a form, and the links to other pages of the list."""

from collections.abc import Collection, Mapping
from typing import Any, get_args
from urllib.parse import urlencode

from fastapi import Request

from api.audit.decision import Action
from api.cases.case import Decision
from api.cases.case import State as CaseState
from api.jobs.job import State as JobState
from api.lists.query import Wanted
from api.lists.short import Order, Short
from api.notices.forms import FORMS
from api.notices.notice import State as NoticeState
from core.errors import InvalidInput

Fields = Mapping[str, Collection[str]]
"""By what entries are found: the values that a field can have, none where it takes any text."""

OLDEST = "created_at"
_ANY: Fields = {"q": (), "sort": (OLDEST,)}
AUDITS: Fields = {**_ANY, "decision": get_args(Action), "state": get_args(JobState)}
COMPARISONS: Fields = {**_ANY, "state": get_args(JobState)}
RECORDS: Fields = {**_ANY, "status": ("asserted", "evidenced", "disputed", "revoked")}
CASES: Fields = {**_ANY, "state": get_args(CaseState), "decision": get_args(Decision), "assignee": ()}
NOTICES: Fields = {**_ANY, "state": get_args(NoticeState), "form": tuple(FORMS)}
ARTISTS: Fields = {"q": (), "name": (), "sort": ("-created_at",)}
LONGEST = 500
SHOWN = 50
CARDS = 20
"""Entries on a page that shows each with its forms."""
_HOW = ("q", "state", "sort")


def asked(request: Request, fields: Fields) -> dict[str, str]:
    """What a form filled in of its fields.

    Raises:
        InvalidInput: a field has a value that it cannot have, as the API tells it too.
    """
    sent = request.query_params
    found = {name: sent[name][:LONGEST] for name in fields if sent.get(name)}
    for name, value in found.items():
        if fields[name] and value not in fields[name]:
            raise InvalidInput(f"{name} is one of {', '.join(fields[name])}, not {value[:40]!r}")
    return found


def wanted(request: Request, found: Mapping[str, str]) -> Wanted:
    """The page of a list that has the words `q`, the `state` and the other terms of a form."""
    values = {name: value for name, value in found.items() if name not in _HOW}
    return Wanted(
        SHOWN,
        request.query_params.get("cursor"),
        ascending=found.get("sort") == OLDEST,
        values=values,
        words=found.get("q"),
        state=found.get("state"),
    )


def short(request: Request, found: Mapping[str, str]) -> Short:
    """The page of a short list that has the words `q` or the `name` of a form: by name, or newest first."""
    order: Order = "-created_at" if found.get("sort") else "name"
    cursor = request.query_params.get("cursor")
    return Short(CARDS, cursor, order, name=found.get("name"), words=found.get("q"))


def turning(request: Request, found: Mapping[str, str], after: str | None) -> dict[str, Any]:
    """Links to the first and to the next page of a list, and to its table, with the same filters."""
    path, kept = request.url.path, urlencode(found)
    older = None if after is None else f"{path}?{urlencode({**found, 'cursor': after})}"
    first = "cursor" not in request.query_params
    newest, table = (f"{to}?{kept}" if kept else to for to in (path, f"{path}.csv"))
    return {"asked": found, "first": first, "newest": newest, "older": older, "table": table}
