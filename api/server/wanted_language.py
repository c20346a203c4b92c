"""Which language people want to be answered in: the one they chose, else the browser's, else English."""

from fastapi import Request

from api.language import language_of
from api.language.catalogue import Language

COOKIE = "trackmark_language"
LONGEST = 500
"""Of a browser's list of languages, in characters."""


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
