"""What happens to a record: amendments, transfers, disputes, revocation. Each is signed and logged."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Request, Response
from fastapi import Path as PathParameter
from pydantic import Field

from api.errors import UnknownEntry
from api.registry.events import RecordEvents
from api.registry.history import StoredEvent, entity_tag
from api.server.inputs import LARGEST
from api.server.parts import PartsDep, RecordReader, RecordWriter
from api.server.preconditions import IfMatch, precondition
from api.server.route import Route
from api.server.routes.openapi import problems
from api.server.routes.records import RecordId
from api.server.schemas import Model

router = APIRouter(prefix="/v1/records/{record_id}", tags=["record-events"], route_class=Route)


class TransferRequest(Model):
    """Shares that change hands."""

    to: str = Field(min_length=1, max_length=1000, description="who receives", examples=["A Buyer"])
    right: str = Field(default="master", examples=["master"])
    giver: str | None = Field(default=None, description="who gives; needed where several hold the right")
    share_ppm: int | None = Field(
        default=None, ge=1, le=1_000_000, description="millionths of the whole; all of the giver's otherwise"
    )
    effective: str | None = Field(
        default=None, description="UTC time from which it counts", examples=["2027-01-01T00:00:00Z"]
    )
    source_doc_sha256: str | None = Field(default=None, description="hash of the contract")


class StatementRequest(Model):
    """Who states something about a record, and why."""

    issuer: str = Field(min_length=1, max_length=1000, examples=["A Singer"])
    reason: str = Field(min_length=1, max_length=1000, examples=["the vocals are mine"])


class EventLine(Model):
    """An event of a record."""

    type: str = Field(examples=["amend"])
    leaf_index: int = Field(description="its entry in the log", examples=[12])
    created_at: str = Field(examples=["2026-11-22T13:00:00+00:00"])
    revision: int | None = Field(description="of revisions", examples=[2])
    reason: str | None = Field(description="of disputes and revocations", examples=[None])
    links: dict[str, str]


class EventAnswer(EventLine):
    """An event with all that verifies it offline."""

    envelope: dict[str, Any] = Field(description="DSSE")
    salt: str = Field(description="opens the log entry's commitment")
    proof: str = Field(description="C2SP tlog-proof")


class EventList(Model):
    """The life of a record in log order, the registration first."""

    status: str = Field(
        description="asserted, evidenced, disputed or revoked; every event was checked", examples=["asserted"]
    )
    items: list[EventLine]


def _readable(record_id: RecordId, parts: PartsDep, caller: RecordReader) -> RecordEvents:
    return _known(record_id, parts, caller.tenant)


def _writable(
    record_id: RecordId,
    request: Request,
    parts: PartsDep,
    caller: RecordWriter,
    if_match: IfMatch = None,
) -> RecordEvents:
    """The record's events, to add one: once for a request, and on the state that the client has seen."""
    events = _known(record_id, parts, caller.tenant)
    seen = precondition(request, parts, if_match, "record")
    return replace(events, once=seen.once, expected=seen.expected)


def _known(record_id: str, parts: PartsDep, tenant: str) -> RecordEvents:
    """Refuse a foreign record before its body is looked at: a stranger learns nothing from a 422."""
    registry = parts.registry.for_tenant(tenant)
    if registry.records.get(record_id) is None:
        raise UnknownEntry(f"no record {record_id}")
    return registry.events


Readable = Annotated[RecordEvents, Depends(_readable)]
Writable = Annotated[RecordEvents, Depends(_writable)]


@router.get("/events", operation_id="listRecordEvents", summary="List events", responses=problems(404, 422))
def list_events(record_id: RecordId, history: Readable, response: Response) -> EventList:
    """Every revision, dispute and revocation, and what they add up to."""
    verified = history.verified(record_id)
    response.headers["ETag"] = f'"{entity_tag(verified.events)}"'
    items = [_line(record_id, event) for event in verified.events]
    return EventList(status=verified.state.status, items=items)


@router.get(
    "/events/{leaf_index}",
    operation_id="getRecordEvent",
    summary="Read an event",
    responses=problems(404, 422),
)
def get_event(
    record_id: RecordId,
    leaf_index: Annotated[int, PathParameter(ge=0, le=LARGEST)],
    history: Readable,
    parts: PartsDep,
) -> EventAnswer:
    """One event with envelope, salt and proof, to be verified offline."""
    found = next((event for event in history.of(record_id) if event.leaf_index == leaf_index), None)
    if found is None:
        raise UnknownEntry(f"record {record_id} has no event at entry {leaf_index}")
    return EventAnswer(
        **_line(record_id, found).model_dump(),
        envelope=json.loads(found.envelope.to_json()),
        salt=found.salt.hex(),
        proof=parts.registry.log.proof_file(leaf_index),
    )


@router.post(
    "/amendments",
    status_code=201,
    operation_id="amendRecord",
    summary="Amend",
    responses=problems(404, 409, 412, 422, 428),
)
def amend(
    record_id: RecordId,
    history: Writable,
    patch: Annotated[
        dict[str, Any],
        Body(
            description="JSON Merge Patch (RFC 7396) of the record",
            examples=[{"asset": {"isrc": "USRC17607839"}}],
        ),
    ],
) -> EventLine:
    """Make the next revision. The recording, its marks and the record's id cannot be changed."""
    return _line(record_id, history.amend(record_id, patch))


@router.post(
    "/transfers",
    status_code=201,
    operation_id="transferRecord",
    summary="Transfer shares",
    responses=problems(404, 409, 412, 422, 428),
)
def transfer(record_id: RecordId, history: Writable, asked: TransferRequest) -> EventLine:
    """Make the revision in which another party holds the shares."""
    return _line(record_id, history.transfer(record_id, **asked.model_dump()))


# path: operation id, summary, description, what is done
_STATEMENTS: dict[str, tuple[str, str, str, Callable[..., StoredEvent]]] = {
    "disputes": (
        "disputeRecord",
        "Open a dispute",
        "State that the claim is contested; the record is `disputed` until every dispute is settled.",
        RecordEvents.dispute,
    ),
    "settlements": (
        "settleRecord",
        "Close a dispute",
        "State that a dispute is over.",
        RecordEvents.close_dispute,
    ),
    "revocations": (
        "revokeRecord",
        "Revoke",
        "Withdraw the record for good. Its log entries stay; nothing can follow.",
        RecordEvents.revoke,
    ),
}


def _stating(act: Callable[..., StoredEvent]) -> Callable[[RecordId, Writable, StatementRequest], EventLine]:
    def state(record_id: RecordId, history: Writable, asked: StatementRequest) -> EventLine:
        return _line(record_id, act(history, record_id, issuer=asked.issuer, reason=asked.reason))

    return state


for _path, (_operation, _summary, _description, _act) in _STATEMENTS.items():
    router.add_api_route(
        f"/{_path}",
        _stating(_act),
        methods=["POST"],
        status_code=201,
        operation_id=_operation,
        summary=_summary,
        description=_description,
        responses=problems(404, 409, 412, 422, 428),
    )


def _line(record_id: str, event: StoredEvent) -> EventLine:
    content = event.content()
    return EventLine(
        type=event.type,
        leaf_index=event.leaf_index,
        created_at=event.created_at.isoformat(),
        revision=getattr(content, "revision", None),
        reason=getattr(content, "reason", None),
        links={"self": f"/v1/records/{record_id}/events/{event.leaf_index}"},
    )
