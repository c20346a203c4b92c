"""A registry, its books and its queue on each database, and the time in the test's hand."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from api import database
from api.jobs.books import Jobs
from api.jobs.job import Job, Kind, Upload
from api.jobs.leases import Leases

LEASE_S, ATTEMPTS = 30.0, 3


@dataclass
class Queue:
    """The books and the queue of one database, whose time stands still until it is moved."""

    engine: Engine
    time: datetime = datetime(2026, 11, 28, tzinfo=UTC)

    def __post_init__(self) -> None:
        self.jobs = Jobs(self.engine)
        self.leases = Leases(self.engine, lease_s=LEASE_S, attempts=ATTEMPTS, now=lambda _: self.time)

    def pass_s(self, seconds: float) -> None:
        """Let time pass."""
        self.time += timedelta(seconds=seconds)

    def enter(self, tenant: str = "default", kind: Kind = "audit", **request: object) -> Job:
        """Enter a job."""
        return self.jobs.create(kind, tenant, Upload("song.wav", "stored.wav", "ab" * 32, 10), request)[0]

    def now(self, job: Job) -> Job:
        """The job as it stands."""
        found = self.jobs.find(job.id)
        assert found is not None
        return found


@pytest.fixture
def queue(database_url: str) -> Iterator[Queue]:
    engine = database.connect(database_url)
    database.upgrade(engine)
    yield Queue(engine)
    engine.dispose()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"
