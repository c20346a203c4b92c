"""The same step for several entries of a list; what cannot take it is told, and stops no other."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from api.cases.cases import Cases
from api.docket.step import Wish
from api.errors import ConflictingEntry
from api.language import _
from api.notices.notices import Notices
from api.server.pages import notice_words
from api.server.pages.forms import Sent, said
from api.server.pages.notices import SHAPES
from api.server.pages.rendering import page
from api.server.parts import AuditWriter, PartsDep, RecordWriter
from api.server.route import Route
from api.server.routes import job_files
from api.server.routes.cases import AssignRequest, DecisionRequest
from core.errors import InvalidInput, TrackmarkError

router = APIRouter(include_in_schema=False, route_class=Route)

_ONE = "one-"
"""Fields of a form that choose an entry: behind it comes the id."""
AS_THE_POLICY = "policy"
"""A decision that is for each case what the policy decided of its audit."""


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

    def named(audit_id: str) -> str:
        return parts.jobs.get(audit_id, tenant=caller.tenant, kind="audit").file_name

    def one(audit_id: str) -> None:
        take("audit", audit_id, parts, caller)

    told = _("Tried again") if step == "retry" else _("Stopped")
    return _done(request, told, "/audits", _each(sent, "/audits", named, one))


@router.post("/cases/bulk")
def cases(request: Request, parts: PartsDep, caller: AuditWriter, sent: Sent) -> Response:
    """Assign the chosen cases, or decide them: all alike, or each as its policy did."""
    of = Cases.of(parts.registry.engine, caller.tenant)
    if sent.get("step") not in ("assign", "decide"):
        raise InvalidInput("cases can be assigned or decided together")

    def named(case_id: str) -> str:
        return of.get(case_id).subject

    def assign(case_id: str) -> None:
        of.take(case_id, Wish("assign", caller.actor, to))

    def decide(case_id: str) -> None:
        case = of.get(case_id)
        decision = sent.get("decision")
        if decision == AS_THE_POLICY:
            decision = case.audit_decision
            if decision not in ("accept", "reject"):
                raise ConflictingEntry("the policy left this to a person")
        decided = said(DecisionRequest, _given(decision=decision, reason=sent.get("reason")))
        # As it was looked at just now: a step that somebody else takes meanwhile is not passed over.
        seen = frozenset({str(case.version)})
        of.take(case_id, Wish("decide", caller.actor, decided, expected=seen))

    if sent["step"] == "decide":
        return _done(request, _("Decided"), "/cases", _each(sent, "/cases", named, decide))
    to = said(AssignRequest, {"to": sent.get("to")})
    told = _("Assigned to %(whom)s", whom=to["to"]) if to["to"] else _("Assigned to nobody")
    return _done(request, told, "/cases", _each(sent, "/cases", named, assign))


@router.post("/notices/bulk")
def notices(request: Request, parts: PartsDep, caller: RecordWriter, sent: Sent) -> Response:
    """Take the same step with the chosen notices."""
    of = Notices.of(parts.registry.engine, caller.tenant)
    kind = next((one for one in notice_words.TOGETHER if one == sent.get("step")), None)
    if kind is None:
        raise InvalidInput("notices can be taken down, refused, withdrawn or commented together")
    field = "text" if kind == "comment" else "reason"
    told = said(SHAPES[kind][1], _given(**{field: sent.get("reason")}))
    wish = Wish(kind, caller.actor, told)

    def named(notice_id: str) -> str:
        return of.get(notice_id).material or _("Material not stated")

    def one(notice_id: str) -> None:
        of.take(notice_id, wish)

    return _done(request, _(notice_words.STEPS[kind]), "/notices", _each(sent, "/notices", named, one))


def _given(**told: str | None) -> dict[str, str]:
    return {name: value for name, value in told.items() if value is not None}


def _each(
    sent: Iterable[str], root: str, named: Callable[[str], str], step: Callable[[str], None]
) -> list[Outcome]:
    chosen = [name.removeprefix(_ONE) for name in sent if name.startswith(_ONE)]
    if not chosen:
        raise InvalidInput("choose at least one line of the list")
    return [_taken(root, one, named, step) for one in chosen]


def _taken(root: str, one: str, named: Callable[[str], str], step: Callable[[str], None]) -> Outcome:
    address, name = f"{root}/{one}", one
    try:
        name = named(one)
        step(one)
    except TrackmarkError as error:
        return Outcome(address, name, str(error))
    return Outcome(address, name, None)


def _done(request: Request, told: str, back: str, outcomes: list[Outcome]) -> Response:
    return page(request, "bulk.html", told=told, back=back, outcomes=outcomes)
