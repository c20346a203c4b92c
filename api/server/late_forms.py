"""What a form said whose sender was signed in no more: kept, so that it need not be written again."""

from urllib.parse import urlsplit

from fastapi import Request

from api.server.pages.forms import sent
from core.errors import InvalidInput

MOST_BYTES = 256 * 1024
_WRITTEN = "application/x-www-form-urlencoded"


async def kept(request: Request) -> dict[str, str] | None:
    """The fields of a form of one of our own pages; None of anything else.

    What another site sends is never shown again: a visitor might send it on as if it were their own.
    """
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    length = request.headers.get("content-length", "")
    if request.method != "POST" or media != _WRITTEN or not _from_our_page(request):
        return None
    if not length.isdecimal() or int(length) > MOST_BYTES:
        return None
    try:
        return await sent(request)
    except InvalidInput:
        return None


def _from_our_page(request: Request) -> bool:
    """Whether a browser says so; a client that says nothing writes it again."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None:
        return site == "same-origin"
    return origin is not None and urlsplit(origin).netloc == request.headers.get("host", "")
