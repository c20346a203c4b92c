"""Every failure as `application/problem+json` (RFC 9457), whoever raised it."""

import logging
import math
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from api.errors import TooManyRequests, Unauthorized, problem
from core.errors import TrackmarkError

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
_CODES = {404: "not-found", 405: "method-not-allowed", 406: "not-acceptable", 413: "upload-too-large"}


class ProblemResponse(JSONResponse):
    """Problem details."""

    media_type = MEDIA_TYPE


def install(app: FastAPI) -> None:
    """Answer every exception of the application with problem details."""
    app.add_exception_handler(TrackmarkError, _own)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unforeseen)


def respond(body: Mapping[str, Any], request: Request, headers: Mapping[str, str] | None = None) -> Response:
    """Problem details as an answer to this request; to a browser on one of our pages, as a page.

    C2PA's description of its routes says 400 of whatever is not usable, where ours say 422.
    """
    if body["status"] == 422 and request.url.path.startswith("/c2pa/"):
        body = {**body, "status": 400}
    page = getattr(request.app.state, "problem_page", None)
    browsing = "text/html" in request.headers.get("accept", "") and not request.url.path.startswith("/v1/")
    if browsing and page is not None:
        shown: Response = page(request, body)
        return shown
    return ProblemResponse(
        {**body, "instance": request.url.path}, status_code=int(body["status"]), headers=dict(headers or {})
    )


async def _own(request: Request, error: Exception) -> Response:
    body = problem(error)
    if body["status"] == 500:
        log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return respond(body, request, _headers(error))


async def _invalid(request: Request, error: Exception) -> Response:
    raised: Sequence[Any] = error.errors() if isinstance(error, RequestValidationError) else ()
    errors = [{"field": ".".join(map(str, item["loc"][1:])), "detail": item["msg"]} for item in raised]
    body = {
        "type": "urn:trackmark:problem:invalid-request",
        "title": "The request is not valid",
        "status": 422,
        "code": "invalid-request",
        "detail": "; ".join(f"{item['field']}: {item['detail']}" for item in errors) or "see errors",
        "errors": errors,
    }
    return respond(body, request)


async def _http(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    detail = str(error.detail) if isinstance(error, HTTPException) else "error"
    code = _CODES.get(status, f"http-{status}")
    body = {
        "type": f"urn:trackmark:problem:{code}",
        "title": detail,
        "status": status,
        "code": code,
        "detail": detail,
    }
    return respond(body, request, getattr(error, "headers", None))


async def _unforeseen(request: Request, error: Exception) -> Response:
    log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return respond(problem(error), request)


def _headers(error: Exception) -> dict[str, str]:
    if isinstance(error, TooManyRequests):
        return {"Retry-After": str(max(1, math.ceil(error.retry_after_s)))}
    if isinstance(error, Unauthorized):
        return {"WWW-Authenticate": 'Bearer realm="trackmark"'}
    return {}
