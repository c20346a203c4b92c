"""Where registered tracks are heard in the files of a scan: a table of its own, made of its rows."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from api.audit.json_form import Json

COLUMNS: dict[str, str] = {
    "record_id": "string",
    "file": "string",
    "start_s": "float64",
    "end_s": "float64",
    "track_start_s": "float64",
    "speed": "float64",
    "pitch_semitones": "float64",
    "score": "float64",
    "p_value": "float64",
}
"""Names of the columns and their Arrow types."""


def matches(rows: Iterable[Mapping[str, Any]]) -> Iterator[Json]:
    """One row for each stretch of each registered track in each file, in the order of the files.

    Args:
        rows: of a scan.
    """
    for row in rows:
        found = json.loads(row["findings"])["fingerprint"] if row["findings"] else []
        for match in found:
            for stretch in match["stretches"]:
                said = {**match, **stretch, "file": row["file"]}  # of the stretch where both have a field
                yield {name: said[name] for name in COLUMNS}
