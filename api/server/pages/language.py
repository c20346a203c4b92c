"""In which language pages speak, and how their reader chooses another."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from api.language import LANGUAGES
from api.language.spoken import speak
from api.server.route import Route
from api.server.wanted_language import COOKIE, asked

KEPT_S = 365 * 24 * 3600

router = APIRouter(include_in_schema=False, route_class=Route)


async def spoken_in(request: Request) -> None:
    """A dependency: what the route says, it says in the language of the request."""
    speak(asked(request))


@router.post("/language")
def choose(
    request: Request,
    language: Annotated[str, Form(max_length=10)],
    back: Annotated[str, Form(max_length=500)] = "/",
) -> Response:
    """Keep the chosen language, and lead back."""
    from api.server.pages.rendering import local

    answer = RedirectResponse(local(back), status_code=303)
    if language in LANGUAGES:
        secure = request.url.scheme == "https"
        answer.set_cookie(COOKIE, language, max_age=KEPT_S, httponly=True, samesite="lax", secure=secure)
    return answer
