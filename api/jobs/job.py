"""A job: what it is and may become, as the books keep it and workers read it."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Literal, get_args

from api.errors import OURS, JobCancelled, told
from core import clock

Kind = Literal["audit", "track", "comparison", "lookup", "enrolment", "export"]
Listed = Literal["audit", "track", "comparison"]
KINDS: frozenset[Kind] = frozenset(get_args(Kind))
BRIEF: frozenset[Kind] = frozenset({"lookup", "enrolment"})
"""Kinds that a request may wait for: they have places of their own, so that no long job holds them up."""
State = Literal["queued", "running", "succeeded", "failed", "cancelled", "expired"]
FINISHED: frozenset[State] = frozenset({"succeeded", "failed", "cancelled", "expired"})
Priority = Literal["low", "normal", "high"]
PRIORITIES: Mapping[Priority, int] = {"low": -1, "normal": 0, "high": 1}

CANCELLED = told(JobCancelled("the job was cancelled"))


@dataclass(frozen=True)
class Upload:
    """A received file on disk.

    Attributes:
        name: as the client called it (attacker text), shortened and without control characters.
        stored: file name inside `Settings.uploads`; empty where the job needs no file.
    """

    name: str
    stored: str
    sha256: str
    size_bytes: int


class Written(Mapping[str, Any]):
    """A JSON object as it was written, read when somebody looks into it: most answers only pass it on.

    >>> found = Written('{"score": 0.5}')
    >>> found["score"], found == {"score": 0.5}, found.as_written
    (0.5, True, '{"score": 0.5}')

    Attributes:
        as_written: its text.
    """

    def __init__(self, as_written: str) -> None:
        self.as_written = as_written

    @cached_property
    def _read(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.as_written)
        return found

    def __getitem__(self, name: str) -> Any:
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._read)

    def __len__(self) -> int:
        return len(self._read)


@dataclass(frozen=True)
class Job:
    """One row of the books.

    Attributes:
        attempts: how often it was started; orderly ends of a worker are not counted.
        audio_deleted_at: when the uploaded file was erased.
        tagged_deleted_at: when the file that a tagging made was erased.
        priority: among the jobs of its tenant, higher first.
        queued_at: when it was last queued, if that was after it was entered.
        cancel_requested_at: when a client asked to stop the running job.
        worker: who holds it, in words; None while nobody does.
        fence: grows each time the job is taken. Only who knows the newest number may write to the row.
        leased_until: when it goes to somebody else unless the holder shows a sign of life.
        trace: the span that asked for it (`api.telemetry.traceparent`).
        listed_as: up to which state lists find it by its terms (`api.jobs.finding`).
    """

    id: str
    tenant: str
    kind: Kind
    state: State
    stage: str | None
    progress: float
    attempts: int
    file_name: str
    sha256: str
    size_bytes: int
    request: Mapping[str, Any]
    result: Mapping[str, Any] | None
    error: Mapping[str, Any] | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    audio_deleted_at: datetime | None
    priority: int
    queued_at: datetime | None
    cancel_requested_at: datetime | None
    worker: str | None
    fence: int
    leased_until: datetime | None
    listed_as: str | None = None
    tagged_deleted_at: datetime | None = None
    trace: str | None = None


def keeps_audio(job: Job) -> bool:
    """Whether an ended job's upload stays: because that was asked for, or for another try.

    What failed through no fault of the file's may be tried again for `Settings.retry_hours`.
    """
    if job.request.get("retain"):
        return True
    if job.kind in BRIEF:  # who asked has the file, and was told that it is erased
        return False
    return job.state == "failed" and job.error is not None and job.error["code"] in OURS


def stored_names(request: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of a job's uploaded files inside `Settings.uploads`; an export has none."""
    names = (request["stored"], *request.get("also_stored", ()))
    return tuple(str(name) for name in names if name)


def stored_digests(job: Job) -> tuple[str | None, ...]:
    """The SHA-256 of each file of `stored_names`; None where an earlier release did not keep it."""
    names = stored_names(job.request)
    more = job.request.get("also_sha256", (None,) * (len(names) - 1))
    return (job.sha256, *more)[: len(names)]


def ended(state: State, error: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The columns of a job that has ended, without a result."""
    return {
        "state": state,
        "progress": 1.0,
        "stage": None,
        "error": error,
        "finished_at": clock.now(),
        "worker": None,
        "leased_until": None,
    }
