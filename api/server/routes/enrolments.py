"""Enrolments that were not waited for: follow them, stop them."""

from datetime import datetime

from fastapi import APIRouter, Response
from pydantic import Field

from api.jobs.job import Job, State
from api.registry.artists import enrolment_warnings
from api.server.answers import problem_of
from api.server.parts import ArtistWriter, Parts, PartsDep
from api.server.route import Route
from api.server.routes import job_files
from api.server.routes.openapi import problems
from api.server.schemas import ArtistAnswer, Model, Problem

router = APIRouter(prefix="/v1/enrolments", tags=["artists"], route_class=Route)


class EnrolmentAnswer(Model):
    """An enrolment: queued, running, or finished with an artist or a problem."""

    id: str
    state: State
    progress: float = Field(ge=0, le=1)
    created_at: datetime
    finished_at: datetime | None
    artist: ArtistAnswer | None
    problem: Problem | None
    links: dict[str, str]

    @classmethod
    def of(cls, job: Job, parts: Parts) -> "EnrolmentAnswer":
        """The enrolment as clients see it; `UnknownEntry` where the artist was erased meanwhile."""
        return cls(
            id=job.id,
            state=job.state,
            progress=job.progress,
            created_at=job.created_at,
            finished_at=job.finished_at,
            artist=None if job.result is None else enrolled(job, parts),
            problem=None if job.error is None else Problem(**problem_of(job.error)),
            links={"self": f"/v1/enrolments/{job.id}"},
        )


def enrolled(job: Job, parts: Parts) -> ArtistAnswer:
    """The artist that a job has enrolled; raises `UnknownEntry` where it was erased since."""
    result, artists = job.result or {}, parts.registry.for_tenant(job.tenant).artists
    artist, alike = artists.find(result["artist_id"]), artists.named(result.get("alike", ()))
    return ArtistAnswer.of(artist, enrolment_warnings(1 + len(job.request["also_stored"]), alike))


@router.get(
    "/{enrolment_id}", operation_id="getEnrolment", summary="Follow an enrolment", responses=problems(404)
)
def get(enrolment_id: str, response: Response, parts: PartsDep, caller: ArtistWriter) -> EnrolmentAnswer:
    """The enrolment's state and, once it succeeded, the artist."""
    return EnrolmentAnswer.of(job_files.follow("enrolment", enrolment_id, parts, caller, response), parts)


@router.post(
    "/{enrolment_id}/cancel",
    operation_id="cancelEnrolment",
    summary="Stop an enrolment",
    responses=problems(404, 409),
)
def cancel(enrolment_id: str, parts: PartsDep, caller: ArtistWriter) -> EnrolmentAnswer:
    """End what waits at once. What runs stops at its next step: follow it until it is `cancelled`."""
    return EnrolmentAnswer.of(job_files.cancel("enrolment", enrolment_id, parts, caller), parts)
