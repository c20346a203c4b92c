"""Batches: a manifest's rows become audits, each once, and when the last has ended that is told once.

The rows are the truth: one that has neither a job nor a problem waits. A job and the mark in its row are
written in one transaction, so whoever goes on after a crash finds what is left to do and nothing twice.
"""

import json
import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, and_, delete, exists, func, insert, or_, select, update

from api import database, telemetry
from api.database.tables import Table
from api.database.tenancy import suspended
from api.errors import JobCancelled, StoreUnavailable, UnknownEntry, told
from api.jobs.entering import enter
from api.jobs.job import CANCELLED, FINISHED, Upload, ended
from api.jobs.sources import Sources
from api.lists.cursors import Cursors
from api.outbox.outbox import tell
from api.settings import Settings
from api.uploads import Uploads
from core import clock
from core.errors import TrackmarkError

log = logging.getLogger(__name__)

MOST_ROWS = 10_000
AT_ONCE = 25
"""Rows that become jobs in one transaction, so that nobody waits long for the database."""

_BATCHES = Table.metadata.tables["batches"]
_ITEMS = Table.metadata.tables["batch_items"]
_JOBS = Table.metadata.tables["jobs"]
_CODE = _ITEMS.c.problem["code"].as_string()
_WAITS = and_(_ITEMS.c.job_id.is_(None), _ITEMS.c.problem.is_(None))


@dataclass(frozen=True)
class Wish:
    """What a row of a manifest asks for.

    Attributes:
        reference: the client's own name for it.
        request: of the audit; None where the row is wrong.
        problem: why it is.
    """

    reference: str | None
    upload_id: str | None
    request: Mapping[str, Any] | None
    problem: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Batch:
    """A batch and how many of its rows are in which state.

    Attributes:
        sha256: of the manifest.
        states: states of jobs, and `waiting`, `refused` and `erased`.
        cancelled_at: when it was asked to stop.
        completed_at: when the last of it had ended.
    """

    id: str
    sha256: str
    rows: int
    created_at: datetime
    cancelled_at: datetime | None
    completed_at: datetime | None
    states: Mapping[str, int]


@dataclass(frozen=True)
class Result:
    """A row of a batch and what became of it.

    Attributes:
        state: that of its job; `waiting`, `refused` or, where the audit was deleted, `erased`.
        problem: of the row, or of the job.
        found: the audit's result.
    """

    row: int
    reference: str | None
    upload_id: str | None
    uri: str | None
    audit_id: str | None
    state: str
    file: str | None
    sha256: str | None
    problem: Mapping[str, Any] | None
    found: Mapping[str, Any] | None


