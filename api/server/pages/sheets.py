"""Rows as a table to keep (CSV), sent while they are read."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

from fastapi.responses import StreamingResponse

from api.jobs.tables import cell

BOM = "\ufeff"
"""Without it a spreadsheet takes UTF-8 for the machine's own letters."""
AT_ONCE = 500
"""Rows that are sent together: each sending is a turn in a thread, which takes longer than its rows do."""
Row = tuple[Any, ...]


def sheet(name: str, columns: Sequence[str], rows: Iterable[Row]) -> StreamingResponse:
    """A download; its texts are written as `cell` says.

    Args:
        name: of the file, without its suffix.
        columns: names of the columns.
        rows: as long as the columns; the first is read before anything is sent, so that what is wrong with a
            search is still told.
    """
    left = iter(rows)
    first = next(left, None)
    told = left if first is None else chain([first], left)
    head = {"Content-Disposition": f'attachment; filename="{name}.csv"', "Cache-Control": "no-store"}
    parts = _parts(chain([tuple(columns)], told))
    return StreamingResponse(parts, media_type="text/csv; charset=utf-8", headers=head)


def _parts(rows: Iterable[Row]) -> Iterator[str]:
    out = io.StringIO(newline="")
    out.write(BOM)
    writer = csv.writer(out)
    for count, row in enumerate(rows, start=1):
        writer.writerow(map(cell, row))
        if count % AT_ONCE == 0:
            yield out.getvalue()
            out.seek(0)
            out.truncate()
    yield out.getvalue()
