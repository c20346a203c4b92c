"""Every failure as `application/problem+json` (RFC 9457), whoever raised it."""

import asyncio
import json
import logging
import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import iter_route_contexts
from sqlalchemy.exc import DataError, StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from api import database
from api.errors import DiskFull, StoreUnavailable, UnknownEntry, UploadLocked, told
from api.language import speaking
from api.server import late_forms
from api.server.answers import problem
from api.server.pages.refusal_words import said_to
from api.server.refusals import (
    InvalidClient,
    InvalidTokenRequest,
    Later,
    NotReady,
    TooManyRequests,
    TusVersion,
    Unauthorized,
    Unavailable,
    UploadTimeout,
    WrongMethod,
)
from api.server.tus import VERSION
from api.server.wanted_language import asked
from api.unfit import why_unfit
from core.errors import InvalidInput, TrackmarkError

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
RETRY_S = 5.0
REST_S = 1.0
"""How long whoever asks too often waits to be told: asking again at once costs the server most."""
MAX_TOLD = 20
"""Errors that an answer tells of a body: whoever cures these is told the next ones."""
_BAD_VALUES = (OverflowError, ValueError, RecursionError)
_CODES = {406: "not-acceptable", 413: "upload-too-large"}


class ProblemResponse(JSONResponse):
    """Problem details."""

    media_type = MEDIA_TYPE

    def render(self, content: Any) -> bytes:
        """As JSON; half a surrogate pair, which UTF-8 cannot say, becomes the escape that JSON has for it."""
        return json.dumps(content, ensure_ascii=False).encode("utf-8", "backslashreplace")


def install(app: FastAPI, rest: Callable[[float], Awaitable[object]] = asyncio.sleep) -> None:
    """Answer the exceptions of the application with problem details; `rest` waits so many seconds.

    What nobody foresaw passes: `api.server.guard` answers it.
    """
    app.state.rest = rest
    app.add_exception_handler(TrackmarkError, _own)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(ClientDisconnect, _left)
    for kind in (OverflowError, UnicodeError, RecursionError):
        app.add_exception_handler(kind, _bad_value)
    app.add_exception_handler(StatementError, _database)
    app.add_exception_handler(PoolTimeout, _database)
    app.add_exception_handler(OSError, _system)


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
        {**body, "instance": request.url.path, **_named(request), **_said(body, request)},
        status_code=int(body["status"]),
        headers={"Vary": "Accept-Language, Cookie", **(headers or {})},
    )


def _said(body: Mapping[str, Any], request: Request) -> dict[str, Any]:
    """The words for people who asked for another language, beside those that programs and logs have."""
    spoken = asked(request)
    if spoken == "en":
        return {}
    with speaking(spoken):
        return {"said": {"language": spoken, **said_to(body)}}


def _named(request: Request) -> dict[str, str]:
    """The request's id, by which it is found in the server's log."""
    name = getattr(request.state, "request_id", None)
    return {} if name is None else {"request_id": name}


async def _own(request: Request, error: Exception) -> Response:
    body = problem(error)
    if body["status"] == 500:
        log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    if isinstance(error, TooManyRequests):
        await request.app.state.rest(REST_S)
    if isinstance(error, Unauthorized):
        request.state.kept = await late_forms.kept(request)
    if isinstance(error, NotReady):
        body["parts"] = dict(error.parts)
    if isinstance(error, InvalidClient | InvalidTokenRequest):  # as clients of OAuth2 read it
        body |= {"error": error.error, "error_description": body["detail"]}
    return respond(body, request, _headers(error))


async def _left(request: Request, _error: Exception) -> Response:
    """The client is gone; nobody reads this answer."""
    log.warning("%s %s: the client left before the end of its body", request.method, request.url.path)
    return Response(status_code=400)


async def _bad_value(request: Request, error: Exception) -> Response:
    """A value that no check foresaw and something behind them could not take: the client's to change."""
    log.warning("%s %s held a value that nothing takes: %r", request.method, request.url.path, error)
    return respond(problem(InvalidInput("a value in the request is out of range")), request)


async def _database(request: Request, error: Exception) -> Response:
    """What the database says: of a value that it cannot hold, of itself, or of a mistake of ours."""
    if isinstance(error, DataError) or isinstance(getattr(error, "orig", None), _BAD_VALUES):
        return await _bad_value(request, error)
    if not database.away(error):
        return unforeseen(request, error)
    log.error("%s %s: the database does not answer: %s", request.method, request.url.path, error)
    return await _own(request, Unavailable("the database does not answer; try again soon", RETRY_S))


async def _system(request: Request, error: Exception) -> Response:
    """What the operating system says: a full disk may have room again, the rest nobody foresaw."""
    if told(error)["code"] != DiskFull.code:
        return unforeseen(request, error)
    log.error("%s %s: the disk is full", request.method, request.url.path)
    return await _own(request, error)


async def _invalid(request: Request, error: Exception) -> Response:
    raised: Sequence[Any] = error.errors() if isinstance(error, RequestValidationError) else ()
    told_of = raised[:MAX_TOLD]
    fields = [".".join(map(str, item["loc"][1:] or item["loc"])) for item in told_of]
    errors = [
        {"field": field, "detail": why_unfit(item)} for field, item in zip(fields, told_of, strict=True)
    ]
    detail = "; ".join(f"{item['field']}: {item['detail']}" for item in errors) or "see errors"
    return respond({**problem(InvalidInput(detail)), "errors": errors}, request)


async def _http(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    if status == 400:  # FastAPI's word for a body that it could not read
        return respond(problem(InvalidInput("the body cannot be read")), request)
    if status == 404:
        return respond(problem(UnknownEntry("there is nothing at this address")), request)
    if status == 405:
        right = allowed(request)
        wrong = WrongMethod(f"this address takes {right}")
        return respond(problem(wrong), request, {"Allow": right})
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


def allowed(request: Request) -> str:
    """Every method that some route has for the request's path."""
    methods = {
        method
        for route in iter_route_contexts(request.app.routes)
        if route.methods and route.path_regex.match(request.url.path)
        for method in route.methods
    } or {"GET"}  # files, which are no routes
    return ", ".join(sorted(methods | ({"HEAD"} if "GET" in methods else set())))


def unforeseen(request: Request, error: Exception) -> Response:
    """The answer to a request that met what nobody foresaw; the server's log has the rest."""
    log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return respond(problem(error), request)


def _headers(error: Exception) -> dict[str, str]:
    if isinstance(error, UploadTimeout):
        return {"Connection": "close"}
    if told(error)["code"] == DiskFull.code:
        return {"Retry-After": str(math.ceil(RETRY_S))}
    if isinstance(error, Later):
        return {"Retry-After": str(max(1, math.ceil(error.retry_after_s)))}
    if isinstance(error, UploadLocked | StoreUnavailable):
        return {"Retry-After": str(math.ceil(RETRY_S))}
    if isinstance(error, TusVersion):
        return {"Tus-Version": VERSION}
    if isinstance(error, Unauthorized):
        return {"WWW-Authenticate": 'Bearer realm="trackmark"'}
    return {}
