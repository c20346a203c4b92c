"""The same step for several entries of a list; what cannot take it is told, and stops no other."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from api.cases.case import Wish
from api.cases.cases import Cases
from api.language import _
from api.server.pages.forms import Sent, said
from api.server.pages.rendering import page
from api.server.parts import AuditWriter, PartsDep
from api.server.route import Route
from api.server.routes import job_files
from api.server.routes.cases import AssignRequest
from core.errors import InvalidInput, TrackmarkError

router = APIRouter(include_in_schema=False, route_class=Route)

_ONE = "one-"
"""Fields of a form that choose an entry: behind it comes the id."""


@dataclass(frozen=True)
class Outcome:
    """What became of one entry.

    Attributes:
        problem: why the step could not be taken; None where it was.
    """

    address: str
    name: str
    problem: str | None


@router.post("/audits/bulk")
def audits(request: Request, parts: PartsDep, caller: AuditWriter, sent: Sent) -> Response:
    """Try the chosen audits again, or stop them."""
    step = sent.get("step")
    if step not in ("retry", "cancel"):
        raise InvalidInput("an audit can be tried again or stopped")
    take = job_files.retry if step == "retry" else job_files.cancel

    def one(audit_id: str) -> str:
        return take("audit", audit_id, parts, caller).file_name

    told = _("Tried again") if step == "retry" else _("Stopped")
    return _done(request, told, "/audits", _each(sent, "/audits", one))


@router.post("/cases/bulk")
def cases(request: Request, parts: PartsDep, caller: AuditWriter, sent: Sent) -> Response:
    """Assign the chosen cases."""
    to = said(AssignRequest, {"to": sent.get("to")})
    of = Cases.of(parts.registry.engine, caller.tenant)

    def one(case_id: str) -> str:
        return of.take(case_id, Wish("assign", caller.actor, to)).subject

    told = _("Assigned to %(whom)s", whom=to["to"]) if to["to"] else _("Assigned to nobody")
    return _done(request, told, "/cases", _each(sent, "/cases", one))


def _each(sent: Iterable[str], root: str, step: Callable[[str], str]) -> list[Outcome]:
    chosen = [name.removeprefix(_ONE) for name in sent if name.startswith(_ONE)]
    if not chosen:
        raise InvalidInput("choose at least one line of the list")
    return [_taken(root, one, step) for one in chosen]


def _taken(root: str, one: str, step: Callable[[str], str]) -> Outcome:
    try:
        return Outcome(f"{root}/{one}", step(one), None)
    except TrackmarkError as error:
        return Outcome(f"{root}/{one}", one, str(error))


def _done(request: Request, told: str, back: str, outcomes: list[Outcome]) -> Response:
    return page(request, "bulk.html", told=told, back=back, outcomes=outcomes)
