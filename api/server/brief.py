"""Requests that wait for their job: a lookup by content, an enrolment.

The audio of strangers is decoded by a worker, in the tenant's turn and within a job's budget, never by the
request. The request waits for the outcome and answers as if it had done the work itself. What takes longer
than `Settings.answer_wait_s` goes on without it.
"""

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Any

from fastapi import Request, Response
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from api.errors import TooManyJobs
from api.jobs.entering import Idempotency
from api.jobs.job import Job, Kind, Upload
from api.server.answers import problem_of
from api.server.api_keys import Caller
from api.server.parts import Parts
from api.server.problems import RETRY_S, respond
from api.server.refusals import TooManyRequests

AT_MOST = 4
"""How many lookups, or enrolments, of a tenant may be under way; more are told to come again."""
FIRST_LOOK_S, LAST_LOOK_S = 0.02, 0.5
PREFER: dict[str, Any] = {
    "name": "Prefer",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "maxLength": 200},
    "description": "`respond-async` (RFC 7240): answer 202 at once; the outcome is found at `Location`",
    "example": "respond-async",
}


def wants_no_wait(request: Request) -> bool:
    """Whether the client asked to be answered before the work is done (RFC 7240, 4.1)."""
    wishes = ",".join(request.headers.getlist("prefer")).split(",")
    return any(wish.partition(";")[0].strip().lower() == "respond-async" for wish in wishes)


def no_wait(answer: BaseModel, response: Response) -> Response:
    """The answer to who does not wait, with the headers that stand in `response`."""
    response.headers["Preference-Applied"] = "respond-async"
    told = Response(answer.model_dump_json(), 202, media_type="application/json")
    told.headers.update(response.headers)
    return told


async def enter(
    kind: Kind,
    upload: Upload,
    wishes: Mapping[str, Any],
    once: Idempotency | None,
    parts: Parts,
    caller: Caller,
) -> tuple[Job, bool]:
    """Enter a job that a request may wait for, or find that of the same request.

    Raises:
        IdempotencyConflict: the key was used with another request.
        TooManyRequests: the tenant has enough of the kind under way.
    """
    create = partial(parts.jobs.create, kind, caller.tenant, upload, wishes, once, most=AT_MOST)
    try:
        found = await run_in_threadpool(create)
    except TooManyJobs as error:
        raise TooManyRequests(str(error), RETRY_S) from error
    parts.wake()
    return found


async def outcome(job: Job, request: Request, parts: Parts) -> Job:
    """The job once it has ended, or as it stands when the time to wait is over.

    Raises:
        ClientDisconnect: nobody waits any more.
        UnknownEntry: it was erased.
    """
    loop, pause = asyncio.get_running_loop(), FIRST_LOOK_S
    until = loop.time() + parts.settings.answer_wait_s
    while job.finished_at is None and (left := until - loop.time()) > 0:
        if await request.is_disconnected():
            raise ClientDisconnect
        await asyncio.sleep(min(pause, left))
        pause = min(2 * pause, LAST_LOOK_S)
        job = await run_in_threadpool(parts.jobs.get, job.id, tenant=job.tenant, kind=job.kind)
    if job.finished_at is not None:
        await run_in_threadpool(parts.worker.tidy, job)  # erased before the answer, whoever is first
    return job


def refusal(job: Job, request: Request) -> Response | None:
    """The problem with which a job ended, as the answer to who waited; None where it has none."""
    return None if job.error is None else respond(problem_of(job.error), request)
