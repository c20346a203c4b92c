"""Notices of rights holders, by the forms of the law and with the days that it sets. Never legal advice."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi import Path as PathParameter

from api.docket.step import Wish
from api.law.law import shipped
from api.notices.forms import FORMS, FormName
from api.notices.notice import Kind, Notice, State
from api.notices.notices import About, Notices
from api.server.changing import Changing
from api.server.idempotency import claimed
from api.server.listing import Paging, Search
from api.server.notice_shapes import (
    ActRequest,
    CompletionRequest,
    CounterRequest,
    ElementAnswer,
    FormAnswer,
    FormList,
    NoticeAnswer,
    NoticeCommentRequest,
    NoticePage,
    NoticeRequest,
    NoticeStepAnswer,
    NoticeStepList,
)
from api.server.parts import PartsDep, RecordReader, RecordWriter
from api.server.preconditions import IfMatch, precondition
from api.server.route import Route
from api.server.routes.cases import ReopenRequest
from api.server.routes.openapi import problems
from core import clock

router = APIRouter(prefix="/v1/notices", tags=["notices"], route_class=Route)
_CHANGES = problems(404, 409, 412, 422, 428)

NoticeId = Annotated[str, PathParameter(pattern="^[0-9a-f]{16}$", examples=["3f9a1c2b5d6e7f80"])]


@dataclass
class NoticeFilters:
    """What notices are found by."""

    form: Annotated[FormName | None, Query(description="of the notice")] = None
    audit: Annotated[str | None, Query(min_length=1, max_length=36, description="id of the audit")] = None
    record: Annotated[str | None, Query(pattern="^[0-9a-f]{16}$", description="id of the record")] = None
    q: Search = None


def _readable(parts: PartsDep, caller: RecordReader) -> Notices:
    return Notices.of(parts.registry.engine, caller.tenant)


def _writable(
    notice_id: NoticeId, request: Request, parts: PartsDep, caller: RecordWriter, if_match: IfMatch = None
) -> Changing[Notice, Kind]:
    """Refuse a foreign notice before its body is looked at: a stranger learns nothing from a 422."""
    notices = Notices.of(parts.registry.engine, caller.tenant)
    notices.get(notice_id)
    return Changing(notices, notice_id, caller.actor, precondition(request, parts, if_match, "notice"))


Readable = Annotated[Notices, Depends(_readable)]
Writable = Annotated[Changing[Notice, Kind], Depends(_writable)]


@router.post(
    "",
    status_code=201,
    operation_id="createNotice",
    summary="Enter a notice",
    responses=problems(404, 422),
)
def create(
    wanted: NoticeRequest, request: Request, response: Response, parts: PartsDep, caller: RecordWriter
) -> NoticeAnswer:
    """Enter a notice that came in. One that lacks elements is `incomplete`, and `missing` tells which."""
    once = claimed(request)
    given = wanted.elements.given()
    said = {"elements": given, "on": _text(wanted.received_on)}
    wish: Wish[Kind] = Wish("receive", caller.actor, said, None if once is None else once.event)
    notices = Notices.of(parts.registry.engine, caller.tenant)
    about = About(wanted.audit_id, wanted.record_id)
    return _tagged(notices.receive(wanted.form, given, wish, on=wanted.received_on, about=about), response)


@router.get("", operation_id="listNotices", summary="List notices", responses=problems(422))
def list_notices(
    notices: Readable,
    parts: PartsDep,
    paging: Paging,
    found: Annotated[NoticeFilters, Depends()],
    state: Annotated[State | None, Query(description="of the notice")] = None,
) -> NoticePage:
    """The tenant's notices, newest first unless sorted otherwise, with the days that are due."""
    page = notices.page(paging.wanted(found, state), parts.cursors)
    return NoticePage(items=[NoticeAnswer.of(one) for one in page.entries], next=page.next)


@router.get("/forms", operation_id="listNoticeForms", summary="Forms of notices")
def forms(_caller: RecordReader) -> FormList:
    """Which elements each form has, and where its rule comes from."""
    items = []
    for name, form in FORMS.items():
        rule = shipped().rule(form.rule)
        items.append(
            FormAnswer(
                form=name,
                title=form.title,
                rule=rule.id,
                article=rule.article,
                source=rule.source,
                standing=rule.standing(clock.now().date()),
                last_checked=rule.last_checked,
                note=rule.note,
                notice=[ElementAnswer(**vars(one)) for one in form.notice],
                counter=[ElementAnswer(**vars(one)) for one in form.counter],
            )
        )
    return FormList(items=items)


