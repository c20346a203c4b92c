"""Who works on what: a job is held by one worker at a time, under a lease that runs out.

The queue is the table of jobs. To take a job is to write one's lease into its row; a worker shows that it
lives by extending the lease, wherever it runs and whatever its name. One that died, hangs or lost its
database does not, and after `lease_s` the job is anybody's. Each taking raises the row's fence: whoever held
the job before knows an old number, and nothing that it writes counts any more.

Tenants take turns. Inside a tenant the higher priority comes first, then who came first.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, Row, and_, func, insert, or_, select, update

from api import database
from api.cases.cases import opened_by_policy
from api.database.engine import QUEUE_LOCK
from api.database.tables import Table
from api.database.tenancy import suspended
from api.errors import JobCrashed, JobExpired, told
from api.jobs import finding
from api.jobs.job import CANCELLED, KINDS, Job, Kind, ended
from api.jobs.telling import audit_ended
from core.counted import counted

_JOBS = Table.metadata.tables["jobs"]
_TURNS = Table.metadata.tables["tenant_turns"]
_waiting_since = func.coalesce(_JOBS.c.queued_at, _JOBS.c.created_at)
_WAITING = (
    select(_JOBS)
    .join(_TURNS, _TURNS.c.tenant == _JOBS.c.tenant, isouter=True)
    .where(_JOBS.c.state == "queued", _JOBS.c.tenant.not_in(suspended()))
    .order_by(
        func.coalesce(_TURNS.c.turn, 0), _JOBS.c.tenant, _JOBS.c.priority.desc(), _waiting_since, _JOBS.c.id
    )
    .limit(1)
)


class LeaseLost(Exception):
    """Somebody else has the job, or it is gone: what was done for it does not count."""


@dataclass(frozen=True)
class Lease:
    """The right to work on a job and to enter its end.

    Attributes:
        job: as it was taken.
        more_waits: whether another job of its tenant was waiting then.
    """

    job: Job
    more_waits: bool = False

    @property
    def id(self) -> str:
        """The job's id."""
        return self.job.id


