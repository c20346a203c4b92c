"""What the database and the home say of the whole service at this moment, whoever works on it.

Numbers of all tenants together: none is told by itself.
"""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import get_args

from prometheus_client import generate_latest
from prometheus_client.core import GaugeMetricFamily as Gauge
from prometheus_client.registry import Collector
from sqlalchemy import Connection, Engine, func, select
from sqlalchemy.exc import SQLAlchemyError

from api import database
from api.audit.claims import OwnershipStatus
from api.audit.decision import Action
from api.database.tables import Table
from api.log import checkpoints, tree

_JOBS, _TERMS, _TURNS, _LEAVES, _WITNESSED = (
    Table.metadata.tables[name]
    for name in ("jobs", "job_terms", "tenant_turns", "log_leaves", "witnessed_checkpoints")
)
_FEW = {"decision": get_args(Action), "verdict": get_args(OwnershipStatus)}
"""What audits are counted by, with all values that there are: an index leads to each of them."""


class Stored(Collector):
    """Reads the numbers anew each time.

    Args:
        engine: the database.
        backup_note: the file in which a backup notes when it was made.
    """

    def __init__(self, engine: Engine, backup_note: Path) -> None:
        self._engine = engine
        self._backup_note = backup_note

    def text(self) -> bytes:
        """The numbers in the text format of Prometheus."""
        return generate_latest(self)

    def collect(self) -> Iterable[Gauge]:
        """The numbers; of a database that does not answer, just that."""
        up = Gauge("trackmark_database_up", "Whether the database answered.")
        try:
            with database.reading(self._engine) as connection:
                found = [*_jobs(connection), *_audits(connection), *_log(connection)]
        except SQLAlchemyError:
            up.add_metric((), 0)
            return [up]
        up.add_metric((), 1)
        return [
            up,
            *found,
            _moment("trackmark_backup", "When the last backup was made.", _noted(self._backup_note)),
        ]


def _jobs(connection: Connection) -> Iterable[Gauge]:
    kept = Gauge("trackmark_jobs", "Jobs that are kept.", labels=("kind", "state"))
    counted = select(_JOBS.c.kind, _JOBS.c.state, func.count()).group_by(_JOBS.c.kind, _JOBS.c.state)
    for kind, state, count in connection.execute(counted):
        kept.add_metric((kind, state), count)
    yield kept
    age = Gauge(
        "trackmark_queue_age_seconds", "How long the oldest job in the queue waits.", labels=("kind",)
    )
    since = func.min(func.coalesce(_JOBS.c.queued_at, _JOBS.c.created_at), type_=_JOBS.c.created_at.type)
    waiting = select(_JOBS.c.kind, since).where(_JOBS.c.state == "queued").group_by(_JOBS.c.kind)
    now = database.time_of(connection)
    for kind, moment in connection.execute(waiting):
        age.add_metric((kind,), max(0.0, (now - moment).total_seconds()))
    yield age


def _audits(connection: Connection) -> Iterable[Gauge]:
    for field, values in _FEW.items():
        told = Gauge(f"trackmark_audits_by_{field}", f"Audits that are kept, by {field}.", labels=(field,))
        counted = (
            select(_TERMS.c.term, func.count())
            .where(
                _TERMS.c.tenant.in_(select(_TURNS.c.tenant)),
                _TERMS.c.kind == "audit",
                _TERMS.c.field == field,
                _TERMS.c.term.in_(values),
            )
            .group_by(_TERMS.c.term)
        )
        for value, count in connection.execute(counted):
            told.add_metric((value,), count)
        yield told


def _log(connection: Connection) -> Iterable[Gauge]:
    size = tree.size_of(connection)
    head = checkpoints.head(connection)
    yield _number("trackmark_log_entries", "Entries of the transparency log.", size)
    signed = 0 if head is None else head[0]
    yield _number("trackmark_log_checkpoint_entries", "Entries that the newest checkpoint covers.", signed)
    newest = connection.execute(
        select(_LEAVES.c.created_at).where(_LEAVES.c.leaf_index == signed - 1)
    ).scalar_one_or_none()
    yield _moment("trackmark_log_checkpoint", "When the newest checkpoint was signed.", newest)
    vouched = connection.execute(
        select(_WITNESSED.c.created_at).order_by(_WITNESSED.c.size.desc()).limit(1)
    ).scalar_one_or_none()
    yield _moment("trackmark_log_vouched", "When others last vouched for a checkpoint.", vouched)


def _number(name: str, text: str, value: float) -> Gauge:
    return Gauge(name, text, value=value)


def _moment(name: str, text: str, moment: datetime | None) -> Gauge:
    """A moment as POSIX seconds; nothing where there was none."""
    told = Gauge(f"{name}_timestamp_seconds", text)
    if moment is not None:
        told.add_metric((), moment.timestamp())
    return told


def _noted(file: Path) -> datetime | None:
    """The moment in a file; None if there is none, or where nobody can tell."""
    try:
        return datetime.fromisoformat(file.read_text().strip())
    except (OSError, ValueError):
        return None
