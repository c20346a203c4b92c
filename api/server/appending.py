"""Receiving a piece of an upload: kept as far as it came, or not at all where a checksum does not agree."""

from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from api.server import digests, tus
from api.server.api_keys import Caller
from api.server.multipart import PIECE_BYTES
from api.server.parts import Parts
from api.server.refusals import UploadTooLarge
from api.uploads import Appending, ResumableUpload
from core.counted import counted


async def append(
    request: Request, parts: Parts, caller: Caller, upload_id: str, offset: int
) -> ResumableUpload:
    """Add the body of a request to an upload.

    Args:
        request: whose body was not read yet.
        parts: of the application.
        caller: whose upload it is.
        upload_id: which.
        offset: where the client goes on.

    Returns:
        The upload as it is then.

    Raises:
        UnknownEntry: the tenant has no such upload.
        UploadLocked: another request writes to it.
        OffsetMismatch: it goes on elsewhere.
        UploadTooLarge: more comes than the upload has.
        UnsupportedChecksum: the checksum is of an unknown kind.
        ChecksumMismatch: the piece is not what the checksum was made of; nothing of it is kept.
        DigestMismatch: the same of the digest of the request's body.
    """
    checking = tus.checking(request)
    async with parts.gates.uploads.entered(caller.tenant):
        opened = parts.resumable.appending(upload_id, caller.tenant)
        writer = await run_in_threadpool(opened.__enter__)
        try:
            writer.begin(offset)
            _check_length(request, writer)
            await _receive(request, parts, caller, writer, checking)
        finally:
            await run_in_threadpool(opened.__exit__, None, None, None)
    return await run_in_threadpool(parts.resumable.get, upload_id, caller.tenant)


async def _receive(
    request: Request, parts: Parts, caller: Caller, writer: Appending, checking: tus.Checking | None
) -> None:
    whole = checking is not None or digests.CONTENT in request.headers
    write = partial(_write, writer, checking, whole)
    try:
        broken: BaseException | None = None
        waiting = bytearray()
        try:
            async for chunk in request.stream():
                waiting += chunk
                if len(waiting) >= PIECE_BYTES:
                    piece = bytes(waiting)
                    waiting.clear()
                    await run_in_threadpool(write, piece)
                    await parts.gates.pace.keep(caller.tenant, len(piece))
        except BaseException as error:
            broken = error
        await run_in_threadpool(write, bytes(waiting))
        if broken is not None:
            raise broken
        if checking is not None:
            checking.check()
    except BaseException:
        await run_in_threadpool(writer.drop if whole else writer.keep)
        raise
    await run_in_threadpool(writer.keep)


def _write(writer: Appending, checking: tus.Checking | None, whole: bool, data: bytes) -> None:
    if len(data) > writer.left_bytes:
        raise UploadTooLarge(f"{counted(writer.left_bytes, 'byte')} can still come, and there are more")
    if checking is not None:
        checking.add(data)
    writer.write(data, whole=whole)


def _check_length(request: Request, writer: Appending) -> None:
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > writer.left_bytes:
        left = counted(writer.left_bytes, "byte")
        raise UploadTooLarge(f"{left} can still come, and {declared} were announced")
