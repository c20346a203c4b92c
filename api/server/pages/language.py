"""In which language a page speaks: as its reader chose, else as the browser asks, else English."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from api.language import LANGUAGES, language_of
from api.language.catalogue import Language
from api.language.spoken import speak
from api.server.route import Route

COOKIE = "trackmark_language"
KEPT_S = 365 * 24 * 3600
LONGEST = 500
"""Of a browser's list of languages, in characters."""

router = APIRouter(include_in_schema=False, route_class=Route)


def asked(request: Request) -> Language:
    """The language that a request asks for."""
    chosen = language_of(request.cookies.get(COOKIE))
    return chosen or preferred(request.headers.get("accept-language", "")) or "en"


def preferred(header: str) -> Language | None:
    """The language of ours that a browser likes best (RFC 9110, section 12.5.4); None where it names none.

    >>> preferred("fr, de-AT;q=0.8, en;q=0.5")
    'de'
    """
    liked: list[tuple[float, Language]] = []
    for part in header[:LONGEST].split(","):
        tag, _, weight = part.strip().partition(";")
        language = language_of(tag.strip().split("-")[0].lower())
        quality = _quality(weight)
        if language is not None and quality > 0:
            liked.append((quality, language))
    return max(liked, key=lambda pair: pair[0])[1] if liked else None


def _quality(weight: str) -> float:
    name, _, value = weight.replace(" ", "").partition("=")
    if name.lower() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0


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
