"""Signing in and out: by API key, or as a member at the provider that the operator has named."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from starlette.concurrency import run_in_threadpool

from api.errors import ProviderUnavailable, SignInFailed, UnknownEntry
from api.identity.given import CALLBACK
from api.identity.signing_in import LASTS, SigningIn
from api.members.members import Member
from api.server.answers import problem
from api.server.pages.rendering import ask_for_key, local, page
from api.server.parts import (
    COOKIE,
    SESSION_COOKIE,
    SIGN_IN_COOKIE,
    Parts,
    PartsDep,
    address,
    count,
    from_our_page,
)
from api.server.refusals import NotAMember, Unauthorized
from api.server.route import Route
from core.errors import TrackmarkError

router = APIRouter(include_in_schema=False, route_class=Route)

SESSION_S = 12 * 3600
_PLACE = "/sign-in"


@router.post("/sign-in")
async def by_key(
    request: Request,
    parts: PartsDep,
    key: Annotated[str, Form(max_length=200)],
    then: Annotated[str, Form(max_length=500)] = "/",
) -> Response:
    """Keep a good key in a cookie that scripts cannot read and other sites cannot send."""
    from_our_page(request)
    count(request, parts.requests, f"sign-in {address(request)}")
    try:
        await run_in_threadpool(parts.keys.authenticate, key.strip())
    except Unauthorized as error:
        return ask_for_key(request, problem(error), then)
    answer = RedirectResponse(local(then), status_code=303)
    _keep(answer, COOKIE, key.strip(), SESSION_S, secure=_by_tls(request, parts))
    answer.delete_cookie(SESSION_COOKIE, httponly=True, samesite="strict")
    return answer


@router.get("/sign-in/begin")
def begin(request: Request, parts: PartsDep, then: str = "/") -> Response:
    """Go to the provider. The browser keeps a secret, without which nothing that comes back is taken."""
    try:
        begun = _signing_in(parts).begin(local(then[:500]))
    except TrackmarkError as error:
        return _failed(request, error)
    answer = RedirectResponse(begun.url, status_code=303)
    answer.set_cookie(
        SIGN_IN_COOKIE,
        begun.secret,
        max_age=int(LASTS.total_seconds()),
        path=_PLACE,
        httponly=True,
        samesite="lax",  # it comes back from another site
        secure=_by_tls(request, parts),
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer


@router.get(CALLBACK)
def finish(request: Request, parts: PartsDep) -> Response:
    """Come back from the provider. From this page of ours, and no redirect, the way goes on: a browser sends
    its session only where one of our own pages leads it."""
    query = request.query_params
    try:
        if len(query.multi_items()) != len(set(query)):
            raise SignInFailed("the provider's answer says something twice")
        account, then = _signing_in(parts).finish(dict(query), request.cookies.get(SIGN_IN_COOKIE))
        members = parts.sessions.admit(account)
        if not members:
            who = account.email or "whose address the provider has not verified"
            raise NotAMember(
                f"the account {who} is no member here; an admin of your label can invite its address"
            )
    except TrackmarkError as error:
        return _forget(_failed(request, error))
    return _forget(_welcome(request, parts, members, local(then)))


@router.post("/sign-in/tenant")
def change_tenant(
    request: Request, parts: PartsDep, member_id: Annotated[str, Form(max_length=16)]
) -> Response:
    """Act for another tenant of which the same account is a member."""
    from_our_page(request)
    secret = request.cookies.get(SESSION_COOKIE, "")
    try:
        members = parts.sessions.others(parts.sessions.member(secret))
        chosen = next((one for one in members if one.id == member_id), None)
        if chosen is None:
            raise UnknownEntry("this account is no such member")
    except UnknownEntry as error:
        return ask_for_key(request, problem(error), "/")
    parts.sessions.end(secret)
    return _welcome(request, parts, [chosen], "/")


@router.post("/sign-out")
def sign_out(request: Request, parts: PartsDep) -> Response:
    """End the session and forget the cookies; who came from a provider is told how to leave it, too."""
    from_our_page(request)
    answer: Response = RedirectResponse("/", status_code=303)
    secret = request.cookies.get(SESSION_COOKIE)
    if secret is not None:
        parts.sessions.end(secret)
        leaving = None if parts.signing_in is None else parts.signing_in.leaving()
        if leaving is not None and parts.signing_in is not None:
            name = parts.signing_in.name
            answer = page(
                request, "signed_out.html", leaving=leaving, provider=name, there="/", signed_in=False
            )
    for name in (COOKIE, SESSION_COOKIE):
        answer.delete_cookie(name, httponly=True, samesite="strict")
    # pages that the browser keeps, and names of files under way that our scripts do
    answer.headers["Clear-Site-Data"] = '"cache", "storage"'
    return answer


def _signing_in(parts: Parts) -> SigningIn:
    if parts.signing_in is None:
        raise UnknownEntry("no provider is set up here; sign in with an API key")
    return parts.signing_in


def _welcome(request: Request, parts: Parts, members: list[Member], then: str) -> Response:
    """A page that goes on by itself, or asks for whom somebody acts."""
    secret = parts.sessions.begin(members[0])
    told: dict[str, Any] = {
        "member": members[0],
        "others": members[1:],
        "then": then,
        "there": then,
        "signed_in": True,
    }
    answer = page(request, "signed_in.html", **told)
    lasts_s = int(parts.settings.session_hours * 3600)
    _keep(answer, SESSION_COOKIE, secret, lasts_s, secure=_by_tls(request, parts))
    answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _failed(request: Request, error: TrackmarkError) -> Response:
    """What went wrong, and nothing else; a fault of the server's own is raised."""
    body = problem(error)
    if body["status"] >= 500 and not isinstance(error, ProviderUnavailable):
        raise error
    answer = page(request, "not_signed_in.html", int(body["status"]), problem=body, there="/")
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _forget(answer: Response) -> Response:
    answer.delete_cookie(SIGN_IN_COOKIE, path=_PLACE, httponly=True, samesite="lax")
    return answer


def _keep(answer: Response, name: str, secret: str, lasts_s: int, *, secure: bool) -> None:
    answer.set_cookie(name, secret, max_age=lasts_s, httponly=True, samesite="strict", secure=secure)


def _by_tls(request: Request, parts: Parts) -> bool:
    """Whether a browser reaches us by TLS; behind a proxy only the operator knows."""
    return request.url.scheme == "https" or (parts.settings.public_url or "").startswith("https:")
