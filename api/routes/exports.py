"""Exports of a record: DDEX ERN fragment, CSV, W3C Verifiable Credential."""

from fastapi import APIRouter, Response

from api.deps import PartsDep, RecordReader
from api.exports import EXPORTS
from api.history import RecordHistory
from api.routes.documentation import problems
from api.routes.records import RecordId

router = APIRouter(prefix="/v1/records/{record_id}/exports", tags=["records"])


@router.get(
    "/ddex",
    operation_id="exportRecordDdex",
    summary="DDEX ERN 4.3.2 fragment",
    response_class=Response,
    responses={200: {"content": {"application/xml": {}}}, **problems(404, 422)},
)
def ddex(record_id: RecordId, parts: PartsDep, caller: RecordReader) -> Response:
    """Parties and sound recording with the AI disclosure; header, releases and deals are the sender's."""
    return _export("ddex", record_id, parts, caller)


@router.get(
    "/csv",
    operation_id="exportRecordCsv",
    summary="CSV",
    response_class=Response,
    responses={200: {"content": {"text/csv": {}}}, **problems(404, 422)},
)
def csv(record_id: RecordId, parts: PartsDep, caller: RecordReader) -> Response:
    """A table with one row, in the columns that a catalogue import reads."""
    return _export("csv", record_id, parts, caller)


@router.get(
    "/credential",
    operation_id="exportRecordCredential",
    summary="W3C Verifiable Credential 2.0",
    response_class=Response,
    responses={200: {"content": {"application/vc+jwt": {}}}, **problems(404, 422)},
)
def credential(record_id: RecordId, parts: PartsDep, caller: RecordReader) -> Response:
    """The record as a JWT that the record key signs; its issuer is that key, as `did:key`."""
    return _export("credential", record_id, parts, caller)


def _export(name: str, record_id: str, parts: PartsDep, caller: RecordReader) -> Response:
    registry, kind = parts.registry.for_tenant(caller.tenant), EXPORTS[name]
    content = kind.make(RecordHistory(registry).verify(record_id), registry.record_signer())
    file = f'attachment; filename="{record_id}.{kind.suffix}"'
    return Response(content, media_type=kind.media_type, headers={"Content-Disposition": file})
