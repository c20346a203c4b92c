"""From a request with a file to an accepted job: receive, inspect, enter, submit."""

import asyncio
import hashlib
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from api.auth import Caller
from api.deps import Parts
from api.errors import InvalidRequest
from api.jobs import Idempotency, Job, Kind, Upload
from api.uploads import Form, receive

RETRY_AFTER_S = "2"


async def read_form(request: Request, parts: Parts, caller: Caller, *, max_files: int = 1) -> Form:
    """Receive an upload, counted against the caller's limit."""
    client = caller.key_id or (request.client.host if request.client else "unknown")
    parts.uploads.spend(client)
    settings = parts.settings
    return await receive(request, settings.uploads, settings.max_upload_bytes, max_files=max_files)


async def inspect(form: Form, upload: Upload, parts: Parts, request: Request) -> None:
    """Decode a stored file once, so that a bad one is refused now and not by a job later.

    Raises:
        AudioError: the file cannot be used as audio.
    """
    gate: asyncio.Semaphore = request.app.state.inspections  # decoded audio is large: one at a time
    async with gate:
        await run_in_threadpool(parts.engines.inspector, form.path(upload), parts.settings)


async def accept(
    kind: Kind, request: Request, parts: Parts, caller: Caller, form: Form, wishes: Mapping[str, Any]
) -> Job:
    """Make the upload a job, once per `Idempotency-Key`.

    Raises:
        AudioError: the file cannot be used as audio.
        IdempotencyConflict: the key was used with another request.
    """
    upload = form.one_file("file")
    await inspect(form, upload, parts, request)
    once = _idempotency(request, upload, wishes, parts)
    job, new = await run_in_threadpool(parts.jobs.create, kind, caller.tenant, upload, wishes, once)
    if new:
        await run_in_threadpool(parts.worker.submit, job.id)
    else:
        form.discard()
    return job


def _idempotency(
    request: Request, upload: Upload, wishes: Mapping[str, Any], parts: Parts
) -> Idempotency | None:
    key = request.headers.get("idempotency-key")
    if key is None:
        return None
    if not 1 <= len(key) <= 255 or not key.isprintable():
        raise InvalidRequest("an Idempotency-Key has 1 to 255 printable characters")
    meaning = json.dumps([upload.sha256, upload.name, dict(wishes)], sort_keys=True)
    digest = hashlib.sha256(meaning.encode()).hexdigest()
    return Idempotency(key, digest, timedelta(hours=parts.settings.idempotency_hours))
