"""Digest fields (RFC 9530): what is fetched tells its digest, what is sent may, and is held against it.

`Content-Digest` is of the bytes of one message, `Repr-Digest` of the whole file, of which a message may bring
a part or, for HEAD, nothing. The same digest is the file's `ETag`, so whoever has the file need not fetch it
again (RFC 9110, 13.1.2).
"""

import hashlib
import re
from base64 import b64decode, b64encode
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.types import Message, Receive

from api.server.refusals import DigestMismatch, UnsupportedChecksum
from api.server.stored_file import StoredFile, tag

CONTENT, WHOLE = "Content-Digest", "Repr-Digest"
ALGORITHMS = {"sha-256": "sha256", "sha-512": "sha512"}
"""Those that RFC 9530 calls active, and what Python calls them."""
_MEMBER = re.compile(r"([a-z*][a-z0-9_.*-]*)=:([A-Za-z0-9+/=]*):(?:;[^,]*)?")
_MOST_TEXT = 2000
_KEPT = frozenset({"etag", "vary", "cache-control", "content-location", WHOLE.lower()})
"""What an answer goes on telling where the file itself is left out (RFC 9110, 15.4.5)."""


class Expected:
    """Digests that a body must have.

    Args:
        digests: by algorithm, as Python calls it.
    """

    def __init__(self, digests: dict[str, bytes]) -> None:
        self._digests = digests
        self._heard = {name: hashlib.new(name) for name in digests}

    def checked(self, receive: Receive) -> Receive:
        """Receive a body; its last piece is handed on if all of it was as expected, or not at all."""

        async def receive_checked() -> Message:
            message = await receive()
            if message["type"] == "http.request":
                for heard in self._heard.values():
                    heard.update(message.get("body", b""))
                if not message.get("more_body", False):
                    self._check()
            return message

        return receive_checked

    def _check(self) -> None:
        if any(self._heard[name].digest() != digest for name, digest in self._digests.items()):
            raise DigestMismatch(
                f"what came does not agree with {CONTENT}; nothing of it is kept, send it again"
            )


def expected(headers: Iterable[tuple[bytes, bytes]]) -> Expected | None:
    """What a request says of its body; None where it says nothing.

    Raises:
        UnsupportedChecksum: it cannot be read, or no algorithm of it is known here.
    """
    sent = [value.decode("latin-1") for name, value in headers if name == b"content-digest"]
    if not sent:
        return None
    text = ",".join(sent)
    members = [_MEMBER.fullmatch(one.strip()) for one in text[:_MOST_TEXT].split(",")]
    digests: dict[str, bytes] = {}
    for member in members:
        if member is None or len(text) > _MOST_TEXT:
            raise UnsupportedChecksum(f"{CONTENT} is a list such as sha-256=:<Base64>:")
        name = ALGORITHMS.get(member[1])
        if name is not None:
            digests[name] = _read(name, member[2])
    if not digests:
        raise UnsupportedChecksum(f"{CONTENT} takes {', '.join(ALGORITHMS)}")
    return Expected(digests)


def _read(name: str, text: str) -> bytes:
    try:
        digest = b64decode(text, validate=True)
    except ValueError:
        digest = b""
    if len(digest) != hashlib.new(name).digest_size:
        raise UnsupportedChecksum(f"the {name} of {CONTENT} is no digest in Base64")
    return digest


def is_file(response: Response) -> bool:
    """Whether an answer is something to be kept: a file, or anything else but an entry as JSON."""
    if isinstance(response, StoredFile):
        return response.status_code in (200, 206) and response.sha256 is not None
    kept = isinstance(response, FileResponse) or "content-disposition" in response.headers
    kept |= "immutable" in response.headers.get("cache-control", "")
    media = response.headers.get("content-type", "application/json")
    return response.status_code == 200 and (kept or media.partition(";")[0] != "application/json")


def tell(response: Response, request: Request) -> Response:
    """Have an answer tell the digest of its file.

    Args:
        response: the answer; see `is_file`.
        request: what was asked for, which may be a part of the file, or the file unless it is still the same.

    Returns:
        The answer, or 304 in its place.
    """
    if isinstance(response, StoredFile):
        digest = bytes.fromhex(response.sha256 or "")
    elif isinstance(response, FileResponse):
        path = Path(response.path)
        found = path.stat()
        digest = _of_file(path, found.st_mtime_ns, found.st_size)
    else:
        digest = hashlib.sha256(response.body).digest()
    field = f"sha-256=:{b64encode(digest).decode()}:"
    response.headers[WHOLE] = field
    if "range" not in request.headers:
        response.headers[CONTENT] = field
    if request.method != "GET":
        return response
    response.headers["ETag"] = tag(digest.hex())
    if not _has(request.headers.getlist("if-none-match"), response.headers["ETag"]):
        return response
    kept = {name: value for name, value in response.headers.items() if name in _KEPT}
    return Response(status_code=304, headers=kept)


def _has(sent: list[str], own: str) -> bool:
    """Whether an `If-None-Match` names a file; whether weakly is all the same to it."""
    named = [one.strip().removeprefix("W/") for one in ",".join(sent)[:_MOST_TEXT].split(",")]
    return own in named or named == ["*"]


@lru_cache(maxsize=1024)
def _of_file(path: Path, _changed: int, _size: int) -> bytes:
    """Of a file as it stood then: it may be fetched many times, and is written once."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()
