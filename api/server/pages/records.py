"""Records for people: the list, and one record with its chain of custody."""

from fastapi import APIRouter, Request, Response

from api.errors import UnknownEntry
from api.report.custody import custody
from api.server.answers import problem
from api.server.pages import lists
from api.server.pages.rendering import page
from api.server.parts import PartsDep, RecordReader
from api.server.route import Route
from core.errors import RecordError, VerificationError

router = APIRouter(include_in_schema=False, route_class=Route)


@router.get("/records")
def records(request: Request, parts: PartsDep, caller: RecordReader) -> Response:
    """The tenant's records, newest first, found by what they say today."""
    asked = lists.asked(request, *lists.RECORDS)
    records = parts.registry.for_tenant(caller.tenant).records
    found = records.listed(lists.wanted(request, asked), parts.cursors)
    return page(request, "records.html", records=found.records, **lists.turning(request, asked, found.next))


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
