"""Cases: what people decide about audits, beside the signed audits themselves."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi import Path as PathParameter
from pydantic import Field

from api.cases.case import Case, Decision, Kind, Origin, State
from api.cases.cases import Cases
from api.docket.step import Step, Wish
from api.server.changing import Changing
from api.server.idempotency import claimed
from api.server.listing import Paging, Search
from api.server.parts import AuditReader, AuditWriter, PartsDep
from api.server.preconditions import IfMatch, precondition
from api.server.route import Route
from api.server.routes.openapi import problems
from api.server.schemas import Model, Words
from core.errors import InvalidInput

router = APIRouter(prefix="/v1/cases", tags=["cases"], route_class=Route)
_CHANGES = problems(404, 409, 412, 422, 428)

CaseId = Annotated[str, PathParameter(pattern="^[0-9a-f]{16}$", examples=["3f9a1c2b5d6e7f80"])]
Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]


@dataclass
class CaseFilters:
    """What cases are found by."""

    decision: Annotated[Decision | None, Query(description="of people, the last one")] = None
    origin: Annotated[Origin | None, Query(description="who opened it")] = None
    assignee: Annotated[str | None, Query(min_length=1, max_length=200, description="who sees to it")] = None
    audit: Annotated[str | None, Query(min_length=1, max_length=36, description="id of the audit")] = None
    q: Search = None


class CaseRequest(Model):
    """A case to open."""

    audit_id: str | None = Field(
        default=None,
        max_length=36,
        description="the audit that it is about",
        examples=["0b8f6a52-6d1c-4a0e-9a39-6f0f7f6f8c11"],
    )
    subject: Name | None = Field(default=None, description="without an audit: what it is about")
    reason: Words = Field(examples=["the singer's manager called"])


class AssignRequest(Model):
    """Who shall see to a case."""

    to: Name | None = Field(description="null: nobody", examples=["Ada Lovelace"])


class CommentRequest(Model):
    """Something to be remembered."""

    text: Words = Field(examples=["Asked the label for the contract."])


class DecisionRequest(Model):
    """What a person decides."""

    decision: Decision
    reason: Words = Field(examples=["A licence for the voice was shown."])


class AppealRequest(Model):
    """Who is not content with what was decided, and why."""

    by: Name = Field(description="on whose behalf", examples=["A Distributor"])
    reason: Words = Field(examples=["The voice is the singer's own."])


class ReopenRequest(Model):
    """Why a decision is looked at again."""

    reason: Words = Field(examples=["The contract turned out to be another one's."])


class CaseAnswer(Model):
    """A case as it stands. The audit stays as it was signed, whatever is decided here."""

    id: str = Field(examples=["3f9a1c2b5d6e7f80"])
    subject: str = Field(description="of an audit: its file's name", examples=["song.wav"])
    origin: Origin
    state: State
    decision: Decision | None = Field(description="of people, the last one")
    assignee: str | None = Field(examples=[None])
    version: int = Field(description="steps taken; the `ETag`", examples=[3])
    audit_id: str | None = Field(examples=["6dd0c4a8-6a3f-4a50-a5ba-5a5f3f1b6a11"])
    audit_decision: Literal["accept", "review", "reject"] | None = Field(
        description="what the policy decided of the audit"
    )
    audit_kept: bool = Field(description="whether the audit is still there")
    created_at: datetime
    changed_at: datetime
    links: dict[str, str]

    @classmethod
    def of(cls, case: Case) -> "CaseAnswer":
        """The case as its tenant sees it."""
        links = {"self": f"/v1/cases/{case.id}", "steps": f"/v1/cases/{case.id}/steps"}
        if case.audit_kept:
            links |= {"audit": f"/v1/audits/{case.audit_id}", "report": f"/v1/audits/{case.audit_id}/report"}
        told = {name: value for name, value in vars(case).items() if name != "tenant"}
        return cls(**told, links=links)


class CasePage(Model):
    """Cases, newest first unless sorted otherwise."""

    items: list[CaseAnswer]
    next: str | None = Field(description="pass as `cursor` for the next page", examples=[None])


class StepAnswer(Model):
    """Something that happened to a case."""

    version: int = Field(description="of the case behind it", examples=[2])
    type: Kind
    who: str = Field(description="name of the key that was used", examples=["review desk"])
    key_id: str | None = Field(description="null for the policy, and for a request without a key")
    at: datetime
    reason: str | None = Field(default=None, description="of an opening, decision, appeal or re-opening")
    text: str | None = Field(default=None, description="of a comment")
    to: str | None = Field(default=None, description="of an assignment")
    decision: Decision | None = None
    by: str | None = Field(default=None, description="of an appeal: on whose behalf")

    @classmethod
    def of(cls, step: Step[Kind]) -> "StepAnswer":
        """The step as the tenant sees it."""
        return cls(
            version=step.version,
            type=step.type,
            who=step.who,
            key_id=step.key_id,
            at=step.created_at,
            **step.said,
        )


class StepList(Model):
    """The whole history of a case, in order."""

    items: list[StepAnswer]


def _readable(parts: PartsDep, caller: AuditReader) -> Cases:
    return Cases.of(parts.registry.engine, caller.tenant)


def _writable(
    case_id: CaseId, request: Request, parts: PartsDep, caller: AuditWriter, if_match: IfMatch = None
) -> Changing[Case, Kind]:
    """Refuse a foreign case before its body is looked at: a stranger learns nothing from a 422."""
    cases = Cases.of(parts.registry.engine, caller.tenant)
    cases.get(case_id)
    return Changing(cases, case_id, caller.actor, precondition(request, parts, if_match, "case"))


Readable = Annotated[Cases, Depends(_readable)]
Writable = Annotated[Changing[Case, Kind], Depends(_writable)]


@router.post(
    "",
    status_code=201,
    operation_id="createCase",
    summary="Open a case",
    responses=problems(404, 422),
)
def create(
    wanted: CaseRequest, request: Request, response: Response, parts: PartsDep, caller: AuditWriter
) -> CaseAnswer:
    """Open a case by hand, about an audit or about something else. A policy opens its own."""
    if wanted.audit_id is None and wanted.subject is None:
        raise InvalidInput("say what the case is about: audit_id or subject")
    once = claimed(request)
    wish: Wish[Kind] = Wish(
        "open", caller.actor, {"reason": wanted.reason}, None if once is None else once.event
    )
    cases = Cases.of(parts.registry.engine, caller.tenant)
    return _tagged(cases.open(wish, subject=wanted.subject, audit_id=wanted.audit_id), response)


@router.get("", operation_id="listCases", summary="List cases", responses=problems(422))
def list_cases(
    cases: Readable,
    parts: PartsDep,
    paging: Paging,
    found: Annotated[CaseFilters, Depends()],
    state: Annotated[State | None, Query(description="of the case")] = None,
) -> CasePage:
    """The tenant's cases, newest first unless sorted otherwise, found by any of their terms together."""
    page = cases.page(paging.wanted(found, state), parts.cursors)
    return CasePage(items=[CaseAnswer.of(one) for one in page.entries], next=page.next)


