"""Tracks: tagged with a mark, a signed record and credentials: what is told.

Made by `python -m lab.client` from the server's OpenAPI document: not to be edited.
"""

from __future__ import annotations

from typing import Any, Literal, TypedDict

from .shared import Problem


class TrackAnswer(TypedDict):
    """A tagging: queued, running, or finished with a tagged file and its record, or a problem.

    Attributes:
        attempts: how often it was started
        cancel_requested_at: when it was asked to stop at its next step
        tagged_deleted_at: when the tagged file was erased
        result: record_id, leaf_index, sha256 of the tagged file, snr_db, warnings
    """

    id: str
    state: Literal["queued", "running", "succeeded", "failed", "cancelled", "expired"]
    stage: str | None
    progress: float
    attempts: int
    priority: Literal["low", "normal", "high"]
    cancel_requested_at: str | None
    file: str
    sha256: str
    size_bytes: int
    created_at: str
    started_at: str | None
    finished_at: str | None
    audio_deleted_at: str | None
    tagged_deleted_at: str | None
    title: str
    owner: str
    result: dict[str, Any] | None
    problem: Problem | None
    links: dict[str, str]
