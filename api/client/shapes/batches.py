"""Audits of many uploads, by a manifest: what is told.

Made by `python -m lab.client` from the server's OpenAPI document: not to be edited.
"""

from __future__ import annotations

from typing import TypedDict

from .shared import Problem


class BatchAnswer(TypedDict):
    """A batch and how far it has come.

    Attributes:
        sha256: of the manifest
        states: rows by state: those of audits, and `waiting`, `refused` and `erased`
        progress: the part of the rows that has ended
        cancelled_at: when it was asked to stop
        completed_at: when the last row had ended
    """

    id: str
    sha256: str
    rows: int
    states: dict[str, int]
    progress: float
    created_at: str
    cancelled_at: str | None
    completed_at: str | None
    links: dict[str, str]


class BatchResult(TypedDict):
    """A row of a batch and what became of it.

    Attributes:
        row: from 1, in the order of the manifest
        uri: of an object that was fetched
        file: escape it before display
        problem: why the row was refused, or its audit failed
    """

    row: int
    reference: str | None
    upload_id: str | None
    uri: str | None
    audit_id: str | None
    state: str
    file: str | None
    sha256: str | None
    decision: str | None
    ownership: str | None
    record_id: str | None
    ai_verdict: str | None
    ai_score: float | None
    problem: Problem | None
    links: dict[str, str]
