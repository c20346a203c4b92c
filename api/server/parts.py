"""What routes depend on: the application's parts, the caller, and the caller's view of the registry."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from ipaddress import ip_address
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool

from api.audit.engines import Engines
from api.database.tables import DEFAULT_TENANT
from api.errors import UnknownEntry
from api.identity.signing_in import SigningIn
from api.jobs.books import Jobs
from api.jobs.listing import JobLists
from api.jobs.worker import Worker
from api.lists.cursors import Cursors
from api.members.sessions import Sessions
from api.registry.registry import Registry
from api.server.api_keys import EVERYDAY, ApiKeys, Caller, Scope
from api.server.gates import Gates
from api.server.guard import takes_files
from api.server.idempotency import Answers, Kept, Once, checked_key
from api.server.rate_limit import RateLimit
from api.server.refusals import Forbidden, TooManyRequests, Unauthorized
from api.server.roles import SCOPES
from api.server.tokens import Tokens, is_token
from api.server.turns import Turns
from api.settings import Settings
from api.uploads import Uploads
from api.webhooks.webhooks import Webhooks

COOKIE = "trackmark_key"
SESSION_COOKIE = "trackmark_session"
SIGN_IN_COOKIE = "trackmark_sign_in"
FORWARDING = frozenset(
    {"forwarded", "via", "true-client-ip", "client-ip", "cf-connecting-ip", "fly-client-ip"}
)
FORWARDING_PREFIXES = ("x-forwarded", "x-real-", "x-original-", "x-client-", "x-cluster-", "x-envoy-")
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True)
class Parts:
    """The application, put together once at start.

    `worker` keeps the home in order and works on the queue unless another process does; `wake` has whoever
    does look at it.
    """

    settings: Settings
    registry: Registry
    keys: ApiKeys
    jobs: Jobs
    worker: Worker
    wake: Callable[[], None]
    engines: Engines
    requests: RateLimit
    uploads: RateLimit
    answers: Answers
    gates: Gates
    cursors: Cursors
    lists: JobLists
    webhooks: Webhooks
    resumable: Uploads
    tokens: Tokens
    sessions: Sessions
    turns: Turns
    signing_in: SigningIn | None


def parts(request: Request) -> Parts:
    """The application's parts."""
    found: Parts = request.app.state.parts
    return found


async def _at_hand(request: Request) -> Parts:
    """The application's parts, without a turn in a thread, as FastAPI gives one to whatever is not async."""
    return parts(request)


def address(request: Request) -> str:
    """Where a request comes from, as far as this server sees: behind a proxy, the proxy's."""
    return request.client.host if request.client else "unknown"


def count(request: Request, limit: RateLimit, client: str) -> None:
    """Count a request against a limit, and have its answer tell what is left.

    Raises:
        TooManyRequests: nothing is.
    """
    left = limit.spend(client)
    if left is None:
        return
    request.state.allowance = left
    if not left.allowed:
        raise TooManyRequests(
            f"at most {left.per_minute} such requests a minute; wait {left.wait_s:.0f} s", left.wait_s
        )


async def caller(request: Request, parts: Annotated[Parts, Depends(_at_hand)]) -> Caller:
    """Who asks, by `Authorization: Bearer`, `X-API-Key`, or a page's cookies; asked and counted once.

    Raises:
        Unauthorized: no key, or not a good one.
        TooManyRequests: the rate limit was reached.
    """
    known: Caller | None = getattr(request.state, "caller", None)
    return known or await _asked(request, parts)


async def _asked(request: Request, parts: Parts) -> Caller:
    try:
        secret = _secret(request)
        if secret is not None and secret == session_of(request):
            found = await parts.turns.take(None, partial(_signed_in, parts.sessions, secret))
        elif secret is not None:
            known = parts.tokens.caller if is_token(secret) else parts.keys.authenticate
            found = await parts.turns.take(None, partial(known, secret))
        elif not parts.settings.allow_anonymous or not _from_here(request):
            raise Unauthorized("send an API key: Authorization: Bearer tmk_...")
    except Unauthorized:
        count(request, parts.requests, f"refused {address(request)}")  # slows nobody but whoever guesses
        raise
    if secret is not None:
        who = f"member {found.member_id}" if found.member_id else f"key {found.key_id}"
        count(request, parts.requests, who)
        return found
    count(request, parts.requests, address(request))
    from_our_page(request, loopback_only=True)
    return Caller(DEFAULT_TENANT, EVERYDAY, None)


def _signed_in(sessions: Sessions, secret: str) -> Caller:
    """The person behind a session; their role is what they may do.

    Raises:
        Unauthorized: it has ended.
    """
    try:
        member = sessions.member(secret)
    except UnknownEntry as error:
        raise Unauthorized(str(error)) from None
    return Caller(member.tenant, SCOPES[member.role], None, member.shown, member.id)