@dataclass(frozen=True)
class Batches:
    """The batches of all tenants; every question by a client names its tenant."""

    engine: Engine
    uploads: Uploads
    sources: Sources = field(default_factory=Sources)

    @classmethod
    def of(cls, engine: Engine, settings: Settings) -> "Batches":
        """The batches of this home."""
        return cls(engine, Uploads.of(engine, settings), Sources.of(settings))

    def create(self, batch_id: str, tenant: str, wishes: Sequence[Wish], *, sha256: str) -> Batch:
        """Enter a batch whose rows wait, or find the one of this id that the same request made before."""
        with database.writing(self._of(tenant)) as connection:
            if connection.execute(_one(batch_id, tenant)).first() is None:
                values: dict[str, Any] = {"id": batch_id, "tenant": tenant, "sha256": sha256}
                values["trace"] = telemetry.traceparent()
                connection.execute(
                    insert(_BATCHES).values(**values, rows=len(wishes), created_at=clock.now())
                )
                rows = [
                    {"batch_id": batch_id, "row": number, "tenant": tenant, **vars(wish)}
                    for number, wish in enumerate(wishes, 1)
                ]
                connection.execute(insert(_ITEMS), rows)
        return self.get(batch_id, tenant)

    def get(self, batch_id: str, tenant: str) -> Batch:
        """A tenant's batch; raises `UnknownEntry`."""
        with database.reading(self._of(tenant)) as connection:
            row = connection.execute(_one(batch_id, tenant)).one_or_none()
            if row is None:
                raise UnknownEntry(f"no batch {batch_id}")
            return _batch(row, _states(connection, [batch_id])[batch_id])

    def page(
        self, tenant: str, *, limit: int, cursor: str | None, cursors: Cursors
    ) -> tuple[list[Batch], str | None]:
        """A tenant's batches, newest first, and the cursor of the next page; raises `InvalidInput`."""
        about = json.dumps([tenant, "batches"])
        at, own = _BATCHES.c.created_at, _BATCHES.c.id
        query = select(_BATCHES).where(_BATCHES.c.tenant == tenant)
        if cursor is not None:
            key, last = cursors.read(cursor, about)
            moment = datetime.fromisoformat(key)
            query = query.where(or_(at < moment, and_(at == moment, own < last)))
        with database.reading(self._of(tenant)) as connection:
            rows = connection.execute(query.order_by(at.desc(), own.desc()).limit(limit + 1)).all()
            states = _states(connection, [row.id for row in rows[:limit]])
        shown = [_batch(row, states[row.id]) for row in rows[:limit]]
        more = cursors.at(shown[-1].created_at, shown[-1].id, about) if len(rows) > limit else None
        return shown, more

    def results(self, batch_id: str, tenant: str, *, after: int, limit: int) -> list[Result]:
        """Rows of a batch behind row `after`, in order; raises `UnknownEntry`."""
        query = (
            select(_ITEMS, _JOBS.c.state, _JOBS.c.file_name, _JOBS.c.sha256, _JOBS.c.error, _JOBS.c.result)
            .join(_JOBS, _JOBS.c.id == _ITEMS.c.job_id, isouter=True)
            .where(_ITEMS.c.batch_id == batch_id, _ITEMS.c.tenant == tenant, _ITEMS.c.row > after)
        )
        self.get(batch_id, tenant)
        with database.reading(self._of(tenant)) as connection:
            return [_result(row) for row in connection.execute(query.order_by(_ITEMS.c.row).limit(limit))]

    def cancel(self, batch_id: str, tenant: str) -> Batch:
        """End what waits, and ask what runs to stop; raises `UnknownEntry`. May be repeated."""
        mine = select(_ITEMS.c.job_id).where(_ITEMS.c.batch_id == batch_id, _ITEMS.c.tenant == tenant)
        now = clock.now()
        with database.writing(self._of(tenant)) as connection:
            if connection.execute(_one(batch_id, tenant).with_for_update()).first() is None:
                raise UnknownEntry(f"no batch {batch_id}")
            stopped = told(JobCancelled("the batch was cancelled"))
            waiting = update(_ITEMS).where(_ITEMS.c.batch_id == batch_id, _WAITS)
            connection.execute(waiting.values(problem=stopped))
            jobs = update(_JOBS).where(_JOBS.c.id.in_(mine))
            connection.execute(jobs.where(_JOBS.c.state == "queued").values(**ended("cancelled", CANCELLED)))
            running = (_JOBS.c.state == "running", _JOBS.c.cancel_requested_at.is_(None))
            connection.execute(jobs.where(*running).values(cancel_requested_at=now))
            fresh = (_BATCHES.c.id == batch_id, _BATCHES.c.cancelled_at.is_(None))
            connection.execute(update(_BATCHES).where(*fresh).values(cancelled_at=now))
        self.complete(batch_id)
        return self.get(batch_id, tenant)

    def remove(self, batch_id: str, tenant: str) -> None:
        """Forget a batch; its audits stay, and rows that wait become none. Raises `UnknownEntry`."""
        mine = (_BATCHES.c.id == batch_id, _BATCHES.c.tenant == tenant)
        with database.writing(self._of(tenant)) as connection:
            if connection.execute(delete(_BATCHES).where(*mine)).rowcount == 0:
                raise UnknownEntry(f"no batch {batch_id}")

    def go_on(self) -> None:
        """Do for every batch what is left to do: after a crash, or beside whoever is at it."""
        with database.reading(self.engine) as connection:
            open_ones = connection.execute(select(_BATCHES.c.id).where(_BATCHES.c.completed_at.is_(None)))
            ids = list(open_ones.scalars())
        for batch_id in ids:
            self.spread(batch_id)

    def spread(self, batch_id: str) -> None:
        """Make jobs of the rows that wait; several may do so at once."""
        try:
            while self._some(batch_id):
                pass
        except StoreUnavailable as error:
            log.error("batch %s: %s; its rows wait for the next sweep", batch_id, error)
        self.complete(batch_id)

    def complete(self, batch_id: str) -> bool:
        """Enter and tell that a batch has ended, once it has; returns whether that was done now."""
        mine = _ITEMS.c.batch_id == batch_id
        running = exists().where(mine, _JOBS.c.id == _ITEMS.c.job_id, _JOBS.c.state.not_in(FINISHED))
        over = (
            _BATCHES.c.id == batch_id,
            _BATCHES.c.completed_at.is_(None),
            ~exists().where(mine, _WAITS),
            ~running,
        )
        done = update(_BATCHES).where(*over).values(completed_at=clock.now())
        with database.writing(self.engine) as connection:
            row = connection.execute(done.returning(_BATCHES.c.tenant)).first()
            if row is None:
                return False
            counts = _states(connection, [batch_id])[batch_id]
            said = {"batch_id": batch_id, "url": f"/v1/batches/{batch_id}", "states": counts}
            with telemetry.within(_trace(connection, batch_id)):
                tell(connection, row.tenant, "batch.completed", said)
        return True

    def _some(self, batch_id: str) -> int:
        """Make jobs of a few rows in one transaction; returns how many rows were waiting."""
        let_in = exists().where(_BATCHES.c.id == batch_id, _BATCHES.c.tenant.not_in(suspended()))
        waiting = select(_ITEMS).where(_ITEMS.c.batch_id == batch_id, _WAITS, let_in).order_by(_ITEMS.c.row)
        with database.reading(self.engine) as connection:
            rows = connection.execute(waiting.limit(AT_ONCE)).all()
        # What was fetched from afar is entered at once: others may be at this batch, too.
        rows = rows[: next((n for n, row in enumerate(rows, 1) if source_of(row.request)), len(rows))]
        taken: dict[int, Upload | TrackmarkError] = {}
        entered: set[int] = set()
        try:
            for row in rows:
                taken[row.row] = self._taken(row)
        except BaseException:
            self._give_back(taken, entered)
            raise
        # Where this fails, nobody knows whether its commit came through, and a sweep deletes what no job has.
        with database.writing(self.engine) as connection, telemetry.within(_trace(connection, batch_id)):
            same = waiting.where(_ITEMS.c.row.in_(taken)).with_for_update()
            for row in connection.execute(same).all():  # those that nobody else dealt with meanwhile
                values = self._entered(connection, row, taken[row.row])
                here = (_ITEMS.c.batch_id == batch_id, _ITEMS.c.row == row.row)
                connection.execute(update(_ITEMS).where(*here).values(**values))
                entered.add(row.row)
        self._give_back(taken, entered)
        return len(rows)

    def _give_back(self, taken: Mapping[int, Upload | TrackmarkError], entered: Collection[int]) -> None:
        """Delete the files of rows that no job was entered for."""
        for number, file in taken.items():
            if isinstance(file, Upload) and number not in entered:
                self.uploads.discard(file.stored)

    def _taken(self, row: Row[Any]) -> Upload | TrackmarkError:
        """A file for the job of a row, or why there is none."""
        try:
            source = source_of(row.request)
            if source is not None:
                fetched = self.sources.fetch(source, row.tenant, self.uploads.folder)
                self.uploads.settle(fetched.stored, fetched.sha256)
                return fetched
            upload, stored = self.uploads.handed_on(row.upload_id, row.tenant)
        except StoreUnavailable:
            raise  # the row waits
        except TrackmarkError as error:
            return error
        return Upload(upload.file_name, stored, str(upload.sha256), upload.size_bytes)

    @staticmethod
    def _entered(connection: Connection, row: Row[Any], file: Upload | TrackmarkError) -> dict[str, Any]:
        if isinstance(file, TrackmarkError):
            return {"problem": told(file)}
        request = {**row.request, "batch": row.batch_id}
        return {"job_id": enter(connection, "audit", row.tenant, file, request, None, None)[0].id}

    def _of(self, tenant: str) -> Engine:
        return database.for_tenant(self.engine, tenant)