class Leases:
    """The queue, as workers see it.

    Args:
        engine: of the database.
        lease_s: how long a worker may be silent before its job is given to another.
        attempts: how often a job may be started before it counts as the cause of the crashes.
        now: the time by which leases are judged; the database's own, so that hosts need not agree.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        lease_s: float,
        attempts: int,
        now: Callable[[Connection], datetime] = database.time_of,
    ) -> None:
        self._engine = engine
        self._length = timedelta(seconds=lease_s)
        self._attempts = attempts
        self._now = now

    def take(self, worker: str, kinds: Collection[Kind] = KINDS, *, newcomers: bool = False) -> Lease | None:
        """Take the next job of the tenant whose turn it is.

        Args:
            worker: who takes it, in words.
            kinds: those that may be taken.
            newcomers: only of a tenant that has no job of these kinds running anywhere.

        Returns:
            The job, in hand; None where nothing of the sort waits.
        """
        waiting = _WAITING.where(_JOBS.c.kind.in_(kinds))
        if newcomers:
            running = _JOBS.alias()
            served = select(running.c.tenant).where(running.c.state == "running", running.c.kind.in_(kinds))
            waiting = waiting.where(_JOBS.c.tenant.not_in(served))
        with database.reading(self._engine) as connection:
            idle = connection.execute(waiting).first() is None and not _silent(
                connection, self._now(connection)
            )
        if idle:  # most looks end here, without a lock
            return None
        with database.writing(self._engine) as connection:
            database.hold(connection, QUEUE_LOCK)
            now = self._now(connection)
            self._reclaim(connection, now)
            row = connection.execute(waiting).first()
            return None if row is None else self._hand_out(connection, row, worker, now)

    def take_this(self, job_id: str, worker: str) -> Lease | None:
        """Take one job out of its turn; None where it has ended or somebody holds it."""
        with database.writing(self._engine) as connection:
            database.hold(connection, QUEUE_LOCK)
            now = self._now(connection)
            self._reclaim(connection, now)
            row = connection.execute(
                select(_JOBS).where(_JOBS.c.id == job_id, _JOBS.c.state == "queued")
            ).first()
            return None if row is None else self._hand_out(connection, row, worker, now)

    def extend(self, lease: Lease) -> bool:
        """Show a sign of life.

        Returns:
            Whether a client asked to stop.

        Raises:
            LeaseLost: somebody else has the job, or it is gone.
        """
        with database.writing(self._engine) as connection:
            return self._write(connection, lease, leased_until=self._now(connection) + self._length)

    def advance(self, lease: Lease, stage: str, progress: float) -> bool:
        """Enter how far the job is, in [0, 1]; returns and raises as `extend`."""
        with database.writing(self._engine) as connection:
            done = min(max(progress, 0.0), 1.0)
            return self._write(connection, lease, stage=stage[:64], progress=done)

    def succeed(self, lease: Lease, result: Mapping[str, Any]) -> None:
        """Enter the result; raises `LeaseLost`."""
        with database.writing(self._engine) as connection:
            self._write(connection, lease, **{**ended("succeeded"), "result": result})
            finding.enter(connection, replace(lease.job, result=result))
            audit_ended(connection, lease.job, result=result)
            opened_by_policy(connection, lease.job, result)

    def fail(self, lease: Lease, error: Mapping[str, Any]) -> None:
        """Enter the problem that prevented a result; raises `LeaseLost`."""
        with database.writing(self._engine) as connection:
            self._write(connection, lease, **ended("failed", error))
            audit_ended(connection, lease.job, error=error)

    def cancel(self, lease: Lease) -> None:
        """Enter that the job was stopped as a client asked; raises `LeaseLost`."""
        with database.writing(self._engine) as connection:
            self._write(connection, lease, **ended("cancelled", CANCELLED))

    def give_back(self, lease: Lease, *, counts: bool) -> None:
        """Let others have the job.

        Args:
            lease: whose job is not done.
            counts: whether the attempt speaks against the job; an orderly stop does not.

        Raises:
            LeaseLost: somebody has it already.
        """
        with database.writing(self._engine) as connection:
            row = connection.execute(select(_JOBS).where(*_held(lease)).with_for_update()).first()
            if row is None:
                raise LeaseLost
            self._put_back(connection, row, row.attempts if counts else row.attempts - 1)

    def reclaim(self) -> None:
        """Put back every job whose worker is silent."""
        with database.writing(self._engine) as connection:
            self._reclaim(connection, self._now(connection))

    def expire(self, age: timedelta) -> None:
        """End what has waited longer than this without being taken."""
        error = told(JobExpired("no worker took the job in time; retry it or send the file again"))
        with database.writing(self._engine) as connection:
            late = and_(_JOBS.c.state == "queued", _waiting_since < self._now(connection) - age)
            late = and_(late, _JOBS.c.tenant.not_in(suspended()))  # nobody may take those
            over = update(_JOBS).where(late).values(**ended("expired", error))
            for row in connection.execute(over.returning(_JOBS.c.id, _JOBS.c.tenant, _JOBS.c.kind)).all():
                audit_ended(connection, row, error=error)

    def _hand_out(self, connection: Connection, row: Row[Any], worker: str, now: datetime) -> Lease:
        values = {
            "state": "running",
            "attempts": row.attempts + 1,
            "started_at": row.started_at or now,
            "worker": worker[:100],
            "fence": row.fence + 1,
            "leased_until": now + self._length,
        }
        taken = update(_JOBS).where(_JOBS.c.id == row.id, _JOBS.c.state == "queued").values(**values)
        lease = connection.execute(taken.returning(*_JOBS.c)).one()
        newest = select(func.coalesce(func.max(_TURNS.c.turn), 0) + 1).scalar_subquery()
        served = update(_TURNS).where(_TURNS.c.tenant == row.tenant).values(turn=newest)
        if connection.execute(served).rowcount == 0:
            connection.execute(insert(_TURNS).values(tenant=row.tenant, turn=newest))
        waits = select(_JOBS.c.id).where(_JOBS.c.tenant == row.tenant, _JOBS.c.state == "queued").limit(1)
        return Lease(Job(**lease._mapping), connection.execute(waits).first() is not None)

    def _reclaim(self, connection: Connection, now: datetime) -> None:
        silent = select(_JOBS).where(_lapsed(now)).with_for_update(skip_locked=True)
        for row in connection.execute(silent).all():
            self._put_back(connection, row, row.attempts)

    def _put_back(self, connection: Connection, row: Row[Any], attempts: int) -> None:
        values: dict[str, Any] = {"state": "queued", "stage": None, "progress": 0.0}
        values |= {"worker": None, "leased_until": None}
        if row.cancel_requested_at is not None:
            values = ended("cancelled", CANCELLED)
        elif attempts >= self._attempts:
            crashed = JobCrashed(
                f"the job was cut short {counted(attempts, 'time')}; it will not be tried again"
            )
            values = ended("failed", told(crashed))
            audit_ended(connection, row, error=told(crashed))
        mine = update(_JOBS).where(_JOBS.c.id == row.id)
        connection.execute(mine.values(**values, attempts=attempts))

    def _write(self, connection: Connection, lease: Lease, **values: Any) -> bool:
        held = update(_JOBS).where(*_held(lease)).values(**values)
        row = connection.execute(held.returning(_JOBS.c.cancel_requested_at)).first()
        if row is None:
            raise LeaseLost
        return row.cancel_requested_at is not None


def keep_in_hand(connection: Connection, job: Job) -> Row[Any]:
    """Keep a job in hand until the transaction ends: nobody takes or deletes it before; returns its row.

    Raises:
        LeaseLost: it is not in hand any more.
    """
    held = connection.execute(select(_JOBS).where(*_held(Lease(job))).with_for_update()).first()
    if held is None:
        raise LeaseLost
    return held


def hold(connection: Connection, job: Job) -> None:
    """The same of a job that is still wanted; raises `LeaseLost` also where a client asked to stop."""
    if keep_in_hand(connection, job).cancel_requested_at is not None:
        raise LeaseLost


def _held(lease: Lease) -> tuple[Any, ...]:
    return (_JOBS.c.id == lease.id, _JOBS.c.fence == lease.job.fence, _JOBS.c.state == "running")


def _lapsed(now: datetime) -> Any:
    # Without a lease: what a release without leases left behind.
    return and_(_JOBS.c.state == "running", or_(_JOBS.c.leased_until.is_(None), _JOBS.c.leased_until < now))


def _silent(connection: Connection, now: datetime) -> bool:
    return connection.execute(select(_JOBS.c.id).where(_lapsed(now)).limit(1)).first() is not None