@router.get("/{case_id}", operation_id="getCase", summary="Read a case", responses=problems(404, 422))
def get(case_id: CaseId, cases: Readable, response: Response) -> CaseAnswer:
    """A case as it stands."""
    return _tagged(cases.get(case_id), response)


@router.get(
    "/{case_id}/steps",
    operation_id="listCaseSteps",
    summary="History of a case",
    responses=problems(404, 422),
)
def steps(case_id: CaseId, cases: Readable) -> StepList:
    """Everything that happened to a case: who did it, when, and why."""
    return StepList(items=[StepAnswer.of(one) for one in cases.steps(case_id)])


@router.post(
    "/{case_id}:assign",
    operation_id="assignCase",
    summary="Assign a case",
    responses=_CHANGES,
)
def assign(asked: AssignRequest, case: Writable, response: Response) -> CaseAnswer:
    """Say who sees to a case that is not decided."""
    return _tagged(case.take("assign", to=asked.to), response)


@router.post(
    "/{case_id}:comment",
    operation_id="commentCase",
    summary="Comment on a case",
    responses=_CHANGES,
)
def comment(asked: CommentRequest, case: Writable, response: Response) -> CaseAnswer:
    """Add a remark; none is ever changed or removed."""
    return _tagged(case.take("comment", text=asked.text), response)


@router.post(
    "/{case_id}:decide",
    operation_id="decideCase",
    summary="Decide a case",
    responses=_CHANGES,
)
def decide(asked: DecisionRequest, case: Writable, response: Response) -> CaseAnswer:
    """Decide what is open or appealed. The audit and its report keep the policy's decision."""
    return _tagged(case.take("decide", decision=asked.decision, reason=asked.reason), response)


@router.post(
    "/{case_id}:appeal",
    operation_id="appealCase",
    summary="Appeal a decision",
    responses=_CHANGES,
)
def appeal(asked: AppealRequest, case: Writable, response: Response) -> CaseAnswer:
    """Enter that somebody is not content with the decision; it stands until another one is made."""
    return _tagged(case.take("appeal", by=asked.by, reason=asked.reason), response)


@router.post(
    "/{case_id}:reopen",
    operation_id="reopenCase",
    summary="Re-open a case",
    responses=_CHANGES,
)
def reopen(asked: ReopenRequest, case: Writable, response: Response) -> CaseAnswer:
    """Look at a decided case again, without an appeal."""
    return _tagged(case.take("reopen", reason=asked.reason), response)


def _tagged(case: Case, response: Response) -> CaseAnswer:
    response.headers["ETag"] = f'"{case.version}"'
    return CaseAnswer.of(case)
