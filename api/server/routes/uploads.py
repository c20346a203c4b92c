"""Uploads that can be resumed, by tus 1.0.0; audits and tracks take a complete one by its id."""

from collections.abc import Mapping
from datetime import datetime
from email.utils import format_datetime
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.routing import Match
from starlette.types import Message, Receive, Scope, Send

from api.server import tus
from api.server.appending import append
from api.server.idempotency import claimed
from api.server.intake import count_upload
from api.server.listing import Cursor, Limit
from api.server.multipart import shown_name
from api.server.parts import PartsDep, Uploader, begin
from api.server.refusals import UploadTooLarge
from api.server.route import Route
from api.server.routes.openapi import header, problems
from api.server.schemas import Model
from api.uploads import ResumableUpload
from core.errors import InvalidInput


class TusRoute(Route):
    """A route whose method `X-HTTP-Method-Override` may name, for clients behind what lets only POST pass."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """The method that was meant."""
        return super().matches(_meant(scope))

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        meant = _meant(scope)
        unsaid = meant["method"] == "HEAD" and scope["method"] == "POST"
        await super().handle(meant, receive, _without_length(send) if unsaid else send)


router = APIRouter(prefix="/v1/uploads", tags=["uploads"], route_class=TusRoute)

_BYTES = {"content": {tus.MEDIA: {"schema": {"type": "string", "format": "binary"}}}}
_SPOKEN = header("Tus-Resumable", "the version that is spoken", tus.VERSION, only=True)
_RESUMABLE = {**_SPOKEN, "required": True}
_CHECKSUM = header(
    "Upload-Checksum",
    "sha1 or sha256 of the body, in Base64; a body that does not agree is not kept",
    "sha256 n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=",
)


class UploadAnswer(Model):
    """A file that comes in pieces, or has come."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "0123456789abcdef0123456789abcdef",
                    "file": "song.wav",
                    "size_bytes": 7340032,
                    "received_bytes": 4194304,
                    "sha256": None,
                    "created_at": "2026-11-28T10:00:00Z",
                    "expires_at": "2026-11-29T10:00:05Z",
                    "links": {"self": "/v1/uploads/0123456789abcdef0123456789abcdef"},
                }
            ]
        }
    )

    id: str
    file: str = Field(description="the file's name as the client told it: escape it before display")
    size_bytes: int
    received_bytes: int = Field(description="how many are safely stored; it is complete when all are")
    sha256: str | None = Field(description="of the complete file")
    created_at: datetime
    expires_at: datetime = Field(description="when it is deleted, unless more comes before")
    links: dict[str, str]

    @classmethod
    def of(cls, upload: ResumableUpload) -> "UploadAnswer":
        """The upload as clients see it."""
        return cls(
            id=upload.id,
            file=upload.file_name,
            size_bytes=upload.size_bytes,
            received_bytes=upload.received_bytes,
            sha256=upload.sha256,
            created_at=upload.created_at,
            expires_at=upload.expires_at,
            links={"self": f"{router.prefix}/{upload.id}"},
        )


class UploadPage(Model):
    """Uploads, newest first."""

    items: list[UploadAnswer]
    next: str | None = Field(description="pass as `cursor` for the next page", examples=[None])


@router.options("", include_in_schema=False, status_code=204)
@router.options("/{upload_id}", include_in_schema=False, status_code=204)
def options(parts: PartsDep, response: Response) -> None:
    """What is spoken here."""
    response.headers["Tus-Version"] = tus.VERSION
    response.headers["Tus-Extension"] = ",".join(tus.EXTENSIONS)
    response.headers["Tus-Checksum-Algorithm"] = ",".join(tus.ALGORITHMS)
    response.headers["Tus-Max-Size"] = str(parts.settings.max_upload_bytes)


