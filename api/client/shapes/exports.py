"""Audits, records and cases as one table: what is told.

Made by `python -m lab.client` from the server's OpenAPI document: not to be edited.
"""

from __future__ import annotations

from typing import Literal, TypedDict

from .shared import Problem


class ExportAnswer(TypedDict):
    """An export and, once it is made, where its file is.

    Attributes:
        rows: in the file, once it is made
        sha256: of the file
        expires_at: until when the file can be fetched
    """

    id: str
    what: Literal["audits", "records", "cases"]
    format: Literal["parquet", "csv", "jsonl"]
    created_from: str | None
    created_to: str
    state: Literal["queued", "running", "succeeded", "failed", "cancelled", "expired"]
    rows: int | None
    size_bytes: int | None
    sha256: str | None
    created_at: str
    finished_at: str | None
    expires_at: str | None
    problem: Problem | None
    links: dict[str, str]
