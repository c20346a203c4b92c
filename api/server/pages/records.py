"""Records for people: the list, one record with its chain of custody, and who may see it."""

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from api.errors import UnknownEntry
from api.report.custody import custody
from api.server.answers import problem
from api.server.pages import lists
from api.server.pages.forms import Sent
from api.server.pages.rendering import page
from api.server.parts import PartsDep, RecordReader, RecordWriter
from api.server.route import Route
from core.errors import InvalidInput, RecordError, VerificationError

router = APIRouter(include_in_schema=False, route_class=Route)


@router.get("/records")
def records(request: Request, parts: PartsDep, caller: RecordReader) -> Response:
    """The tenant's records, newest first, found by what they say today."""
    asked = lists.asked(request, lists.RECORDS)
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
    since = registry.publications.since(record_id)
    try:
        history = registry.records.verified(record_id)
    except (VerificationError, RecordError) as error:
        told: dict[str, Any] = {"said": None, "events": (), "problem": problem(error)}
    else:
        said = history.today()
        told = {"said": said, "events": custody(history), "problem": None}
        told["same_isrc"] = registry.records.stating(said["isrc"], but=record_id)
    return page(request, "record.html", stored=stored, since=since, **told)


@router.post("/records/{record_id}/publication")
def publication(
    record_id: str, request: Request, parts: PartsDep, caller: RecordWriter, sent: Sent
) -> Response:
    """Let everybody see a record, or nobody else any more: what the form says, nothing by default."""
    publications = parts.registry.for_tenant(caller.tenant).publications
    wanted = sent.get("to")
    if wanted == "everybody":
        publications.publish(record_id)
    elif wanted == "us":
        publications.withdraw(record_id)
    else:
        raise InvalidInput("the form must say to whom the record is shown: everybody or us")
    return RedirectResponse(f"/records/{record_id}#seen", status_code=303)
