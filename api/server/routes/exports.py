"""Exports of a record: DDEX ERN fragment, CSV, W3C Verifiable Credential, and all that proves it."""

from collections.abc import Callable

from fastapi import APIRouter, Response

from api.registry.exports import EXPORTS, Export
from api.server.parts import PartsDep, RecordReader
from api.server.route import Route
from api.server.routes.openapi import problems
from api.server.routes.records import RecordId

router = APIRouter(prefix="/v1/records/{record_id}/exports", tags=["records"], route_class=Route)

# name: operation id, summary, description
_ROUTES = {
    "ddex": (
        "exportRecordDdex",
        "DDEX ERN 4.3.2 fragment",
        "Parties and sound recording with the AI disclosure; header, releases and deals are the sender's.",
    ),
    "csv": (
        "exportRecordCsv",
        "CSV",
        "A table with one row, in the columns that a catalogue import reads.",
    ),
    "credential": (
        "exportRecordCredential",
        "W3C Verifiable Credential 2.0",
        "The record as a JWT that the record key signs; its issuer is that key, as `did:key`.",
    ),
    "evidence": (
        "exportRecordEvidence",
        "Everything that proves it",
        "A zip of every event with envelope, salt and proof, and the keys: `trackmark verify` checks it "
        "unpacked, without a network.",
    ),
}


def _route(kind: Export) -> Callable[[RecordId, PartsDep, RecordReader], Response]:
    def export(record_id: RecordId, parts: PartsDep, caller: RecordReader) -> Response:
        content = kind.make(parts.registry.for_tenant(caller.tenant), record_id)
        file = f'attachment; filename="{record_id}.{kind.suffix}"'
        return Response(content, media_type=kind.media_type, headers={"Content-Disposition": file})

    return export


for _name, (_operation, _summary, _description) in _ROUTES.items():
    _kind = EXPORTS[_name]
    router.add_api_route(
        f"/{_name}",
        _route(_kind),
        operation_id=_operation,
        summary=_summary,
        description=_description,
        response_class=Response,
        responses={200: {"content": {_kind.media_type.partition(";")[0]: {}}}, **problems(404, 422)},
    )
