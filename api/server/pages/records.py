"""Records for people: the list, and one record with its chain of custody."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.errors import UnknownEntry
from api.report.custody import custody
from api.server.answers import problem
from api.server.inputs import LARGEST
from api.server.pages.rendering import page
from api.server.parts import PartsDep, RecordReader
from api.server.route import Route
from core.errors import RecordError, VerificationError

router = APIRouter(include_in_schema=False, route_class=Route)

SHOWN = 50


@router.get("/records")
def records(
    request: Request,
    parts: PartsDep,
    caller: RecordReader,
    before: Annotated[int | None, Query(ge=0, le=LARGEST)] = None,
) -> Response:
    """The tenant's records, newest first."""
    found = parts.registry.for_tenant(caller.tenant).records.page(limit=SHOWN + 1, before=before)
    shown = found[:SHOWN]
    older = shown[-1].first_index if len(found) > SHOWN else None
    return page(request, "records.html", records=shown, older=older, first=before is None)


@router.get("/records/{record_id}")
def record(record_id: str, request: Request, parts: PartsDep, caller: RecordReader) -> Response:
    """What a record says today and everything that happened to it, checked at this moment."""
    registry = parts.registry.for_tenant(caller.tenant)
    stored = registry.records.get(record_id)
    if stored is None:
        raise UnknownEntry(f"no record {record_id}")
    try:
        history = registry.records.verified(record_id)
    except (VerificationError, RecordError) as error:
        return page(request, "record.html", stored=stored, said=None, events=(), problem=problem(error))
    said = history.today()
    return page(request, "record.html", stored=stored, said=said, events=custody(history), problem=None)
