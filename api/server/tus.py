"""The headers of tus 1.0.0, the protocol of uploads that can be resumed (https://tus.io/protocols/resumable-upload).

The core protocol with the extensions creation, creation-with-upload, expiration, checksum and termination.
"""

import hashlib
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import Request

from api.server.refusals import ChecksumMismatch, TusVersion, UnsupportedChecksum, UnsupportedMedia
from core.errors import InvalidInput

VERSION = "1.0.0"
EXTENSIONS = ("creation", "creation-with-upload", "expiration", "checksum", "termination")
ALGORITHMS = ("sha1", "sha256")
MEDIA = "application/offset+octet-stream"
MAX_METADATA = 4096
MAX_PAIRS = 32
OVERRIDE = "x-http-method-override"
_NOT_OFFERED = {
    "Upload-Concat": "concatenation",
    "Upload-Defer-Length": "creation-defer-length",
}
"""Headers of extensions that are not spoken here: whoever sends one relies on what would not happen."""


def check_version(request: Request) -> None:
    """Refuse a client that speaks another version, or none.

    Raises:
        TusVersion: so it is.
    """
    spoken = request.headers.get("tus-resumable")
    if spoken != VERSION:
        raise TusVersion(f"send the header Tus-Resumable: {VERSION}")


def check_extensions(request: Request) -> None:
    """Refuse what only an extension of tus understands that is not spoken here.

    Raises:
        InvalidInput: so it is.
    """
    for name, extension in _NOT_OFFERED.items():
        if name in request.headers:
            raise InvalidInput(f"{name} belongs to {extension}, which is not offered; OPTIONS names what is")
    if "upload-checksum" in request.headers.get("trailer", "").lower():
        raise InvalidInput("send Upload-Checksum before the body: checksum-trailer is not offered")


def has_body(request: Request) -> bool:
    """Whether a request brings bytes."""
    return "transfer-encoding" in request.headers or request.headers.get("content-length", "0") != "0"


def check_media(request: Request) -> None:
    """Refuse a body that is no piece of an upload.

    Raises:
        UnsupportedMedia: so it is.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != MEDIA:
        raise UnsupportedMedia(f"send the bytes as {MEDIA}")


def count_of(request: Request, name: str) -> int:
    """A header that counts bytes.

    Raises:
        InvalidInput: it is not there, there twice, or no number.
    """
    told = request.headers.getlist(name)
    sent = told[0] if len(told) == 1 else ""
    if not (sent.isascii() and sent.isdecimal() and len(sent) <= 18):
        raise InvalidInput(f"send the header {name} with a number of bytes")
    return int(sent)


def metadata(sent: str) -> Mapping[str, str]:
    """What `Upload-Metadata` says: pairs of a name and, in Base64, a value.

    Raises:
        InvalidInput: it cannot be read, names something twice, or is too long.
    """
    if len(sent) > MAX_METADATA or sent.count(",") >= MAX_PAIRS:
        raise InvalidInput(f"Upload-Metadata has at most {MAX_METADATA} characters and {MAX_PAIRS} pairs")
    found: dict[str, str] = {}
    for pair in sent.split(",") if sent.strip() else ():
        name, _, value = pair.strip().partition(" ")
        try:
            text = b64decode(value, validate=True).decode()
        except ValueError:
            raise InvalidInput("Upload-Metadata is a list of names, each with a text in Base64") from None
        if not name or not name.isascii() or not name.isprintable() or name in found:
            raise InvalidInput("a name in Upload-Metadata is empty, odd or there twice")
        found[name] = text
    return found


@dataclass(frozen=True)
class Checksum:
    """What a piece must have: an algorithm and its digest."""

    algorithm: str
    digest: bytes


class Checking:
    """Digests a piece as it comes, for the checksum that was sent with it."""

    def __init__(self, wanted: Checksum) -> None:
        self._wanted = wanted
        self._digest = hashlib.new(wanted.algorithm, usedforsecurity=False)

    def add(self, data: bytes) -> None:
        """Take some bytes."""
        self._digest.update(data)

    def check(self) -> None:
        """Hold what came against the checksum.

        Raises:
            ChecksumMismatch: it is something else.
        """
        if self._digest.digest() != self._wanted.digest:
            raise ChecksumMismatch("what came does not agree with Upload-Checksum; send the piece again")


def checking(request: Request) -> Checking | None:
    """What checks a piece; None where no checksum was sent.

    Raises:
        UnsupportedChecksum: it is of an unknown kind, or cannot be read.
    """
    sent = request.headers.get("upload-checksum")
    if sent is None:
        return None
    algorithm, _, told = sent.strip().partition(" ")
    if algorithm not in ALGORITHMS:
        raise UnsupportedChecksum(f"Upload-Checksum takes {', '.join(ALGORITHMS)}")
    try:
        digest = b64decode(told, validate=True)
    except ValueError:
        raise UnsupportedChecksum("Upload-Checksum is an algorithm and a digest in Base64") from None
    return Checking(Checksum(algorithm, digest))
