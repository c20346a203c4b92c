"""What the OpenAPI document says about routes that FastAPI cannot see by itself: forms and problems."""

from typing import Any

from api.server.problems import MEDIA_TYPE
from api.server.schemas import Problem

_TITLES = {
    400: "The request or the audio is not usable",
    401: "No good API key",
    403: "The key lacks a scope, or another site asks",
    404: "No such entry",
    408: "The body did not come in time",
    409: "The state does not allow this",
    410: "It was erased when its time was over",
    411: "A Content-Length is needed",
    412: "The entry has changed meanwhile",
    413: "Too large or too long",
    414: "A value in the address is too long",
    415: "Not a content type that is taken here",
    422: "The request or the audio is not usable",
    423: "Another request writes to the upload",
    428: "An If-Match header is needed here",
    429: "Rate limit reached",
    460: "The checksum does not agree",
    501: "Not offered here",
    503: "Something that the server needs does not answer",
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """`responses=` for the given statuses, and for those that every route has."""
    return {
        status: {
            "description": _TITLES[status],
            "content": {MEDIA_TYPE: {"schema": {"$ref": f"#/components/schemas/{Problem.__name__}"}}},
        }
        for status in sorted({401, 403, 429, 503, *statuses})
    }


def form(
    files: dict[str, str], fields: dict[str, dict[str, Any]], required: list[str], *, limit: int = 1
) -> dict[str, Any]:
    """`openapi_extra=` for a streamed multipart form; `limit` files come under each of the names at most."""
    file = {"type": "string", "format": "binary"}
    binary = {
        name: {**file, "description": text}
        if limit == 1
        else {"type": "array", "items": file, "minItems": 1, "maxItems": limit, "description": text}
        for name, text in files.items()
    }
    schema: dict[str, Any] = {"type": "object", "properties": {**binary, **fields}, "required": required}
    if "upload_id" in fields:
        schema["oneOf"] = [{"required": ["file"]}, {"required": ["upload_id"]}]
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}}


IDEMPOTENCY_KEY: dict[str, Any] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "maxLength": 255},
    "description": "repeat a request with the same key and it is done once; the answer is given again",
    "example": "delivery-2026-11-22-0001",
}

UPLOAD_ID = {
    "type": "string",
    "description": "id of a complete upload (`/v1/uploads`), instead of `file`",
    "example": "0123456789abcdef0123456789abcdef",
}


def header(
    name: str, description: str, example: str | int, *, required: bool = False, only: bool = False
) -> dict[str, Any]:
    """A header that a request takes; `only` where nothing but the example will do."""
    kind: dict[str, Any] = (
        {"type": "integer", "minimum": 0} if isinstance(example, int) else {"type": "string"}
    )
    if only:
        kind["enum"] = [example]
    return {
        "name": name,
        "in": "header",
        "required": required,
        "schema": kind,
        "description": description,
        "example": example,
    }
