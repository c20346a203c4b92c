"""What audits and tracks have in common: a job that was accepted, is followed, and leaves files behind."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from fastapi import Request, Response
from fastapi.responses import FileResponse

from api.errors import ConflictingEntry, UnknownEntry
from api.jobs.job import PRIORITIES, Job, Kind
from api.server import fields
from api.server.answers import problem_of
from api.server.api_keys import Caller
from api.server.idempotency import REPLAYED
from api.server.intake import RETRY_AFTER_S
from api.server.parts import Parts
from api.server.problems import respond
from api.server.stored_file import stored_file

PRIORITY = {
    "type": "string",
    "enum": list(PRIORITIES),
    "default": "normal",
    "description": "among one's own jobs",
}


@dataclass(frozen=True)
class File:
    """A file that a job leaves behind: its name, its media type, and the name to save it under."""

    name: str
    media: str
    saved_as: str | None = None


def accepted(job: Job, root: str, request: Request, response: Response) -> Job:
    """Tell where the job is found and when to ask, and whether it is that of an earlier request."""
    if getattr(request.state, "replayed", False):
        response.headers[REPLAYED] = "true"
    response.headers["Location"] = f"{root}/{job.id}"
    response.headers["Retry-After"] = RETRY_AFTER_S
    return job


def priority(sent: Mapping[str, str]) -> dict[str, str]:
    """The wished priority, where one was sent."""
    wished = fields.choice(sent, "priority", tuple(PRIORITIES), None)
    return {} if wished is None else {"priority": wished}


def follow(kind: Kind, job_id: str, parts: Parts, caller: Caller, response: Response) -> Job:
    """The caller's job, and when to ask again while it is not finished; raises `UnknownEntry`."""
    job = parts.jobs.get(job_id, tenant=caller.tenant, kind=kind)
    if job.finished_at is None:
        response.headers["Retry-After"] = RETRY_AFTER_S
    return job


def cancel(kind: Kind, job_id: str, parts: Parts, caller: Caller) -> Job:
    """Cancel the caller's job; raises `UnknownEntry`, and `ConflictingEntry` where it has ended otherwise."""
    job = parts.jobs.cancel(job_id, tenant=caller.tenant, kind=kind)
    if job.state == "cancelled":
        parts.worker.tidy(job)
        job = parts.jobs.get(job_id, tenant=caller.tenant, kind=kind)
    return job


def retry(kind: Kind, job_id: str, parts: Parts, caller: Caller) -> Job:
    """Queue the caller's job again; raises `UnknownEntry`, and `ConflictingEntry` where that cannot help."""
    has_audio = parts.worker.files.has_upload
    job = parts.jobs.retry(job_id, tenant=caller.tenant, kind=kind, has_audio=has_audio)
    parts.wake()
    return job


def left_behind(
    kind: Kind, job_id: str, request: Request, parts: Parts, caller: Caller, which: Callable[[Job], File]
) -> Response:
    """A file of a finished job of the caller's; of a failed one, the problem that made it fail.

    Whatever ended the job, this request did not fail: a failure of the server's then is a conflict now.

    Raises:
        ConflictingEntry: it is not finished.
        UnknownEntry: there is no such job, or the file is gone.
    """
    job = parts.jobs.get(job_id, tenant=caller.tenant, kind=kind)
    if job.error is not None:
        body = problem_of(job.error)
        return respond({**body, "status": 409 if body["status"] >= 500 else body["status"]}, request)
    if job.state != "succeeded":
        raise ConflictingEntry(f"the {kind} is not finished; ask for it again in a moment")
    file = which(job)
    path = parts.worker.files.output(job) / file.name
    remote = parts.worker.files.remote(job, file.name)
    if remote is not None and parts.worker.files.store is not None:
        return stored_file(parts.worker.files.store, remote, request, file.media, file.saved_as)
    if not path.is_file():
        raise UnknownEntry(
            f"no {file.name} of {kind} {job_id} is kept: it was never made, or has been deleted"
        )
    return FileResponse(path, media_type=file.media, filename=file.saved_as, stat_result=path.stat())