def source_of(request: Mapping[str, Any] | None) -> str | None:
    """The address from which a row's file is fetched; None where it was uploaded."""
    return None if request is None else request.get("source")


def _one(batch_id: str, tenant: str) -> Any:
    return select(_BATCHES).where(_BATCHES.c.id == batch_id, _BATCHES.c.tenant == tenant)


def _trace(connection: Connection, batch_id: str) -> str | None:
    """The span of the request that sent a batch."""
    return connection.execute(select(_BATCHES.c.trace).where(_BATCHES.c.id == batch_id)).scalar()


def _states(connection: Connection, ids: Sequence[str]) -> dict[str, dict[str, int]]:
    """How many rows of some batches are in which state."""
    query = (
        select(
            _ITEMS.c.batch_id,
            _ITEMS.c.job_id.is_not(None).label("entered"),
            _CODE.label("code"),
            _JOBS.c.state,
            func.count().label("number"),
        )
        .join(_JOBS, _JOBS.c.id == _ITEMS.c.job_id, isouter=True)
        .where(_ITEMS.c.batch_id.in_(ids))
        .group_by(_ITEMS.c.batch_id, _ITEMS.c.job_id.is_not(None), _CODE, _JOBS.c.state)
    )
    found: dict[str, dict[str, int]] = {one: {} for one in ids}
    for row in connection.execute(query):
        state, counts = _state(row.entered, row.code, row.state), found[row.batch_id]
        counts[state] = counts.get(state, 0) + int(row.number)
    return found


def _state(entered: bool, code: str | None, state: str | None) -> str:
    if code is not None:
        return "cancelled" if code == JobCancelled.code else "refused"
    return state or ("erased" if entered else "waiting")


def _batch(row: Row[Any], states: Mapping[str, int]) -> Batch:
    return Batch(
        row.id, row.sha256, row.rows, row.created_at, row.cancelled_at, row.completed_at, dict(states)
    )


def _result(row: Row[Any]) -> Result:
    refused = None if row.problem is None else str(row.problem["code"])
    state = _state(row.job_id is not None, refused, row.state)
    return Result(
        row.row,
        row.reference,
        row.upload_id,
        source_of(row.request),
        None if state == "erased" else row.job_id,
        state,
        row.file_name,
        row.sha256,
        row.problem or row.error,
        row.result,
    )
