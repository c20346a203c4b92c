"""A home whose processes die in the middle of what they write, and what must be in it afterwards."""

import os
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, func, literal, select, union_all

import api.report.picture
import api.report.sound
from api import database
from api.audit.engines import Engines
from api.database.tables import Table
from api.jobs.books import Jobs
from api.jobs.files import JobFiles
from api.jobs.job import Job, Kind, Upload
from api.jobs.leases import Leases
from api.jobs.sweep import STORE_EVERY_S, UNFINISHED_S, Sweep
from api.jobs.worker import Worker
from api.registry.registry import Registry
from api.settings import Settings
from api.uploads import fresh_name
from api.webhooks.address import Addresses
from api.webhooks.webhooks import Webhooks
from core import clock
from core.files import write_whole
from tests.api.killing import CHANCE, Killed, Life, killed_writing
from tests.stores import S3

URL = "https://label.example/hook"
PUBLIC = Addresses(look_up=lambda _host, _port: ["93.184.215.14"])
LEASE_OVER_S = 31.0
ALL_OVER_S = 2 * (UNFINISHED_S + STORE_EVERY_S)


@dataclass
class Mortal:
    """A home, its database, and its store if it has one.

    Attributes:
        folder: with the home and the temporary files of everything that works on it.
        s3: the store.
    """

    folder: Path
    settings: Settings
    registry: Registry
    s3: S3 | None

    def __post_init__(self) -> None:
        self.engine = self.registry.engine
        self.jobs = Jobs(self.engine)
        self.files = JobFiles.of(self.settings)
        self._tenants = self.batches = 0

    def leases(self, later_s: float = 0) -> Leases:
        """The queue, some time from now."""
        moved = timedelta(seconds=later_s)
        return Leases(
            self.engine,
            lease_s=self.settings.lease_s,
            attempts=self.settings.job_attempts,
            now=lambda _: clock.now() + moved,
        )

    def worker(self, engines: Engines, later_s: float = 0) -> Worker:
        """A worker as in a fresh process, which tells each stage once, however long it takes."""
        leases = self.leases(later_s)
        return Worker(self.settings, self.registry, self.jobs, engines, leases=leases, ticks=lambda: 0.0)

    def sweep(self, later_s: float) -> None:
        """What a process does as it starts, and again every few minutes."""
        now = clock.now().timestamp() + later_s
        Sweep(self.engine, self.leases(later_s), self.files, self.settings, lambda: now).once()

    def tenant(self) -> str:
        """A tenant that has nothing yet but an endpoint."""
        self._tenants += 1
        name = f"label-{self._tenants}"
        webhooks = Webhooks(self.engine, self.registry.keys, PUBLIC)
        webhooks.of(name).create(URL, ["audit.completed", "audit.failed", "batch.completed"])
        return name

    def enter(self, kind: Kind, tenant: str, content: bytes, **request: Any) -> Job:
        """Enter a job for a file as a server does that has received it."""
        self.settings.uploads.mkdir(exist_ok=True)
        name = fresh_name("song.wav")
        upload = Upload("song.wav", name, sha256(content).hexdigest(), len(content))
        (self.settings.uploads / name).write_bytes(content)
        self.files.hand_in(upload)
        return self.jobs.create(kind, tenant, upload, request)[0]

    def now(self, job: Job) -> Job:
        """The job as it stands."""
        found = self.jobs.find(job.id)
        assert found is not None
        return found

    def forget(self, job: Job) -> None:
        """Delete a job with its files."""
        self.files.discard(self.jobs.delete(job.id, tenant=job.tenant, kind=job.kind))

    def die(
        self,
        work: Callable[[], object],
        number: int,
        only: str = "",
        *,
        really: bool = False,
        engine: Engine | None = None,
    ) -> Life:
        """Do some work in a process that is killed in write `number` of those that count, if it gets there.

        Args:
            work: what it does.
            number: from 1; 0 lets it live.
            only: a pattern of the writes that count, by how they begin.
            really: it is a process of its own, which gets SIGKILL.
            engine: the process's own, if it has one.
        """
        life = Life((self.settings.home, self.folder / "passing"), number, only)
        if really:
            self._fork(work, life)
            return life
        with killed_writing(engine or self.engine, life):
            try:
                work()
            except Killed:
                assert life.ended
        return life

    def _fork(self, work: Callable[[], object], life: Life) -> None:
        child = os.fork()
        if not child:
            self.engine.dispose(close=False)  # its connections are the parent's
            life.kill = lambda: os.kill(os.getpid(), signal.SIGKILL)
            try:
                with killed_writing(self.engine, life):
                    work()
            finally:
                os._exit(1)
        assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
        life.ended = True

    def rows(self) -> dict[str, int]:
        """How many rows each table has."""
        grows = {"log_nodes"}  # by what was there before
        tables = [one for name, one in Table.metadata.tables.items() if name not in grows]
        each = [select(literal(one.name), func.count()).select_from(one) for one in tables]
        with database.reading(self.engine) as connection:
            return {name: int(number) for name, number in connection.execute(union_all(*each))}

    def here(self) -> list[str]:
        """Every file on this machine that is no key and no part of the database, and every folder of jobs.

        Ids are left out; what was on its way when a process was killed is told like all else.
        """
        home, passing = self.settings.home, self.folder / "passing"
        whole = [*home.rglob("*"), *passing.rglob("*")]
        kept = (home / "uploads.lock", home / "uploads", home / "outputs", home / "keys")
        places = (path for path in whole if path not in kept and home / "keys" not in path.parents[:1])
        return sorted(_told(path.relative_to(self.folder)) for path in places if _last(path))

    def stored(self) -> list[str]:
        """Every object in the store, without ids."""
        return [] if self.s3 is None else sorted(_told(Path(name)) for name in self.s3.names())


def _last(path: Path) -> bool:
    return not path.is_dir() or not any(path.iterdir())


def _told(place: Path) -> str:
    return "/".join(part for part in CHANCE.sub("*", str(place)).split("/") if not part.isdecimal())


@contextmanager
def mortal(folder: Path, database_url: str, s3: S3 | None) -> Iterator[Mortal]:
    """A home with an endpoint that wants to be told of audits and batches; pictures are drawn at once."""
    passing = folder / "passing"
    passing.mkdir(parents=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(passing))
        patch.setattr(api.report.picture, "picture", lambda _clip, _result, path: write_whole(path, b"png"))
        patch.setattr(api.report.sound, "draw_spectrogram", lambda _clip, path: write_whole(path, b"png"))
        store: dict[str, Any] = {}
        if s3 is not None:
            s3.environment(patch)
            store = {"store": s3.store}
        settings = Settings(home=folder / "home", database_url=database_url, **store)
        registry = Registry.open(settings)
        yield Mortal(folder, settings, registry, s3)
        registry.close()
