"""Ownership records: what they say, the signed envelope, and the proof that the log holds them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Response
from fastapi.responses import PlainTextResponse
from pydantic import Field

from api.errors import UnknownEntry
from api.jobs.erasure import erase
from api.lists.query import Wanted
from api.registry.history import entity_tag
from api.registry.records import Records, StoredRecord, stored_of
from api.registry.registry import Registry
from api.report.rendered import Form
from api.server.answers import problem
from api.server.inputs import LARGEST
from api.server.listing import Paging, RecordFilters
from api.server.parts import Parts, PartsDep, RecordReader, RecordWriter
from api.server.route import Route
from api.server.routes import readable
from api.server.routes.openapi import problems
from api.server.schemas import Model, Problem
from core.errors import InvalidInput, RecordError, VerificationError

router = APIRouter(prefix="/v1/records", tags=["records"], route_class=Route)


class RecordAnswer(Model):
    """An ownership record, verified at this moment: who claimed what, and where the log holds it.

    A signature proves who claimed what and when, not that the claim is true (`claim_status`).
    """

    record_id: str = Field(examples=["5f1c0a9e33b2d417"])
    title: str = Field(examples=["Night Drive"])
    leaf_index: int = Field(examples=[7])
    created_at: datetime
    salt: str = Field(description="opens the log entry's commitment; keep it with the proof")
    claims: dict[str, Any] | None = Field(description="what the record says; null where it does not verify")
    problem: Problem | None = Field(description="why the record does not verify")
    same_isrc: list[str] = Field(
        default=[],
        description="other records of the tenant, at most 20 and none of them revoked, that state its ISRC",
        examples=[[]],
    )
    links: dict[str, str]

    @classmethod
    def of(
        cls,
        stored: StoredRecord,
        claims: dict[str, Any] | None,
        problem: dict[str, Any] | None,
        same_isrc: Sequence[str] = (),
    ) -> "RecordAnswer":
        """The record as clients see it."""
        root = f"/v1/records/{stored.record_id}"
        return cls(
            record_id=stored.record_id,
            title=stored.title,
            leaf_index=stored.leaf_index,
            created_at=stored.created_at,
            salt=stored.salt.hex(),
            claims=claims,
            problem=None if problem is None else Problem(**problem),
            same_isrc=list(same_isrc),
            links={name: f"{root}/{name}" for name in ("envelope", "proof", "events")} | {"self": root},
        )


class RecordLine(Model):
    """A record in a list, not verified."""

    record_id: str
    title: str
    leaf_index: int
    created_at: datetime


class RecordPage(Model):
    """Records, newest first."""

    items: list[RecordLine]
    next: str | None = Field(description="pass as `cursor` for the next page", examples=[None])


RecordId = Annotated[
    str, Path(pattern="^[0-9a-f]{16}$", description="16 hex digits: the watermark's message")
]


@router.get("", operation_id="listRecords", summary="List records", responses=problems(422))
def list_records(
    parts: PartsDep,
    caller: RecordReader,
    paging: Paging,
    found: Annotated[RecordFilters, Depends()],
    before: Annotated[
        str | None,
        Query(
            description="the name that `cursor` had; the log entry of a record works, too", deprecated=True
        ),
    ] = None,
) -> RecordPage:
    """The tenant's records, newest first unless sorted otherwise, found by what they say today."""
    records = parts.registry.for_tenant(caller.tenant).records
    if before is not None and paging.cursor is not None:
        raise InvalidInput("before is the old name of cursor: send one of them")
    wanted = paging.wanted(found, cursor=before)
    if before is not None and before.isascii() and before.isdecimal():
        return _before(before, wanted, records)
    page = records.listed(wanted, parts.cursors)
    return RecordPage(items=[_line(stored) for stored in page.records], next=page.next)


def _before(entry: str, wanted: Wanted, records: Records) -> RecordPage:
    """Go on with a list that an earlier release began: in the order of the log, by its entries."""
    if wanted != Wanted(limit=wanted.limit, cursor=entry):
        raise InvalidInput("a number in before goes with no filter and no order; start with neither")
    if len(entry) > 19 or int(entry) > LARGEST:
        raise InvalidInput("before is too large a number")
    found = records.page(limit=wanted.limit + 1, before=int(entry))
    shown = found[: wanted.limit]
    more = str(shown[-1].first_index) if len(found) > len(shown) else None
    return RecordPage(items=[_line(stored) for stored in shown], next=more)


@router.get("/{record_id}", operation_id="getRecord", summary="Read a record", responses=problems(404, 422))
def get(record_id: RecordId, response: Response, parts: PartsDep, caller: RecordReader) -> RecordAnswer:
    """What the record says today and its status, after every signature and log entry was checked.

    `ETag` names its state, for `If-Match`: the revision and, after a dot, how many statements there are.
    """
    records = parts.registry.for_tenant(caller.tenant).records
    try:
        history = records.verified(record_id)
    except (VerificationError, RecordError) as error:
        return RecordAnswer.of(_find(record_id, parts, caller.tenant)[1], None, problem(error))
    response.headers["ETag"] = f'"{entity_tag(history.events)}"'
    said = history.today()
    return RecordAnswer.of(stored_of(history), said, None, records.stating(said["isrc"], but=record_id))


