"""Reading the manifest of a batch, JSON or CSV; a wrong row is told and stops no other."""

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from api.errors import told
from api.jobs.batches import MOST_ROWS, Wish
from api.server import fields
from api.server.inputs import UNSTORABLE, check_json
from api.server.refusals import UnsupportedMedia
from core.errors import InvalidInput, TrackmarkError

MOST_BYTES = 4 * 1024 * 1024
JSON, CSV = "application/json", "text/csv"
NAMES = ("reference", "upload_id", "uri")
FIELDS = ("artist", "checks", "retain", "search", "priority")
_COLUMNS = (*NAMES, *FIELDS)
_MARKS = MOST_ROWS * 2 * len(_COLUMNS)

Read = Callable[[Mapping[str, str]], Mapping[str, Any]]
"""Makes the fields of a form what the job shall do; raises `TrackmarkError`."""


def wishes_of(body: bytes, media: str, read: Read, check: Callable[[str], None]) -> list[Wish]:
    """What every row asks for, in order.

    Args:
        body: the manifest.
        media: its content type.
        read: see `Read`; asked once for rows that say the same.
        check: raises `TrackmarkError` for the address of an object that may not be fetched.

    Raises:
        UnsupportedMedia: the manifest is of another kind.
        InvalidInput: it cannot be read, or has no rows or too many.
    """
    kind = media.partition(";")[0].strip().lower()
    if kind not in (JSON, CSV):
        raise UnsupportedMedia(f"send the manifest as {JSON} or {CSV}")
    rows, defaults = _json(body) if kind == JSON else (_csv(body), {})
    if not 1 <= len(rows) <= MOST_ROWS:
        raise InvalidInput(f"a manifest has 1 to {MOST_ROWS} rows; this one has {len(rows)}")
    known: dict[tuple[tuple[str, str], ...], Mapping[str, Any] | TrackmarkError] = {}
    return [_wish(row, defaults, read, check, known) for row in rows]


def _json(body: bytes) -> tuple[Sequence[Any], Mapping[str, str]]:
    found = check_json(body, most_marks=_MARKS)
    if not isinstance(found, Mapping) or not isinstance(found.get("items"), list):
        raise InvalidInput('a manifest is an object with a list "items"')
    if unknown := sorted(set(found) - {"items", "defaults"}):
        raise InvalidInput(f"unknown in the manifest: {', '.join(map(repr, unknown))}")
    defaults = _texts(found.get("defaults", {}))
    fields.only(defaults, FIELDS)
    return found["items"], defaults


def _csv(body: bytes) -> Sequence[Any]:
    try:
        reader = csv.DictReader(io.StringIO(body.decode("utf-8-sig"), newline=""), strict=True)
        fields.only(dict.fromkeys(reader.fieldnames or (), ""), _COLUMNS)
        if len(set(reader.fieldnames or ())) < len(reader.fieldnames or ()):
            raise InvalidInput("a column is there twice")
        return list(_lines(reader))
    except UnicodeDecodeError:
        raise InvalidInput("the manifest is no UTF-8") from None
    except csv.Error as error:
        raise InvalidInput(f"the manifest is no CSV: {error}") from error


def _lines(reader: "csv.DictReader[str]") -> Iterator[Any]:
    for number, line in enumerate(reader):
        if number > MOST_ROWS:
            break
        # A short line lacks values, a long one has some under no name: neither is guessed at.
        yield line if None not in line and None not in line.values() else "a line of another length"


def _wish(
    row: Any, defaults: Mapping[str, str], read: Read, check: Callable[[str], None], known: dict[Any, Any]
) -> Wish:
    reference: str | None = None
    upload_id: str | None = None
    try:
        sent = _texts(row)
        fields.only(sent, _COLUMNS)
        reference = fields.text(sent, "reference", limit=200)
        upload_id = fields.text(sent, "upload_id", limit=64)
        uri = fields.text(sent, "uri", limit=1200)
        if upload_id is None and uri is None:
            raise InvalidInput("the row names no upload_id and no uri")
        if upload_id is not None and uri is not None:
            raise InvalidInput("the row names an upload_id and a uri; give one of them")
        if uri is not None:
            check(uri)
        asked = {**defaults, **{name: value for name, value in sent.items() if name in FIELDS and value}}
        key = tuple(sorted(asked.items()))
        if key not in known:
            known[key] = _read(read, asked)
        if isinstance(known[key], TrackmarkError):
            raise known[key]
        return Wish(reference, upload_id, known[key] if uri is None else {**known[key], "source": uri})
    except TrackmarkError as error:
        return Wish(reference, upload_id, None, told(error))


def _read(read: Read, asked: Mapping[str, str]) -> Mapping[str, Any] | TrackmarkError:
    try:
        return read(asked)
    except TrackmarkError as error:
        return error


def _texts(row: Any) -> dict[str, str]:
    """The fields of a row as a form has them."""
    if not isinstance(row, Mapping):
        raise InvalidInput("a row is an object, or a line with a value for every column")
    found: dict[str, str] = {}
    for name, value in row.items():
        if isinstance(value, bool):
            value = "true" if value else "false"
        if value is not None and not isinstance(value, str):
            raise InvalidInput(f"{name} is neither a text nor true or false")
        if UNSTORABLE.search(value or ""):
            raise InvalidInput(f"{name} holds NUL or half of a surrogate pair")
        found[name] = value or ""
    return found
