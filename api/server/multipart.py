"""Receiving forms with files: streamed to disk, hashed and counted on the way, never held in memory.

Starlette's own form parser has no limit on the size of a file, so the multipart stream is read here.
"""

import json
import os
import re
import secrets
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from api.jobs.job import Upload
from api.server.refusals import UnsupportedMedia, UploadTooLarge
from core.characters import invisible
from core.counted import counted
from core.errors import InvalidInput, TrackmarkError

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

MAX_PARTS = 32
MAX_FIELD_BYTES = 256 * 1024
MAX_HEADER_BYTES = 8 * 1024
MAX_NAME = 200
PIECE_BYTES = 256 * 1024
_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,5}")


@dataclass
class Form:
    """A received form.

    Attributes:
        fields: text fields, each of which is there once.
        files: stored files by field name, in order.
    """

    folder: Path
    fields: dict[str, str] = field(default_factory=dict)
    files: list[tuple[str, Upload]] = field(default_factory=list)

    def one_file(self, name: str) -> Upload:
        """The one file of a field.

        Raises:
            InvalidInput: none or several were sent.
        """
        found = [upload for key, upload in self.files if key == name]
        if len(found) != 1:
            raise InvalidInput(f"send one file in the form field {name!r}; got {len(found)}")
        return found[0]

    def path(self, upload: Upload) -> Path:
        """Where a file of the form was stored."""
        return self.folder / upload.stored

    def meaning(self) -> bytes:
        """What the form says, whatever lies between its parts: the same for the same form sent again."""
        files = [(name, upload.name, upload.sha256) for name, upload in self.files]
        return json.dumps([self.fields, files], sort_keys=True).encode()

    @contextmanager
    def entering(self) -> Iterator[None]:
        """Enter a job that takes the files over; while the block runs nobody else deletes them.

        Where it ends neither well nor by a refusal, nobody knows whether the job was entered: the database
        went away in its last step, or the request was cut off. Then a sweep deletes them, which looks.
        """
        files, self.files = self.files, []
        try:
            yield
        except TrackmarkError:
            self.files = files
            raise
        self.files = files

    def discard(self) -> None:
        """Delete the stored files."""
        for _, upload in self.files:
            self.path(upload).unlink(missing_ok=True)


@dataclass
class _Part:
    name: str = ""
    file_name: str | None = None
    stored: str = ""
    file: BinaryIO | None = None
    text: bytearray = field(default_factory=bytearray)
    size: int = 0


Pacing = Callable[[int], Awaitable[None]]
"""Waits, told how many bytes have come, until more may."""


async def receive_body(request: Request, folder: Path, max_bytes: int, *, pace: Pacing) -> Form:
    """Read a request whose body is one file; arguments and errors as in `receive`.

    Returns:
        A form with that file as its field `file`.
    """
    media = parse_options_header(request.headers.get("content-type", ""))[0].partition(b"/")[0]
    if media not in (b"audio", b"video"):
        raise UnsupportedMedia("send the file as audio/... or video/..., or as multipart/form-data")
    _check_length(request, max_bytes)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    reader = _Reader(Form(folder), max_bytes, 1)
    complete = False
    try:
        reader.begin_file("file", "audio")
        await _feed(request, reader.write, pace)
        await run_in_threadpool(reader.close)
        complete = True
    finally:
        if not complete:
            reader.abandon()
    return reader.form


async def receive(
    request: Request, folder: Path, max_bytes: int, *, pace: Pacing, max_files: int = 1
) -> Form:
    """Read a multipart form from a request.

    Args:
        request: whose body was not read yet.
        folder: where files go; made where it does not exist.
        max_bytes: limit on all files together.
        pace: of the sender.
        max_files: limit on their number.

    Raises:
        UnsupportedMedia: not `multipart/form-data`.
        UploadTooLarge: more than `max_bytes`.
        InvalidInput: the form is malformed or has too many parts.
    """
    content_type, options = parse_options_header(request.headers.get("content-type", ""))
    boundary = options.get(b"boundary")
    if content_type != b"multipart/form-data" or not boundary:
        raise UnsupportedMedia("send the file as multipart/form-data")
    _check_length(request, max_bytes)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    reader = _Reader(Form(folder), max_bytes, max_files)
    complete = False
    try:
        parser = MultipartParser(boundary, reader.callbacks())
        await _feed(request, parser.write, pace)
        parser.finalize()
        if not reader.ended:
            raise InvalidInput("the form ends in the middle; send it again")
        complete = True
    except FormParserError as error:  # of the boundary, too
        raise InvalidInput(f"the form is malformed: {error}") from error
    finally:
        if not complete:
            reader.abandon()
    return reader.form