@router.get("/{notice_id}", operation_id="getNotice", summary="Read a notice", responses=problems(404, 422))
def get(notice_id: NoticeId, notices: Readable, response: Response) -> NoticeAnswer:
    """A notice as it stands."""
    return _tagged(notices.get(notice_id), response)


@router.get(
    "/{notice_id}/steps",
    operation_id="listNoticeSteps",
    summary="History of a notice",
    responses=problems(404, 422),
)
def steps(notice_id: NoticeId, notices: Readable) -> NoticeStepList:
    """Everything that happened to a notice: who did it, when, and why."""
    return NoticeStepList(items=[NoticeStepAnswer.of(one) for one in notices.steps(notice_id)])


@router.post(
    "/{notice_id}:complete",
    operation_id="completeNotice",
    summary="Complete a notice",
    responses=_CHANGES,
)
def complete(asked: CompletionRequest, notice: Writable, response: Response) -> NoticeAnswer:
    """Add elements that were missing."""
    return _tagged(notice.take("complete", elements=asked.elements.given()), response)


@router.post(
    "/{notice_id}:comment",
    operation_id="commentNotice",
    summary="Comment on a notice",
    responses=_CHANGES,
)
def comment(asked: NoticeCommentRequest, notice: Writable, response: Response) -> NoticeAnswer:
    """Add a remark; none is ever changed or removed."""
    return _tagged(notice.take("comment", text=asked.text), response)


@router.post(
    "/{notice_id}:remove",
    operation_id="removeMaterial",
    summary="Enter a removal",
    responses=_CHANGES,
)
def remove(asked: ActRequest, notice: Writable, response: Response) -> NoticeAnswer:
    """Enter that the material was taken down. Trackmark keeps that and when; it takes nothing down itself."""
    return _tagged(notice.take("remove", reason=asked.reason, on=_text(asked.on)), response)


@router.post(
    "/{notice_id}:refuse",
    operation_id="refuseNotice",
    summary="Refuse a notice",
    responses=_CHANGES,
)
def refuse(asked: ReopenRequest, notice: Writable, response: Response) -> NoticeAnswer:
    """Enter that nothing is taken down, and why."""
    return _tagged(notice.take("refuse", reason=asked.reason), response)


@router.post(
    "/{notice_id}:counter",
    operation_id="counterNotice",
    summary="Enter a counter-notice",
    responses=_CHANGES,
)
def counter(asked: CounterRequest, notice: Writable, response: Response) -> NoticeAnswer:
    """Enter the uploader's answer to a removal; the days of the law count from it."""
    return _tagged(notice.take("counter", elements=asked.elements.given(), on=_text(asked.on)), response)


@router.post(
    "/{notice_id}:restore",
    operation_id="restoreMaterial",
    summary="Enter that material is back",
    responses=_CHANGES,
)
def restore(asked: ActRequest, notice: Writable, response: Response) -> NoticeAnswer:
    """Enter that the material was put back."""
    return _tagged(notice.take("restore", reason=asked.reason, on=_text(asked.on)), response)


@router.post(
    "/{notice_id}:keep-down",
    operation_id="keepMaterialDown",
    summary="Enter that material stays down",
    responses=_CHANGES,
)
def keep_down(asked: ActRequest, notice: Writable, response: Response) -> NoticeAnswer:
    """Enter that the material stays down despite a counter-notice, as where whoever complained has sued."""
    return _tagged(notice.take("keep_down", reason=asked.reason, on=_text(asked.on)), response)


@router.post(
    "/{notice_id}:withdraw",
    operation_id="withdrawNotice",
    summary="Enter a withdrawal",
    responses=_CHANGES,
)
def withdraw(asked: ReopenRequest, notice: Writable, response: Response) -> NoticeAnswer:
    """Enter that whoever complained does so no more."""
    return _tagged(notice.take("withdraw", reason=asked.reason), response)


def _text(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _tagged(notice: Notice, response: Response) -> NoticeAnswer:
    response.headers["ETag"] = f'"{notice.version}"'
    return NoticeAnswer.of(notice)