def session_of(request: Request) -> str | None:
    """The secret of a session, which only a browser's cookie can bring."""
    if "authorization" in request.headers or "x-api-key" in request.headers:
        return None
    return request.cookies.get(SESSION_COOKIE) or None


def _from_here(request: Request) -> bool:
    """Whether the request comes from this machine and from nobody behind it, as far as can be told."""
    try:
        here = request.client is not None and ip_address(request.client.host).is_loopback
    except ValueError:
        return False
    return here and not any(
        name in FORWARDING or name.startswith(FORWARDING_PREFIXES) for name in request.headers
    )


def _secret(request: Request) -> str | None:
    """The key that was sent, or None; a header that holds none is refused rather than overlooked."""
    sent = request.headers.getlist("authorization")
    if sent:
        scheme, _, token = sent[0].partition(" ")
        if len(sent) > 1 or scheme.lower() != "bearer" or not token.strip():
            raise Unauthorized("the Authorization header must be: Bearer tmk_...")
        return token.strip()
    if "x-api-key" in request.headers:
        if not request.headers["x-api-key"].strip():
            raise Unauthorized("the X-API-Key header is empty")
        return request.headers["x-api-key"].strip()
    cookie = session_of(request) or request.cookies.get(COOKIE)
    if cookie:
        from_our_page(request)
    return cookie or None


def from_our_page(request: Request, *, loopback_only: bool = False) -> None:
    """Keep other web pages from acting through a visitor's browser (CSRF, DNS rebinding).

    Without a key nothing else tells our page from a foreign one that knows the address.
    """
    host = request.headers.get("host", "")
    if loopback_only and urlsplit(f"//{host}").hostname not in LOOPBACK:
        raise Forbidden("without an API key the server answers on localhost only")
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    # Our own form's origin is "null", since our pages send no referrer: then the browser's own word counts.
    own = site in ("same-origin", "none")
    foreign = origin is not None and urlsplit(origin).netloc != host and not (own and origin == "null")
    if foreign or (site is not None and not own):
        raise Forbidden("the request came from another site's page")


class Needs:
    """Dependency: the caller, who must have a scope, or one of several.

    It depends on nothing in turn: FastAPI would go through all that at each request.
    """

    def __init__(self, *scopes: Scope) -> None:
        self.scopes = scopes

    async def __call__(self, request: Request) -> Caller:
        """The caller.

        Raises:
            Forbidden: the scope is missing.
            Replayed: the same request was answered before.
        """
        here = parts(request)
        found = await caller(request, here)
        found.require(*self.scopes)
        if request.method == "POST" and not takes_files(request.url.path):
            await begin(request, found, here, await request.body())
        return found


class Replayed(Exception):
    """Ends a request that was answered before.

    Attributes:
        answer: the one that it had.
    """

    def __init__(self, answer: Kept) -> None:
        super().__init__()
        self.answer = answer


async def begin(request: Request, caller: Caller, parts: Parts, asked: bytes) -> None:
    """Claim a request that names an `Idempotency-Key`, before anything is done.

    Args:
        request: the request.
        caller: who asks.
        parts: of the application.
        asked: what tells this request from another: the body, or the meaning of a form.

    Raises:
        Replayed: the same request was answered before.
        InProgress: it is under way.
        IdempotencyConflict: the key was used with another request.
    """
    key = request.headers.get("idempotency-key")
    if key is None:
        return
    route = f"{request.method} {request.url.path}"
    meaning = request.url.query.encode() + b"\n" + asked
    once = Once.of(checked_key(key), caller.tenant, route, meaning, _secret(request))
    kept = await run_in_threadpool(parts.answers.claim, once)
    if kept is not None:
        raise Replayed(kept)
    request.state.once = once


PartsDep = Annotated[Parts, Depends(_at_hand)]
AuditReader = Annotated[Caller, Depends(Needs(Scope.AUDITS_READ))]
AuditWriter = Annotated[Caller, Depends(Needs(Scope.AUDITS_WRITE))]
Uploader = Annotated[Caller, Depends(Needs(Scope.AUDITS_WRITE, Scope.TRACKS_WRITE))]
TrackWriter = Annotated[Caller, Depends(Needs(Scope.TRACKS_WRITE))]
RecordReader = Annotated[Caller, Depends(Needs(Scope.RECORDS_READ))]
RecordWriter = Annotated[Caller, Depends(Needs(Scope.RECORDS_WRITE))]
ArtistWriter = Annotated[Caller, Depends(Needs(Scope.ARTISTS_WRITE))]
PolicyWriter = Annotated[Caller, Depends(Needs(Scope.POLICIES_WRITE))]
TrailReader = Annotated[Caller, Depends(Needs(Scope.TRAIL_READ))]
MetricsReader = Annotated[Caller, Depends(Needs(Scope.METRICS_READ))]
Admin = Annotated[Caller, Depends(Needs(Scope.ADMIN))]
