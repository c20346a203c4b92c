"""Policies for people: every version that was kept, one with its text, the editor, and what differs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from api.audit.policy_text import MAX_BYTES, PolicyError, parse_policy
from api.policies.difference import difference
from api.policies.policies import DEFAULT, Kept, Policies
from api.policies.trying import MOST, Trial
from api.server.answers import problem
from api.server.pages.forms import Sent
from api.server.pages.rendering import page
from api.server.parts import AuditReader, Parts, PartsDep, PolicyWriter
from api.server.route import Route
from api.server.routes.policies import EXAMPLE, PolicyId
from core import clock
from core.errors import InvalidInput, TrackmarkError

router = APIRouter(include_in_schema=False, route_class=Route)

AROUND = 2
"""Lines shown before and behind the one that is wrong."""
Version = Annotated[str, Query(max_length=16)]


@dataclass(frozen=True)
class Fault:
    """What is wrong with the text of a policy.

    Attributes:
        line: where, counted from 1; None where that is not known.
        around: lines to show with their numbers.
    """

    says: str
    line: int | None
    around: tuple[tuple[int, str], ...] = ()


@router.get("/policies")
def policies(request: Request, parts: PartsDep, caller: AuditReader) -> Response:
    """Every version that the tenant keeps, the newest first, and the one that ships with Trackmark."""
    of = Policies.of(parts.registry.engine, caller.tenant)
    return page(request, "policies.html", policies=everyone(of))


@router.get("/policies/new")
def new(
    request: Request, parts: PartsDep, caller: PolicyWriter, start: Annotated[str, Query(max_length=16)] = ""
) -> Response:
    """The editor: an example, or the text of another version to start from."""
    text = Policies.of(parts.registry.engine, caller.tenant).text(start) if start else EXAMPLE
    return editor(request, text)


@router.post("/policies")
def keep(request: Request, parts: PartsDep, caller: PolicyWriter, sent: Sent) -> Response:
    """The editor's target: the page of the new version, or the text again with what is wrong with it."""
    text = written(sent)
    try:
        fault = fault_of(text)
        if fault is not None:
            return editor(request, text, 422, fault=fault)
        kept = Policies.of(parts.registry.engine, caller.tenant).keep(text, caller.actor)
    except TrackmarkError as error:
        return editor(request, text, refusal=problem(error))
    return RedirectResponse(f"/policies/{kept.id}", status_code=303)


@router.get("/policies/difference")
def differs(
    request: Request,
    parts: PartsDep,
    caller: AuditReader,
    before: Version = DEFAULT,
    after: Version = DEFAULT,
) -> Response:
    """What differs between two versions."""
    of = Policies.of(parts.registry.engine, caller.tenant)
    pair = of.get(before), of.get(after)
    lines = difference(of.text(before), of.text(after))
    return page(
        request, "policy_difference.html", before=pair[0], after=pair[1], lines=lines, policies=everyone(of)
    )


@router.get("/policies/{policy_id}")
def policy(policy_id: PolicyId, request: Request, parts: PartsDep, caller: AuditReader) -> Response:
    """One version: who sent it in, whether it decides, its text, and what can be done with it."""
    return shown(request, parts, caller.tenant, policy_id)


def everyone(of: Policies) -> list[Kept]:
    """Every policy of a tenant, the newest first; behind them the one that ships with Trackmark."""
    listed = sorted(of.listed(), key=lambda one: (one.created_at or clock.at(0), one.id), reverse=True)
    return [*listed, of.get(DEFAULT)]


def written(sent: Mapping[str, str]) -> str:
    """The text that the editor sent, as a file ends."""
    return f"{sent['text']}\n" if "text" in sent else ""


def fault_of(text: str) -> Fault | None:
    """What is wrong with a text; None where it is a policy.

    Raises:
        InvalidInput: there is none, or too much of it.
    """
    if not 0 < len(text) <= MAX_BYTES:
        raise InvalidInput(f"the text of a policy has 1 to {MAX_BYTES} characters")
    try:
        parse_policy(text.encode())
    except PolicyError as error:
        if error.line is None:
            return Fault(str(error), None)
        lines = text.split("\n")
        first = max(error.line - 1 - AROUND, 0)
        around = tuple(enumerate(lines[first : error.line + AROUND], first + 1))
        return Fault(str(error), error.line, around)
    return None


def editor(
    request: Request,
    text: str,
    status: int = 200,
    *,
    fault: Fault | None = None,
    trial: Trial | None = None,
    refusal: Mapping[str, Any] | None = None,
) -> Response:
    """The editor with a text, and what is wrong with it or came of trying it."""
    return page(
        request,
        "policy_new.html",
        status if refusal is None else int(refusal["status"]),
        text=text,
        fault=fault,
        trial=trial,
        problem=refusal,
    )


def shown(
    request: Request,
    parts: Parts,
    tenant: str,
    policy_id: str,
    *,
    trial: Trial | None = None,
    refusal: Mapping[str, Any] | None = None,
    sent: Mapping[str, str] | None = None,
) -> Response:
    """The page of one version, and what came of trying it."""
    of = Policies.of(parts.registry.engine, tenant)
    return page(
        request,
        "policy.html",
        200 if refusal is None else int(refusal["status"]),
        policy=of.get(policy_id),
        text=of.text(policy_id),
        others=[one for one in everyone(of) if one.id != policy_id],
        active=of.in_force(),
        trial=trial,
        most=MOST,
        problem=refusal,
        sent=sent or {},
    )
