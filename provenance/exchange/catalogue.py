"""Read a label's catalogue from CSV: usable rows as draft records, all others with every reason.

Columns are those of `table.COLUMNS`; `file`, `title` and `owner` (or `rights`) are needed. Unknown columns
are reported, and facts that only the registry knows are ignored.
"""

import csv
import io
import unicodedata
from dataclasses import astuple, dataclass

from core.counted import counted
from core.errors import RecordError
from provenance.exchange.catalogue_row import Reason, draft
from provenance.exchange.table import COLUMNS, FACTS, guarded, unguarded
from provenance.records.record import OwnershipRecord

MAX_ROWS = 100_000
MAX_BYTES = 100 << 20


class CatalogueError(RecordError):
    """The table as a whole cannot be read: encoding, header, or size."""


@dataclass(frozen=True)
class Entry:
    """A usable row: its line in the file, the audio file that it names, and the draft of its record.

    What depends on the audio is a placeholder in the draft, to be replaced before it is signed.
    """

    line: int
    file: str
    draft: OwnershipRecord


@dataclass(frozen=True)
class Rejected:
    """Why a row cannot be imported: one reason for each thing that is wrong with it."""

    line: int
    column: str
    value: str
    reason: str


@dataclass(frozen=True)
class Catalogue:
    """What a table holds; a line is either an entry or rejected, never both and never neither."""

    entries: tuple[Entry, ...]
    rejected: tuple[Rejected, ...]
    ignored_columns: tuple[str, ...] = ()


def read_catalogue(data: bytes, *, issuer: str | None = None, keyid: str | None = None) -> Catalogue:
    """Read a table.

    Args:
        data: UTF-8 text; commas, semicolons or tabs between the cells, told by the header line.
        issuer: who makes the statements; None takes each row's owner.
        keyid: the key that will sign.

    Raises:
        CatalogueError: not UTF-8, too large, without a usable header line, or broken quoting.
    """
    rows, ignored = _rows(data)
    entries: list[Entry] = []
    rejected: list[Rejected] = []
    seen: dict[tuple[str, str], int] = {}
    for line, cells in rows:
        record, reasons = draft(cells, issuer=issuer, keyid=keyid)
        names = {"file": cells["file"], "isrc": (record and record.asset.isrc) or ""}
        for column, value in names.items():
            earlier = seen.setdefault((column, value), line) if value else line
            if earlier != line:
                reasons.append(Reason(column, value, f"line {earlier} has the same {column}"))
        if record is None or reasons:
            rejected.extend(Rejected(line, *astuple(reason)) for reason in reasons)
        else:
            entries.append(Entry(line, cells["file"], record))
    return Catalogue(tuple(entries), tuple(rejected), ignored)


def write_report(rejected: tuple[Rejected, ...]) -> str:
    """The rejected rows as CSV: line, column, value, reason."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(("line", "column", "value", "reason"))
    for item in rejected:
        writer.writerow((item.line, item.column, guarded(item.value), guarded(item.reason)))
    return text.getvalue()


def _rows(data: bytes) -> tuple[list[tuple[int, dict[str, str]]], tuple[str, ...]]:
    if len(data) > MAX_BYTES:
        raise CatalogueError(f"the table has {len(data)} bytes; at most {MAX_BYTES} are read")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CatalogueError(
            f"the table is not UTF-8 (byte {error.start}); save it as “CSV UTF-8” and try again"
        ) from error
    head = text.partition("\n")[0]
    delimiter = max(",;\t", key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        header = [cell.strip().lower().replace(" ", "_") for cell in next(reader, [])]
        _check_header(header)
        rows: list[tuple[int, dict[str, str]]] = []
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if len(rows) >= MAX_ROWS:
                raise CatalogueError(f"the table has more than {MAX_ROWS} rows; split it")
            cells = [_clean(cell) for cell in cells] + [""] * (len(header) - len(cells))
            named = dict(zip(header, cells, strict=False))
            if len(cells) > len(header):
                # No column has an empty name, so this cannot hide a cell.
                named[""] = f"{counted(len(cells), 'cell')}, but the header has {len(header)}"
            rows.append((reader.line_num, named))
    except csv.Error as error:
        raise CatalogueError(f"line {reader.line_num} is not CSV: {error}") from error
    return rows, tuple(name for name in header if name not in COLUMNS and name not in FACTS)


def _check_header(header: list[str]) -> None:
    if "" in header:
        raise CatalogueError(f"column {header.index('') + 1} of the header has no name")
    twice = sorted({name for name in header if name and header.count(name) > 1})
    if twice:
        raise CatalogueError(f"the header names {', '.join(twice)} twice")
    missing = [name for name in ("file", "title") if name not in header]
    if "owner" not in header and "rights" not in header:
        missing.append("owner")
    if missing:
        raise CatalogueError(f"the header lacks {', '.join(missing)}; columns are {', '.join(COLUMNS)}")


def _clean(cell: str) -> str:
    return unicodedata.normalize("NFC", unguarded(cell.strip()))
