"""Two files side by side: what is told.

Made by `python -m lab.client` from the server's OpenAPI document: not to be edited.
"""

from __future__ import annotations

from typing import Any, Literal, TypedDict

from .shared import Alignment, Problem


class Compared(TypedDict):
    """What was found: `trackmark compare --json` prints the same.

    Attributes:
        original: what is known of it, as in an audit's findings
        same_bytes: both are the same file
    """

    original: dict[str, Any]
    suspect: dict[str, Any]
    same_bytes: bool
    alignment: Alignment
    elapsed_s: float


class ComparisonAnswer(TypedDict):
    """A comparison: queued, running, or finished with what was found or a problem.

    Attributes:
        attempts: how often it was started
        cancel_requested_at: when it was asked to stop at its next step
        audio_deleted_at: when the uploaded audio was erased
    """

    id: str
    state: Literal["queued", "running", "succeeded", "failed", "cancelled", "expired"]
    stage: str | None
    progress: float
    attempts: int
    priority: Literal["low", "normal", "high"]
    cancel_requested_at: str | None
    original: FileSent
    suspect: FileSent
    created_at: str
    started_at: str | None
    finished_at: str | None
    audio_deleted_at: str | None
    comparison: Compared | None
    problem: Problem | None
    links: dict[str, str]


class FileSent(TypedDict):
    """One of the two files, as it was sent.

    Attributes:
        file: its name as uploaded: escape it before display
    """

    file: str
    sha256: str
    size_bytes: int
