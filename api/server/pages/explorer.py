"""For everybody: the log with its proofs, checked in the browser, and the check of a report."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.errors import UnknownEntry
from api.server.pages.rendering import page
from api.server.parts import PartsDep
from api.server.route import Route
from core.counted import counted
from core.errors import TrackmarkError
from provenance.records.checkpoint import checkpoint_of
from provenance.records.log import LogEntry, leaf_hash
from provenance.records.stamping import cosigners_of

router = APIRouter(include_in_schema=False, route_class=Route)

SHOWN = 50


@router.get("/verify")
def verify(request: Request) -> Response:
    """Where whoever holds a report checks it; the file that it is about stays in the browser."""
    return page(request, "verify.html")


@router.get("/log")
def entries(request: Request, parts: PartsDep, before: Annotated[int | None, Query(ge=0)] = None) -> Response:
    """The newest checkpoint and the entries below it, newest first."""
    log = parts.registry.log
    note, witnessed = log.checkpoint(), log.witnessed()
    checkpoint = checkpoint_of(note)
    end = checkpoint.size if before is None else min(before, checkpoint.size)
    start = max(0, end - SHOWN)
    rows = [(index, _read(log.entry(index))) for index in range(end - 1, start - 1, -1)]
    return page(
        request,
        "log.html",
        note=note,
        checkpoint=checkpoint,
        vkey=log.key.vkey,
        witnessed=witnessed,
        witnesses=tuple(dict.fromkeys(cosigners_of(witnessed))) if witnessed else (),
        cosigned=checkpoint_of(witnessed) if witnessed else None,
        rows=rows,
        older=start or None,
    )


@router.get("/log/{index}")
def entry(index: int, request: Request, parts: PartsDep) -> Response:
    """One entry, as its leaf was hashed, and where its proof is checked."""
    log = parts.registry.log
    size = checkpoint_of(log.checkpoint()).size
    data = log.entry(index) if 0 <= index < size else None
    if data is None:
        raise UnknownEntry(f"the log has {counted(size, 'entry', 'entries')}, counted from 0")
    return page(
        request,
        "log_entry.html",
        index=index,
        entry=_read(data),
        text=data.decode(errors="replace"),
        leaf=leaf_hash(data).hex(),
        vkey=log.key.vkey,
    )


def _read(data: bytes) -> LogEntry | None:
    """What an entry says; None of one that this release does not know."""
    try:
        return LogEntry.from_bytes(data)
    except TrackmarkError:
        return None