async def _feed(request: Request, write: Callable[[bytes], object], pace: Pacing) -> None:
    """Hand on a body in larger pieces, away from the event loop: disks may be slow, hashing is work."""
    waiting = bytearray()
    async for chunk in request.stream():
        waiting += chunk
        if len(waiting) >= PIECE_BYTES:
            await run_in_threadpool(write, bytes(waiting))
            await pace(len(waiting))
            waiting.clear()
    if waiting:
        await run_in_threadpool(write, bytes(waiting))


def _check_length(request: Request, max_bytes: int) -> None:
    """Refuse what says of itself that it is too long."""
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > max_bytes + MAX_PARTS * MAX_FIELD_BYTES:
        raise UploadTooLarge(f"the upload has {declared} bytes; at most {max_bytes} are accepted")


class _Reader:
    """Callbacks of the multipart parser."""

    def __init__(self, form: Form, max_bytes: int, max_files: int) -> None:
        self.form = form
        self.ended = False
        self._max_bytes = max_bytes
        self._max_files = max_files
        self._received = 0
        self._parts = 0
        self._headers: dict[bytes, bytes] = {}
        self._header = (bytearray(), bytearray())
        self._part = _Part()

    def callbacks(self) -> "MultipartCallbacks":
        """As the parser wants them."""
        return {
            "on_part_begin": self._begin,
            "on_header_field": lambda data, start, end: self._add(0, data[start:end]),
            "on_header_value": lambda data, start, end: self._add(1, data[start:end]),
            "on_header_end": self._end_header,
            "on_headers_finished": self._open,
            "on_part_data": lambda data, start, end: self.write(data[start:end]),
            "on_part_end": self.close,
            "on_end": self._end,
        }

    def abandon(self) -> None:
        """Delete what was stored."""
        if self._part.file is not None:
            self._part.file.close()
            (self.form.folder / self._part.stored).unlink(missing_ok=True)
        self.form.discard()

    def _begin(self) -> None:
        self._parts += 1
        if self._parts > MAX_PARTS:
            raise InvalidInput(f"the form has more than {MAX_PARTS} parts")
        self._headers, self._part = {}, _Part()

    def _add(self, which: int, data: bytes) -> None:
        self._header[which].extend(data)
        if len(self._header[0]) + len(self._header[1]) > MAX_HEADER_BYTES:
            raise InvalidInput("a header of the form is too long")

    def _end_header(self) -> None:
        self._headers[bytes(self._header[0]).lower()] = bytes(self._header[1])
        self._header = (bytearray(), bytearray())

    def _open(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        name = options.get(b"name", b"").decode("utf-8", "replace")
        self._part.name = name
        if b"filename" in options:
            self.begin_file(name, options[b"filename"].decode("utf-8", "replace"))

    def begin_file(self, name: str, file_name: str) -> None:
        """What is written from now on is a file of this form field and client's file name."""
        part, self._digest = self._part, sha256()
        part.name = name
        if len(self.form.files) >= self._max_files:
            raise InvalidInput(f"at most {counted(self._max_files, 'file')} can be sent at once")
        part.file_name = shown_name(file_name)
        suffix = Path(part.file_name).suffix
        part.stored = secrets.token_hex(16) + (suffix.lower() if _SUFFIX.fullmatch(suffix) else "")
        descriptor = os.open(self.form.folder / part.stored, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        part.file = os.fdopen(descriptor, "wb")

    def write(self, data: bytes) -> None:
        """Take a piece of the field or file that is open."""
        part = self._part
        if part.file is None:
            part.text.extend(data)
            if len(part.text) > MAX_FIELD_BYTES:
                raise InvalidInput(f"the field {part.name!r} is longer than {MAX_FIELD_BYTES} bytes")
            return
        self._received += len(data)
        if self._received > self._max_bytes:
            raise UploadTooLarge(f"at most {self._max_bytes} bytes are accepted")
        part.size += len(data)
        self._digest.update(data)
        part.file.write(data)

    def close(self) -> None:
        """The field or file is complete."""
        part = self._part
        if part.file is None:
            if part.name in self.form.fields:
                raise InvalidInput(f"the field {part.name!r} was sent more than once")
            self.form.fields[part.name] = part.text.decode("utf-8", "replace")
            return
        part.file.close()
        part.file = None
        upload = Upload(part.file_name or "audio", part.stored, self._digest.hexdigest(), part.size)
        self.form.files.append((part.name, upload))

    def _end(self) -> None:
        self.ended = True


def shown_name(name: str) -> str:
    """A client's file name without folders and control characters, shortened; still attacker text."""
    last = re.split(r"[\\/]", name)[-1]
    clean = "".join(c for c in last if not invisible(c))  # drops controls and direction marks too
    if not clean.strip(" ."):  # a folder's name, or none
        return "audio"
    stem, dot, suffix = clean.strip().rpartition(".")
    if dot and len(suffix) <= 5:
        return f"{stem[: MAX_NAME - 6]}.{suffix}"
    return clean.strip()[:MAX_NAME]
