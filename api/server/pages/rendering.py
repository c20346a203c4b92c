"""Templates rendered with what every page needs: who is signed in, and what a browser may load."""

import secrets
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from fastapi import Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment

from api.jobs.job import Job
from api.language import LANGUAGES, speaking
from api.language.catalogue import script_words
from api.report.templates import templates
from api.server import answers
from api.server.api_keys import Caller, Scope
from api.server.guard import content_policy
from api.server.pages import case_words, list_words, next_steps, notice_words
from api.server.pages.refusal_words import refusal
from api.server.parts import COOKIE, SESSION_COOKIE, parts
from api.server.wanted_language import asked
from core.errors import TrackmarkError

TEMPLATES = Path(__file__).parent / "templates"


def page(request: Request, name: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A rendered template."""
    environment: Environment | None = getattr(request.app.state, "templates", None)
    if environment is None:
        environment = request.app.state.templates = templates(TEMPLATES)
        environment.globals |= {
            "case_words": case_words,
            "list_words": list_words,
            "notice_words": notice_words,
            "refusal": refusal,
        }
    nonce, spoken = secrets.token_urlsafe(16), asked(request)
    values.setdefault("there", _wanted(request))
    values.setdefault("may", partial(_may, request))
    asking = _asking(request)
    values.setdefault("known", asking is not None)
    values.setdefault("who", None if asking is None else f"{asking.tenant} {asking.key_id or asking.name}")
    values.setdefault("signed_in", not {COOKIE, SESSION_COOKIE}.isdisjoint(request.cookies))
    with speaking(spoken):
        text = environment.get_template(name).render(
            here=request.url.path,
            nonce=nonce,
            language=spoken,
            languages=LANGUAGES,
            script_words=script_words(spoken),
            **values,
        )
    headers = {
        "Content-Security-Policy": content_policy(nonce),
        "Content-Language": spoken,
        "Vary": "Accept-Language, Cookie",
    }
    if asking is not None:  # whoever uses the browser next finds nothing of it
        headers["Cache-Control"] = "no-store"
    return HTMLResponse(text, status, headers)


def _may(request: Request, *scopes: str) -> bool:
    """Whether whoever asked has one of some scopes; nobody knows of a page that asks for no key."""
    asking = _asking(request)
    return asking is not None and not asking.scopes.isdisjoint({*map(Scope, scopes), Scope.ADMIN})


def _asking(request: Request) -> Caller | None:
    """Who asked, of a page that asks who comes."""
    found: Caller | None = getattr(request.state, "caller", None)
    return found


def progress(request: Request, job: Job, follows: str, doing: str) -> Response:
    """How far a job has come.

    Args:
        request: for the page.
        job: that has not ended.
        follows: address under which the API tells of it.
        doing: what is done with its file.
    """
    percent = round(100 * job.progress)
    return page(request, "progress.html", job=job, percent=percent, follows=follows, doing=doing)


def problem_page(request: Request, body: Mapping[str, Any]) -> Response:
    """What went wrong, as a page; who is not signed in is asked for a key."""
    if body["status"] == 401:
        return ask_for_key(request)
    return page(request, "problem.html", int(body["status"]), problem=body)


def ended(request: Request, job: Job, *, by_file: bool = False) -> Response:
    """Why a job has no result, and what to do next.

    Args:
        request: for the page.
        job: that failed, was stopped, or waited too long.
        by_file: whether its page is headed by its file, and leads to the list of its kind.
    """
    body = answers.problem_of(job.error or {"code": TrackmarkError.code, "detail": ""})
    code = str(body["code"])
    with speaking(asked(request)):
        step = next_steps.next_step(code)
    shown: dict[str, Any] = {"job": job, "repeated": code in next_steps.REPEATED} if by_file else {}
    return page(request, "problem.html", problem=body, step=step, **shown)


def refused(request: Request, error: TrackmarkError) -> Response:
    """What is wrong with what was sent, as a page; a fault of the server's own is raised."""
    body = answers.problem(error)
    if body["status"] >= 500:
        raise error
    return page(request, "problem.html", body["status"], problem=body)


def ask_for_key(
    request: Request, problem: Mapping[str, Any] | None = None, then: str | None = None
) -> Response:
    """The form that asks for a key; whoever signs in lands where they wanted to go.

    What a form said that came too late stands on the page, to be sent once its writer is signed in again.
    """
    signing_in = parts(request).signing_in
    provider = None if signing_in is None else signing_in.name
    answer = page(
        request,
        "sign_in.html",
        401,
        problem=problem,
        then=then or _wanted(request),
        provider=provider,
        kept=getattr(request.state, "kept", None),
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _wanted(request: Request) -> str:
    """Where somebody wanted to go; of a form that was sent, the page that it stands on."""
    path, query = request.url.path, request.url.query
    if request.method in ("GET", "HEAD"):
        return f"{path}?{query}" if query else path
    first, *rest = path.strip("/").split("/")
    alone = not rest or rest in (["bulk"], ["try"]) or first == "keys"
    return f"/{first}" if alone else f"/{first}/{rest[0]}"


def local(path: str) -> str:
    """A path of this server that a client named, or the start page: never another site's address."""
    return path if path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable() else "/"
