"""Ends what a tenant keeps no longer: audio, audits and comparisons, voice prints, unless a hold keeps them.

Files go before the transaction that says so commits: whoever is cut short does it again.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Engine, Select, delete, false, select, update

from api import database
from api.database.tables import Table
from api.jobs.books import Jobs
from api.jobs.files import JobFiles
from api.jobs.job import FINISHED, Job, Kind
from api.jobs.work import LISTENING_COPY
from api.outbox import trail
from api.retention import holds, rules

What = Literal["audio", "report", "voice-print"]
_JOBS = Table.metadata.tables["jobs"]
_IDEMPOTENT = Table.metadata.tables["idempotent_requests"]
_ARTISTS = Table.metadata.tables["artists"]
_PLACES: dict[Kind, str] = {"audit": "/v1/audits", "track": "/v1/tracks", "comparison": "/v1/comparisons"}
_REPORTED: tuple[Kind, ...] = ("audit", "comparison")
Conditions = Sequence[ColumnElement[bool]]


@dataclass(frozen=True)
class Ended:
    """Something that is kept no longer.

    Attributes:
        object: its address.
    """

    tenant: str
    what: What
    object: str


class Retention:
    """What is due, and its end.

    Args:
        engine: the database, of all tenants.
        files: where jobs' files lie.
    """

    def __init__(self, engine: Engine, files: JobFiles) -> None:
        self._engine = engine
        self._files = files

    def due(self, now: datetime) -> list[Ended]:
        """Everything that a sweep would end at this moment; nothing is done to it."""
        found: dict[str, Ended] = {}
        with database.reading(self._engine) as connection:
            for rule in rules.every(self._engine):
                for what, conditions in _jobs_due(rule, now):
                    rows = connection.execute(select(_JOBS.c.id, _JOBS.c.kind).where(*conditions))
                    for row in rows:  # with an audit goes its audio
                        place = f"{_PLACES[row.kind]}/{row.id}"
                        found.setdefault(place, Ended(rule.tenant, what, place))
                voices = connection.execute(select(_ARTISTS.c.id).where(*_voices_due(rule, now)))
                for artist_id in voices.scalars():
                    place = f"/v1/artists/{artist_id}"
                    found[place] = Ended(rule.tenant, "voice-print", place)
        return list(found.values())

    def sweep(self, now: datetime) -> list[Ended]:
        """End what is due; every end is in the audit trail."""
        ended: list[Ended] = []
        for rule in rules.every(self._engine):
            for what, conditions in _jobs_due(rule, now):
                for job_id in self._ids(select(_JOBS.c.id).where(*conditions)):
                    ended += self._end_job(what, job_id, conditions, now)
            for artist_id in self._ids(select(_ARTISTS.c.id).where(*_voices_due(rule, now))):
                ended += self._end_voice(artist_id, _voices_due(rule, now), rule.tenant)
        if ended:
            database.forget_traces(self._engine)
        return ended

    def _ids(self, query: Select[Any]) -> list[str]:
        with database.reading(self._engine) as connection:
            return list(connection.execute(query).scalars())

    def _end_job(self, what: What, job_id: str, conditions: Conditions, now: datetime) -> Iterator[Ended]:
        """End the audio or the whole of a job that still is due: a hold may have been placed meanwhile."""
        with database.writing(self._engine) as connection:
            holds.lock(connection)
            row = connection.execute(select(_JOBS).where(_JOBS.c.id == job_id, *conditions)).one_or_none()
            if row is None:
                return
            job = Job(**row._mapping)
            if what == "audio":
                self._files.discard_upload(job)
                self._files.discard_left(job, LISTENING_COPY)
                gone = update(_JOBS).where(_JOBS.c.id == job_id).values(audio_deleted_at=now)
                connection.execute(gone)
            else:
                self._files.discard(job)
                connection.execute(delete(_IDEMPOTENT).where(_IDEMPOTENT.c.job_id == job_id))
                connection.execute(delete(_JOBS).where(_JOBS.c.id == job_id))
            place = f"{_PLACES[job.kind]}/{job_id}"
            trail.done(connection, job.tenant, f"retention.{what}", place)
        yield Ended(job.tenant, what, place)

    def _end_voice(self, artist_id: str, conditions: Conditions, tenant: str) -> Iterator[Ended]:
        place = f"/v1/artists/{artist_id}"
        with database.writing(self._engine) as connection:
            holds.lock(connection)
            gone = delete(_ARTISTS).where(_ARTISTS.c.id == artist_id, *conditions)
            if connection.execute(gone).rowcount == 0:
                return
            trail.done(connection, tenant, "retention.voice-print", place)
        for job in Jobs(self._engine).forget_enrolments(tenant, artist_id):
            self._files.discard(job)
        yield Ended(tenant, "voice-print", place)


def _jobs_due(rule: rules.Rule, now: datetime) -> Iterator[tuple[What, Conditions]]:
    """What ends of jobs, and which jobs these are: whole ones first, whose audio goes along."""
    ended = (_JOBS.c.tenant == rule.tenant, _JOBS.c.state.in_(FINISHED))
    free = ~holds.keeps(_JOBS.c.id, _JOBS.c.tenant)
    old = rules.due(rule.days.reports, now)
    if old is not None:
        yield "report", (*ended, _JOBS.c.kind.in_(_REPORTED), _JOBS.c.finished_at <= old, free)
    old = rules.due(rule.days.audio, now)
    if old is not None:
        kept = (_JOBS.c.kind.in_(_PLACES), _JOBS.c.audio_deleted_at.is_(None))
        yield "audio", (*ended, *kept, _JOBS.c.finished_at <= old, free)


def _voices_due(rule: rules.Rule, now: datetime) -> Conditions:
    """Which artists' voice prints end."""
    old = rules.due(rule.days.voices, now)
    mine = (_ARTISTS.c.tenant == rule.tenant, ~holds.keeps_artist(_ARTISTS.c.id, _ARTISTS.c.tenant))
    return (false(),) if old is None else (*mine, _ARTISTS.c.created_at <= old)