@router.delete(
    "/{record_id}",
    status_code=204,
    operation_id="eraseRecord",
    summary="Erase a record",
    responses=problems(404, 409, 422),
)
def delete(record_id: RecordId, parts: PartsDep, caller: RecordWriter) -> None:
    """Erase the record, its events, manifests, fingerprint and tagging; its log entry names nobody."""
    parts.answers.forget(caller.tenant, f"POST /v1/records/{record_id}/")
    erase(parts.registry.for_tenant(caller.tenant), record_id, parts.worker.files)


@router.get(
    "/{record_id}/envelope",
    operation_id="getRecordEnvelope",
    summary="Signed envelope",
    response_class=Response,
    responses={200: {"content": {"application/vnd.dsse+json": {}}}, **problems(404, 422)},
)
def envelope(record_id: RecordId, parts: PartsDep, caller: RecordReader) -> Response:
    """The DSSE envelope of the newest revision, as signed; earlier ones are events of the record."""
    _, stored = _find(record_id, parts, caller.tenant)
    return Response(stored.envelope.to_json(), media_type="application/vnd.dsse+json")


@router.get(
    "/{record_id}/proof",
    operation_id="getRecordProof",
    summary="Log proof",
    response_class=PlainTextResponse,
    responses=problems(404, 422),
)
def proof(record_id: RecordId, parts: PartsDep, caller: RecordReader) -> PlainTextResponse:
    """The newest revision's C2SP tlog-proof: inclusion proof and signed checkpoint, checked offline."""
    registry, _ = _find(record_id, parts, caller.tenant)
    return PlainTextResponse(registry.records.proof(record_id))


@router.get(
    "/{record_id}/certificate",
    operation_id="getRecordCertificate",
    summary="Certificate of registration",
    response_class=Response,
    responses={200: {"content": readable.CONTENT}, **problems(404, 422)},
)
async def certificate(
    record_id: RecordId,
    parts: PartsDep,
    caller: RecordReader,
    asked: Annotated[Form, Query(alias="format", description="`html` or `pdf`")] = "pdf",
    language: readable.LanguageQuery = "en",
) -> Response:
    """What the verified record says today, for people; the PDF carries everything that proves it."""
    registry = parts.registry.for_tenant(caller.tenant)
    return await readable.certified(asked, record_id, registry, parts, caller, language=language)


class Publication(Model):
    """Whether everybody may see a record."""

    record_id: str = Field(examples=["5f1c0a9e33b2d417"])
    since: datetime | None = Field(description="since when everybody may see it; null where it is private")


@router.get(
    "/{record_id}/publication",
    operation_id="getPublication",
    summary="Who may see a record",
    responses=problems(404, 422),
)
def publication(record_id: RecordId, parts: PartsDep, caller: RecordReader) -> Publication:
    """Whether everybody may see the record, or your tenant alone."""
    since = parts.registry.for_tenant(caller.tenant).publications.since(record_id)
    return Publication(record_id=record_id, since=since)


@router.put(
    "/{record_id}/publication",
    operation_id="publishRecord",
    summary="Let everybody see a record",
    responses=problems(404, 422),
)
def publish(record_id: RecordId, parts: PartsDep, caller: RecordWriter) -> Publication:
    """Whoever holds one of the record's files, byte for byte, then learns who claims it.

    They are told its number, title, owners, status and entry in the log (`POST /v1/verify/claims`), and
    nothing else of it.

    It ends when it is withdrawn, and by itself when other owners or shares are named.
    """
    since = parts.registry.for_tenant(caller.tenant).publications.publish(record_id)
    return Publication(record_id=record_id, since=since)


@router.delete(
    "/{record_id}/publication",
    status_code=204,
    operation_id="withdrawPublication",
    summary="Make a record private again",
    responses=problems(404, 422),
)
def withdraw(record_id: RecordId, parts: PartsDep, caller: RecordWriter) -> None:
    """What others have read is theirs already; from now on they read nothing."""
    parts.registry.for_tenant(caller.tenant).publications.withdraw(record_id)


def _find(record_id: str, parts: Parts, tenant: str) -> tuple[Registry, StoredRecord]:
    registry = parts.registry.for_tenant(tenant)
    stored = registry.records.get(record_id)
    if stored is None:
        raise UnknownEntry(f"no record {record_id}")
    return registry, stored


def _line(stored: StoredRecord) -> RecordLine:
    return RecordLine(
        record_id=stored.record_id,
        title=stored.title,
        leaf_index=stored.leaf_index,
        created_at=stored.created_at,
    )
