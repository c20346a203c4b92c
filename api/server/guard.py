"""What stands before every route: refuses what need not be read, and sends the headers that browsers heed."""

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import LengthRequired, UploadTooLarge, problem
from api.server.inputs import check_address
from api.server.problems import respond
from api.server.rate_limit import Allowance
from core.errors import TrackmarkError

MAX_SMALL_BODY = 1 << 20
UPLOADS = frozenset({"/v1/audits", "/v1/tracks", "/v1/artists", "/audits", "/c2pa/v1/matches/byContent"})
SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Guard:
    """ASGI middleware around the application."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        private = scope["path"].startswith(("/v1/", "/c2pa/", "/audits"))

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
                left: Allowance | None = state.get("allowance")
                if left is not None:
                    headers.update(left.headers())
                if private:
                    headers.setdefault("Cache-Control", "no-store")
            await send(message)

        try:
            check_address(scope)
            _check_length(Request(scope))
        except TrackmarkError as error:
            await respond(problem(error), Request(scope))(scope, receive, send_guarded)
            return
        await self._app(scope, receive, send_guarded)


def _check_length(request: Request) -> None:
    """Refuse a body that would be held in memory whole; upload routes count for themselves."""
    if request.method in ("GET", "HEAD", "OPTIONS", "DELETE") or request.url.path in UPLOADS:
        return
    length = request.headers.get("content-length")
    if length is None and "transfer-encoding" in request.headers:
        raise LengthRequired("send a Content-Length with this request")
    if length is not None and length.isdigit() and int(length) > MAX_SMALL_BODY:
        raise UploadTooLarge(f"at most {MAX_SMALL_BODY} bytes are accepted here")
