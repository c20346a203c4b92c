"""What stands before every route: refuses what need not be read, and sends the headers that browsers heed."""

import asyncio
import logging
import time
from collections.abc import Callable

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import telemetry
from api.server import digests, request_ids
from api.server.answers import problem
from api.server.inputs import check_address
from api.server.problems import RETRY_S, respond, unforeseen
from api.server.ranges import heeded
from api.server.rate_limit import Allowance
from api.server.refusals import (
    LengthRequired,
    MalformedRequest,
    Unavailable,
    UnsupportedMedia,
    UploadTimeout,
    UploadTooLarge,
)
from api.server.tus import VERSION
from core.errors import TrackmarkError

log = logging.getLogger(__name__)

MAX_SMALL_BODY = 1 << 20
UPLOADS = frozenset(
    {
        *("/v1/audits", "/v1/tracks", "/v1/artists", "/v1/batches", "/v1/comparisons"),
        *("/audits", "/artists", "/comparisons", "/c2pa/v1/matches/byContent"),
    }
)
RESUMABLE = "/v1/uploads"
_ONCE = (
    *("authorization", "x-api-key", "content-type", "content-encoding", "idempotency-key", "if-match"),
    *("range", "tus-resumable", "upload-offset", "upload-checksum", "upload-metadata"),
    "x-http-method-override",
)
"""Headers of one value: of two, a proxy before us may have read the other one."""


def takes_files(path: str) -> bool:
    """Whether a route streams what it is sent to disk, and counts it itself."""
    return path in UPLOADS or path == RESUMABLE or path.startswith(f"{RESUMABLE}/")


def content_policy(nonce: str | None = None) -> str:
    """What a browser may load for a page: our own files, and style sheets inside it that carry the nonce."""
    style = "'self'" if nonce is None else f"'self' 'nonce-{nonce}'"
    return (
        f"default-src 'self'; style-src {style}; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'"
    )


SECURITY_HEADERS = {
    "Content-Security-Policy": content_policy(),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Guard:
    """ASGI middleware around the application.

    Args:
        app: the application.
        idle_s: how long a body may pause.
        total_s: how long it may take altogether.
        counted: is told of each request that ended: its scope, status and seconds.
        now: a clock that only goes forward, in seconds.
    """

    def __init__(
        self,
        app: ASGIApp,
        idle_s: float,
        total_s: float,
        counted: Callable[[Scope, int, float], None],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._app = app
        self._idle_s = idle_s
        self._total_s = total_s
        self._counted = counted
        self._now = now

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope = heeded(scope)
        state = scope.setdefault("state", {})
        state["request_id"] = request_ids.begin(Request(scope))
        begun, status = self._now(), 0
        private = scope["path"].startswith(("/v1/", "/c2pa/", "/audits", "/comparisons"))

        async def send_guarded(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers[request_ids.NAME] = state["request_id"]
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
                left: Allowance | None = state.get("allowance")
                if left is not None:
                    headers.update(left.headers())
                if private:
                    headers.setdefault("Cache-Control", "no-store")
                if scope["path"].startswith(RESUMABLE):
                    headers.setdefault("Tus-Resumable", VERSION)
            await send(message)

        try:
            with telemetry.arrived(Request(scope).headers.getlist("traceparent")) as state["span"]:
                await self._checked(scope, receive, send_guarded)
        except asyncio.CancelledError:  # an orderly stop waits no longer
            log.warning("%s %s was cut off: the server stops", scope["method"], scope["path"])
            if status:
                raise
            stopping = problem(Unavailable("the server stops; send the request again", RETRY_S))
            await respond(stopping, Request(scope), {"Connection": "close"})(scope, receive, send_guarded)
        except Exception as error:  # answered here: what stands further out knows no headers of ours
            if not status:
                await unforeseen(Request(scope), error)(scope, receive, send_guarded)
            raise
        finally:
            if status:
                self._counted(scope, status, self._now() - begun)

    async def _checked(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            check_address(scope)
            _check_framing(Request(scope))
            _check_length(Request(scope))
            digest = digests.expected(scope["headers"])
        except TrackmarkError as error:
            await respond(problem(error), Request(scope))(scope, receive, send)
            return
        in_time = self._in_time(receive)
        await self._app(scope, in_time if digest is None else digest.checked(in_time), send)

    def _in_time(self, receive: Receive) -> Receive:
        """Receive a body that keeps coming; behind its end, whoever waits for the client may wait."""
        ends = self._now() + self._total_s
        complete = False

        async def receive_in_time() -> Message:
            nonlocal complete
            if complete:
                return await receive()
            try:
                if self._now() >= ends:
                    raise TimeoutError
                async with asyncio.timeout(self._idle_s):
                    message = await receive()
            except TimeoutError:
                raise UploadTimeout(
                    f"a body may pause for {self._idle_s:g} s and take {self._total_s:g} s; send it again"
                ) from None
            complete = message["type"] != "http.request" or not message.get("more_body", False)
            return message

        return receive_in_time


def _check_framing(request: Request) -> None:
    """Refuse what a proxy before us may read otherwise than we do, and a body that we would not unpack."""
    for name in _ONCE:
        if len(request.headers.getlist(name)) > 1:
            raise MalformedRequest(f"the header {name} is there more than once")
    if "transfer-encoding" in request.headers and "content-length" in request.headers:
        raise MalformedRequest("a body has a Content-Length or a Transfer-Encoding, not both")
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise UnsupportedMedia("a body is taken as it is: send it without Content-Encoding")


def _check_length(request: Request) -> None:
    """Refuse a body that would be held in memory whole; upload routes count for themselves."""
    if request.method in ("GET", "HEAD", "OPTIONS", "DELETE") or takes_files(request.url.path):
        return
    length = request.headers.get("content-length")
    if length is None and "transfer-encoding" in request.headers:
        raise LengthRequired("send a Content-Length with this request")
    if length is not None and length.isdigit() and int(length) > MAX_SMALL_BODY:
        raise UploadTooLarge(f"at most {MAX_SMALL_BODY} bytes are accepted here")
