"""Lookups by content that were not waited for: follow them."""

from datetime import datetime

from fastapi import APIRouter, Response
from pydantic import Field

from api.jobs.job import Job, State
from api.server.answers import problem_of
from api.server.parts import PartsDep, RecordReader
from api.server.route import Route
from api.server.routes import job_files
from api.server.routes.openapi import problems
from api.server.schemas import Model, Problem

router = APIRouter(prefix="/v1/lookups", tags=["c2pa"], route_class=Route)


class Match(Model):
    """A manifest that belongs to the asset."""

    manifestId: str = Field(examples=["urn:c2pa:7f66ebc8-c90a-40f8-81da-4428a84b833c"])  # noqa: N815  # C2PA's name
    similarityScore: int | None = Field(default=None, ge=0, le=100)  # noqa: N815


class LookupAnswer(Model):
    """A lookup: queued, running, or finished with matches or a problem."""

    id: str
    state: State
    progress: float = Field(ge=0, le=1)
    created_at: datetime
    finished_at: datetime | None
    matches: list[Match] | None
    problem: Problem | None
    links: dict[str, str]

    @classmethod
    def of(cls, job: Job) -> "LookupAnswer":
        """The lookup as clients see it."""
        return cls(
            id=job.id,
            state=job.state,
            progress=job.progress,
            created_at=job.created_at,
            finished_at=job.finished_at,
            matches=None if job.result is None else found(job),
            problem=None if job.error is None else Problem(**problem_of(job.error)),
            links={"self": f"/v1/lookups/{job.id}"},
        )


def found(job: Job) -> list[Match]:
    """What a lookup that succeeded has found, best first."""
    return [Match(**match) for match in (job.result or {})["matches"]]


@router.get("/{lookup_id}", operation_id="getLookup", summary="Follow a lookup", responses=problems(404))
def get(lookup_id: str, response: Response, parts: PartsDep, caller: RecordReader) -> LookupAnswer:
    """The lookup's state and, once it succeeded, what it found. It is kept for a day."""
    return LookupAnswer.of(job_files.follow("lookup", lookup_id, parts, caller, response))