@router.post(
    "",
    status_code=201,
    response_class=Response,
    operation_id="createUpload",
    summary="Begin an upload",
    responses=problems(400, 412, 413, 415, 422, 460),
    openapi_extra={
        "requestBody": {"required": False, **_BYTES},
        "parameters": [
            _RESUMABLE,
            header("Upload-Length", "of the whole file", 7340032, required=True),
            header("Upload-Metadata", "`filename` and others, each in Base64", "filename c29uZy53YXY="),
            _CHECKSUM,
        ],
    },
)
async def create(request: Request, parts: PartsDep, caller: Uploader) -> Response:
    """Begin an upload at `Location`; its first bytes may come along, or all of them."""
    tus.check_version(request)
    tus.check_extensions(request)
    size, sent = tus.count_of(request, "Upload-Length"), request.headers.get("upload-metadata", "")
    told, checking = tus.metadata(sent), tus.checking(request)
    brings = tus.has_body(request)
    if brings:
        tus.check_media(request)
    elif checking is not None:
        raise InvalidInput("an Upload-Checksum needs bytes that it is of")
    if size > parts.settings.max_upload_bytes:
        raise UploadTooLarge(f"at most {parts.settings.max_upload_bytes} bytes are accepted")
    await begin(request, caller, parts, f"{size} {sent}".encode())
    count_upload(request, parts, caller)
    name = shown_name(told.get("filename") or told.get("name") or "audio")
    once = claimed(request)
    upload_id = None if once is None else once.event[:32]
    upload = await run_in_threadpool(parts.resumable.create, caller.tenant, size, name, sent, upload_id)
    if brings and upload.received_bytes == 0:  # more of it only where the process died before it answered
        try:
            upload = await append(request, parts, caller, upload.id, 0)
        except BaseException:  # nobody was told where it is
            await run_in_threadpool(parts.resumable.remove, upload.id, caller.tenant)
            raise
    return Response(status_code=201, headers={**_told(upload), "Location": f"{router.prefix}/{upload.id}"})


@router.get("", operation_id="listUploads", summary="List uploads", responses=problems(422))
def list_uploads(parts: PartsDep, caller: Uploader, limit: Limit = 50, cursor: Cursor = None) -> UploadPage:
    """The tenant's uploads, newest first, the incomplete ones too."""
    shown, more = parts.resumable.page(caller.tenant, limit=limit, cursor=cursor, cursors=parts.cursors)
    return UploadPage(items=[UploadAnswer.of(one) for one in shown], next=more)


@router.get(
    "/{upload_id}",
    operation_id="getUpload",
    summary="Follow an upload",
    responses=problems(404, 412),
    openapi_extra={"parameters": [_SPOKEN]},
)
def get(
    upload_id: str, request: Request, response: Response, parts: PartsDep, caller: Uploader
) -> UploadAnswer:
    """How far an upload has come. `HEAD` tells it in `Upload-Offset`, as clients of tus ask."""
    upload = parts.resumable.get(upload_id, caller.tenant)
    if "tus-resumable" in request.headers:
        tus.check_version(request)
    response.headers.update(_told(upload))
    response.headers["Upload-Length"] = str(upload.size_bytes)
    if upload.sent_metadata:
        response.headers["Upload-Metadata"] = upload.sent_metadata
    return UploadAnswer.of(upload)


@router.patch(
    "/{upload_id}",
    status_code=204,
    operation_id="continueUpload",
    summary="Send a piece",
    responses=problems(400, 404, 409, 412, 413, 415, 422, 423, 460),
    openapi_extra={
        "requestBody": {"required": True, **_BYTES},
        "parameters": [
            _RESUMABLE,
            header("Upload-Offset", "where the piece begins", 0, required=True),
            _CHECKSUM,
        ],
    },
)
async def patch(upload_id: str, request: Request, parts: PartsDep, caller: Uploader) -> Response:
    """Add bytes where the last ones ended; what came of a piece that broke off is kept."""
    await run_in_threadpool(parts.resumable.get, upload_id, caller.tenant)
    tus.check_version(request)
    tus.check_extensions(request)
    tus.check_media(request)
    offset = tus.count_of(request, "Upload-Offset")
    return Response(status_code=204, headers=_told(await append(request, parts, caller, upload_id, offset)))


@router.delete(
    "/{upload_id}",
    status_code=204,
    operation_id="deleteUpload",
    summary="Delete an upload",
    responses=problems(404),
)
def delete(upload_id: str, parts: PartsDep, caller: Uploader) -> None:
    """Erase what came; jobs that were made of it keep their copy until they end."""
    parts.resumable.remove(upload_id, caller.tenant)


def _told(upload: ResumableUpload) -> Mapping[str, str]:
    return {
        "Upload-Offset": str(upload.received_bytes),
        "Upload-Expires": format_datetime(upload.expires_at, usegmt=True),
    }


def _without_length(send: Send) -> Send:
    """Whoever sent a POST waits for as many bytes as the answer announces; to a HEAD none come."""

    async def send_empty(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message)["Content-Length"] = "0"
        await send(message)

    return send_empty


def _meant(scope: Scope) -> dict[str, Any]:
    """A POST as the method that it says it stands for."""
    if scope["type"] != "http" or scope["method"] != "POST":
        return dict(scope)
    named = next((value for name, value in scope["headers"] if name == tus.OVERRIDE.encode()), b"")
    method = named.decode("latin-1").upper()
    return {**scope, "method": method if method in ("PATCH", "DELETE", "HEAD") else "POST"}
