"""What audits and tracks have in common: a job that was accepted, is followed, and leaves files behind."""

from pathlib import Path
from typing import Annotated

from fastapi import Query, Request, Response
from fastapi.responses import FileResponse

from api.auth import Caller
from api.deps import Parts
from api.errors import ConflictingEntry, UnknownEntry
from api.intake import RETRY_AFTER_S
from api.jobs import MAX_PAGE, Job, Kind
from api.problems import respond

Limit = Annotated[int, Query(ge=1, le=MAX_PAGE)]


def accepted(job: Job, root: str, response: Response) -> Job:
    """Tell where the job is found and when to ask."""
    response.headers["Location"] = f"{root}/{job.id}"
    response.headers["Retry-After"] = RETRY_AFTER_S
    return job


def follow(kind: Kind, job_id: str, parts: Parts, caller: Caller, response: Response) -> Job:
    """The caller's job, and when to ask again while it is not finished; raises `UnknownEntry`."""
    job = parts.jobs.get(job_id, tenant=caller.tenant, kind=kind)
    if job.finished_at is None:
        response.headers["Retry-After"] = RETRY_AFTER_S
    return job


def not_ready(job: Job, request: Request) -> Response | None:
    """The problem of a failed job, as the answer to whoever asks for its files; None where it succeeded.

    Raises:
        ConflictingEntry: it is not finished.
    """
    if job.error is not None:
        return respond(job.error, request)
    if job.state != "succeeded":
        raise ConflictingEntry(f"the {job.kind} is not finished; ask for it again in a moment")
    return None


def left_behind(job: Job, path: Path, media: str, saved_as: str | None = None) -> FileResponse:
    """A file of a finished job; raises `UnknownEntry` where it is gone."""
    if not path.is_file():
        raise UnknownEntry(f"{job.kind} {job.id} left no {path.name}")
    return FileResponse(path, media_type=media, filename=saved_as)
