"""A file of the object store as an answer: streamed as it is read, whole or a range of it (RFC 9110, 14)."""

import re
from collections.abc import Iterator
from itertools import chain
from urllib.parse import quote

from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from api.errors import UnknownEntry
from api.server import ranges
from api.store import ObjectStore


class StoredFile(StreamingResponse):
    """A file of the store.

    Attributes:
        sha256: of the whole, in hex, where the store knows it.
    """

    sha256: str | None = None


def tag(sha256: str) -> str:
    """The `ETag` of a file with this digest, in hex: equal bytes have equal tags, whoever answers.

    >>> tag("e3b0")
    '"e3b0"'
    """
    return f'"{sha256}"'


def stored_file(
    store: ObjectStore, name: str, request: Request, media: str, saved_as: str | None
) -> Response:
    """An object as the answer to a request.

    Args:
        store: where it lies.
        name: in the store.
        request: which may ask for a range; several ranges at once are answered with the whole.
        media: its media type.
        saved_as: the name to save it under.

    Raises:
        UnknownEntry: it is gone.
        StoreUnavailable, StoredFileLost: it cannot be read.
    """
    known = store.known(name)
    if known is None:
        raise UnknownEntry("the file is gone")
    size = known.size_bytes
    headers = {"Accept-Ranges": "bytes"}
    if saved_as is not None:
        headers["Content-Disposition"] = _attachment(saved_as)
    asked = ranges.ONE.fullmatch(request.headers.get("range", "").strip())
    part = None
    same = request.headers.get("if-range") in (None, tag(known.sha256) if known.sha256 else None)
    if asked is not None and asked.group() != "bytes=-" and same:
        part = _part(asked, size)
        if not 0 <= part[0] < part[1]:
            return Response(status_code=416, headers={**headers, "Content-Range": f"bytes */{size}"})
        headers["Content-Range"] = f"bytes {part[0]}-{part[1] - 1}/{size}"
    start, end = part or (0, size)
    headers["Content-Length"] = str(end - start)
    pieces = store.pieces(name, start, end) if request.method != "HEAD" else iter(())
    # The first piece is read before anything is answered: whatever is wrong is told with its status.
    first = next(pieces, b"")
    body: Iterator[bytes] = chain((first,), pieces)
    answer = StoredFile(body, 200 if part is None else 206, headers, media)
    answer.sha256 = known.sha256
    return answer


def _attachment(name: str) -> str:
    quoted = quote(name)
    return f'attachment; filename="{name}"' if quoted == name else f"attachment; filename*=utf-8''{quoted}"


def _part(asked: "re.Match[str]", size: int) -> tuple[int, int]:
    """First byte and the one behind the last of a range; the other way round where there is none."""
    first, last = asked.groups()
    if not first:
        return max(0, size - int(last)), size
    return int(first), min(size, int(last) + 1 if last else size)
