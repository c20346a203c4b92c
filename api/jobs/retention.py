"""Ends what a tenant keeps no longer: audio, audits, tagged files, voice prints, unless a hold keeps them.

Files go before the transaction that says so commits: whoever is cut short does it again.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, Engine, Select, and_, delete, exists, false, func, not_, select, update

from api import database
from api.database.tables import Table
from api.jobs.books import Jobs
from api.jobs.files import JobFiles
from api.jobs.job import FINISHED, Job, Kind
from api.jobs.work import LISTENING_COPY
from api.outbox import trail
from api.retention import holds, rules
from core import clock

What = Literal["audio", "report", "batch", "tagged-file", "tagging", "voice-print"]
_JOBS = Table.metadata.tables["jobs"]
_IDEMPOTENT = Table.metadata.tables["idempotent_requests"]
_ARTISTS = Table.metadata.tables["artists"]
_BATCHES = Table.metadata.tables["batches"]
_ITEMS = Table.metadata.tables["batch_items"]
_PLACES: dict[Kind, str] = {"audit": "/v1/audits", "track": "/v1/tracks", "comparison": "/v1/comparisons"}
_REPORTED: tuple[Kind, ...] = ("audit", "comparison")
_WHOLE: tuple[What, ...] = ("report", "tagging")
"""What takes everything else of its job along."""
_FIELDS: dict[What, str] = {
    "audio": "audio",
    "report": "reports",
    "tagging": "tagged",
    "tagged-file": "tagged",
    "voice-print": "voices",
}
"""Which number of `rules.Days` ends what."""
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
        return [one for rule in rules.every(self._engine) for one in self.due_by(rule, now)]

    def due_by(self, rule: rules.Rule, now: datetime) -> list[Ended]:
        """What a sweep would end at this moment of one tenant, if it had set a rule."""
        found: dict[tuple[What, str], Ended] = {}
        whole: set[str] = set()
        with database.reading(self._engine) as connection:
            for what, conditions in _jobs_due(rule, now):
                rows = connection.execute(select(_JOBS.c.id, _JOBS.c.kind).where(*conditions))
                for row in rows:
                    place = f"{_PLACES[row.kind]}/{row.id}"
                    if place not in whole:  # with an audit goes its audio
                        found[what, place] = Ended(rule.tenant, what, place)
                    if what in _WHOLE:
                        whole.add(place)
            batches = connection.execute(select(_BATCHES.c.id).where(*_batches_due(rule, now)))
            for batch_id in batches.scalars():
                place = f"/v1/batches/{batch_id}"
                found["batch", place] = Ended(rule.tenant, "batch", place)
            voices = connection.execute(select(_ARTISTS.c.id).where(*_voices_due(rule, now)))
            for artist_id in voices.scalars():
                place = f"/v1/artists/{artist_id}"
                found["voice-print", place] = Ended(rule.tenant, "voice-print", place)
        return list(found.values())

    def first_ends(self, rule: rules.Rule) -> dict[What, datetime]:
        """When the oldest of what a tenant has ends, by what it is; what no number ends has no entry.

        What a hold keeps counts as if it were not there. A batch ends with the last of its audits.
        """
        ever = clock.now() + timedelta(days=2 * rules.MOST_DAYS)
        found: dict[What, datetime | None] = {}
        with database.reading(self._engine) as connection:
            for what, conditions in _jobs_due(rule, ever):
                oldest = select(func.min(_JOBS.c.finished_at)).where(*conditions)
                found[what] = connection.execute(oldest).scalar_one()
            voices = select(func.min(_ARTISTS.c.created_at)).where(*_voices_due(rule, ever))
            found["voice-print"] = connection.execute(voices).scalar_one()
        days = {what: getattr(rule.days, _FIELDS[what]) for what in found}
        return {what: at + timedelta(days=days[what]) for what, at in found.items() if at is not None}

    def sweep(self, now: datetime) -> list[Ended]:
        """End what is due; every end is in the audit trail."""
        ended: list[Ended] = []
        for rule in rules.every(self._engine):
            for what, conditions in _jobs_due(rule, now):
                for job_id in self._ids(select(_JOBS.c.id).where(*conditions)):
                    ended += self._end_job(what, job_id, conditions, now)
            for batch_id in self._ids(select(_BATCHES.c.id).where(*_batches_due(rule, now))):
                ended += self._end_batch(batch_id, _batches_due(rule, now), rule.tenant)
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
            elif what == "tagged-file":
                self._files.discard_folder(job_id)
                gone = update(_JOBS).where(_JOBS.c.id == job_id).values(tagged_deleted_at=now)
                connection.execute(gone)
            else:
                self._files.discard(job)
                connection.execute(delete(_IDEMPOTENT).where(_IDEMPOTENT.c.job_id == job_id))
                connection.execute(delete(_JOBS).where(_JOBS.c.id == job_id))
            place = f"{_PLACES[job.kind]}/{job_id}"
            trail.done(connection, job.tenant, f"retention.{what}", place)
        yield Ended(job.tenant, what, place)

    def _end_batch(self, batch_id: str, conditions: Conditions, tenant: str) -> Iterator[Ended]:
        place = f"/v1/batches/{batch_id}"
        with database.writing(self._engine) as connection:
            holds.lock(connection)
            gone = delete(_BATCHES).where(_BATCHES.c.id == batch_id, *conditions)
            if connection.execute(gone).rowcount == 0:
                return
            trail.done(connection, tenant, "retention.batch", place)
        yield Ended(tenant, "batch", place)

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
    old = rules.due(rule.days.reports, now)
    if old is not None:
        yield "report", _reports_due(rule, old)
    old = rules.due(rule.days.tagged, now)
    if old is not None:
        taggings = (*_ended(rule, old), _JOBS.c.kind == "track")
        yield "tagging", (*taggings, _JOBS.c.state != "succeeded")
        yield "tagged-file", (*taggings, _JOBS.c.state == "succeeded", _JOBS.c.tagged_deleted_at.is_(None))
    old = rules.due(rule.days.audio, now)
    if old is not None:
        kept = (_JOBS.c.kind.in_(_PLACES), _JOBS.c.audio_deleted_at.is_(None))
        yield "audio", (*_ended(rule, old), *kept)


def _ended(rule: rules.Rule, old: datetime) -> Conditions:
    """Jobs of a tenant that ended before, and that no hold keeps."""
    ended = (_JOBS.c.tenant == rule.tenant, _JOBS.c.state.in_(FINISHED), _JOBS.c.finished_at <= old)
    return (*ended, ~holds.keeps(_JOBS.c.id, _JOBS.c.tenant))


def _reports_due(rule: rules.Rule, old: datetime) -> Conditions:
    return (*_ended(rule, old), _JOBS.c.kind.in_(_REPORTED))


def _batches_due(rule: rules.Rule, now: datetime) -> Conditions:
    """Which batches end: those of whose audits every one has ended or is due."""
    old = rules.due(rule.days.reports, now)
    if old is None:
        return (false(),)
    of_batch = (_JOBS.c.id == _ITEMS.c.job_id, _ITEMS.c.batch_id == _BATCHES.c.id)
    kept = select(_JOBS.c.id).where(*of_batch, not_(and_(*_reports_due(rule, old)))).correlate(_BATCHES)
    return (_BATCHES.c.tenant == rule.tenant, _BATCHES.c.completed_at <= old, ~exists(kept))


def _voices_due(rule: rules.Rule, now: datetime) -> Conditions:
    """Which artists' voice prints end."""
    old = rules.due(rule.days.voices, now)
    mine = (_ARTISTS.c.tenant == rule.tenant, ~holds.keeps_artist(_ARTISTS.c.id, _ARTISTS.c.tenant))
    return (false(),) if old is None else (*mine, _ARTISTS.c.created_at <= old)
