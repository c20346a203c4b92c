"""From a request with a file to an accepted job: receive, inspect, enter."""

import errno
import hashlib
import json
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from api.errors import StoreUnavailable
from api.jobs.entering import Idempotency
from api.jobs.job import Job, Kind, Upload
from api.server.api_keys import Caller
from api.server.idempotency import checked_key
from api.server.multipart import Form, receive, receive_body
from api.server.parts import Parts, address, count
from core.errors import InvalidInput

RETRY_AFTER_S = "2"
LOOK_S = 10.0
"""How long the look at an upload may take; an honest file needs a fraction of a second."""


async def read_form(request: Request, parts: Parts, caller: Caller, *, max_files: int = 1) -> Form:
    """Receive an upload, counted against the caller's limit."""
    count_upload(request, parts, caller)
    settings = parts.settings
    async with parts.gates.uploads.entered(caller.tenant):
        return await receive(
            request,
            settings.uploads,
            settings.max_upload_bytes,
            pace=partial(parts.gates.pace.keep, caller.tenant),
            max_files=max_files,
        )


async def read_asset(request: Request, parts: Parts, caller: Caller) -> Form:
    """Receive one file as C2PA clients send it, as the body itself; or as a form with the field `file`."""
    if request.headers.get("content-type", "").startswith("multipart/"):
        return await read_form(request, parts, caller)
    count_upload(request, parts, caller)
    pace = partial(parts.gates.pace.keep, caller.tenant)
    async with parts.gates.uploads.entered(caller.tenant):
        return await receive_body(request, parts.settings.uploads, parts.settings.max_upload_bytes, pace=pace)


def count_upload(request: Request, parts: Parts, caller: Caller) -> None:
    """Count an upload against the caller's limit; refuse it where it would take the room that jobs need."""
    count(request, parts.uploads, caller.key_id or caller.member_id or address(request))
    if not parts.worker.files.has_room():
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


async def inspect(form: Form, upload: Upload, parts: Parts, caller: Caller) -> None:
    """Look into a received file, so that what is no audio is refused now; then have every worker find it.

    Raises:
        StoreUnavailable: the object store does not take it.
        StoredFileLost: it no longer has an upload that was complete.
        AudioError: the file's container or its beginning cannot be used as audio, or takes too long.
        TooManyRequests: too many files of the tenant wait for it.
    """
    limits = parts.settings.limits()
    limits = replace(limits, timeout_s=min(LOOK_S, limits.timeout_s))

    def look() -> None:
        with parts.worker.files.upload_at_hand(upload.stored, upload.sha256, upload.name) as path:
            parts.engines.decoder.probe(path, limits)

    async with parts.gates.looks.entered(caller.tenant):  # decoding is work: one at a time for each tenant
        await run_in_threadpool(look)
    await run_in_threadpool(parts.worker.files.hand_in, upload)


async def discard(form: Form, parts: Parts) -> None:
    """Delete what a form brought, wherever it lies by now."""
    form.discard()
    if parts.worker.files.store is not None:
        names = [upload.stored for _, upload in form.files]
        with suppress(StoreUnavailable):  # a sweep does it later
            await run_in_threadpool(parts.worker.files.discard_uploads, names)


def _taken(parts: Parts, caller: Caller, upload_id: str) -> Upload:
    upload, stored = parts.resumable.handed_on(upload_id, caller.tenant)
    return Upload(upload.file_name, stored, str(upload.sha256), upload.size_bytes)


UPLOAD_IDS: Mapping[str, str] = {"upload_id": "file"}
"""The field that names a complete upload, and the file that it then stands for."""


@asynccontextmanager
async def received(
    request: Request, parts: Parts, caller: Caller, upload_ids: Mapping[str, str] = UPLOAD_IDS
) -> AsyncIterator[Form]:
    """Receive a form for `accept`; what fails before a job has its files deletes them.

    A form that names complete uploads has those for its files.

    Args:
        request: whose form it is.
        parts: of the application.
        caller: who sends it.
        upload_ids: as `UPLOAD_IDS`, one for each file of the form.

    Raises:
        InvalidInput: a file was sent and its upload named as well.
        UnknownEntry: the tenant has no such upload.
        ConflictingEntry: not all of it has come.
    """
    form = await read_form(request, parts, caller, max_files=len(upload_ids))
    try:
        for field, name in upload_ids.items():
            upload_id = form.fields.pop(field, "").strip()
            if upload_id and any(sent == name for sent, _ in form.files):
                raise InvalidInput(f"send either {name!r} or {field!r}")
            if upload_id:
                form.files.append((name, await run_in_threadpool(_taken, parts, caller, upload_id)))
        yield form
    except BaseException:
        await discard(form, parts)
        raise


async def accept(
    kind: Kind, request: Request, parts: Parts, caller: Caller, form: Form, wishes: Mapping[str, Any]
) -> Job:
    """Make a form with the field `file` a job, once per `Idempotency-Key`; only a new job keeps the file.

    Args:
        kind: of the job.
        request: whose form it is.
        parts: of the application.
        caller: whose job it will be.
        form: see `received`.
        wishes: the job's parameters.

    Raises:
        AudioError: the file cannot be used as audio.
        IdempotencyConflict: the key was used with another request.
    """
    upload = form.one_file("file")
    await inspect(form, upload, parts, caller)
    asked = json.dumps([upload.sha256, upload.name, dict(wishes)], sort_keys=True)
    once = once_of(request, asked.encode(), parts)
    kept = {**wishes, "by": caller.by}  # no part of the digest: another key may ask for the same again
    with form.entering():
        job, new = await run_in_threadpool(parts.jobs.create, kind, caller.tenant, upload, kept, once)
    if not new:
        await discard(form, parts)
        request.state.replayed = True
    parts.wake()
    return job


def once_of(request: Request, asked: bytes, parts: Parts) -> Idempotency | None:
    """What tells a request that names an `Idempotency-Key` when it comes again; `asked` is its meaning."""
    key = request.headers.get("idempotency-key")
    if key is None:
        return None
    lifetime = timedelta(hours=parts.settings.idempotency_hours)
    return Idempotency(checked_key(key), hashlib.sha256(asked).hexdigest(), lifetime)
