"""Two files side by side: what is told.

Made by `python -m lab.client` from the server's OpenAPI document: not to be edited.
"""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

from .shared import Problem


class Alignment(TypedDict):
    """Where the original is heard in the suspect.

    Attributes: outcome: `done`, or `inconclusive` where one of the files has nothing to compare. reason:
    why it is inconclusive. score: share of the suspect, in half seconds, that holds a consistent hit, 0 to
    1. stretches: in the order of the suspect; none where nothing was found.
    """

    outcome: Literal["done", "inconclusive"]
    reason: NotRequired[str | None]
    score: NotRequired[float]
    stretches: NotRequired[list[Shared]]


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


class Shared(TypedDict):
    """A stretch of the suspect in which a part of the original is heard.

    Attributes: start_s: where it begins in the suspect, in seconds; to about one, as are the others. end_s:
    where it ends there. original_start_s: where it begins in the original. original_end_s: where it ends
    there. speed: how much faster the suspect plays (1.05: five per cent). pitch_semitones: how much higher.
    p_value: chance of as many agreeing moments in unrelated music; None where it was not kept.
    """

    start_s: float
    end_s: float
    original_start_s: float
    original_end_s: float
    speed: float
    pitch_semitones: float
    p_value: NotRequired[float | None]
