"""One run: clients send work and send it again, parts are damaged at random, and all of it is judged."""

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from api.registry.registry import Registry
from api.settings import Settings
from lab.evaluation.soak.judge import about_records, about_reports, complaints
from lab.evaluation.soak.parts import LEASE_S, Disk, Part, Service, free_port

POLL_S = 0.2
PATIENCE_S = 5.0
AUDIT = {"checks": "credentials,fingerprint"}
TRACK = {"title": "A Song", "owner": "A Label"}
ENDED = frozenset({"succeeded", "failed", "cancelled", "expired"})
AGAIN = frozenset({"job-crashed", "disk-full"})
"""Ends that are no fault of the file's: whoever is told of one tries the job again."""


@dataclass(frozen=True)
class Outcome:
    """What became of everything that was accepted; each complaint is one line."""

    sent: int
    states: Mapping[str, int]
    damage: Mapping[str, int]
    transfers: int
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
        disk: that the home is on, if it may be filled.
        transfers: the record of each transfer that was asked for, and its entry in the log, by key.
    """

    service: Service
    home: Path
    audio: bytes
    seed: int
    disk: Disk | None = None
    transfers: dict[str, tuple[str, int]] = field(default_factory=dict)
    parts: list[Part] = field(default_factory=list)
    sent: dict[str, str] = field(default_factory=dict)
    damage: Counter[str] = field(default_factory=Counter)
    complaints: list[str] = field(default_factory=list)

    def run(self, more: Callable[[int], bool], apis: int = 2, workers: int = 3) -> Outcome:
        """Let the service work and be damaged while `more` (given the number of rounds) says so."""
        self._chance = random.Random(self.seed)
        self._ports = [free_port() for _ in range(apis)]
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
                return self.judged()
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
        if self._chance.random() < 0.5:
            self._transfer(f"transfer-{number}")

    def _transfer(self, key: str) -> None:
        """Have one record that was made change hands, and ask for it again as who got no answer would."""
        tracks = [path for name, path in self.sent.items() if name.startswith("tracks")]
        if not tracks:
            return
        job = self._until("GET", self._chance.choice(tracks)).json()
        if job["state"] != "succeeded":
            return
        record_id = job["result"]["record_id"]
        for _ in range(self._chance.randint(1, 3)):
            answer = self._until(
                "POST",
                f"/v1/records/{record_id}/transfers",
                fine=(201,),
                json={"to": f"Buyer {key}"},
                headers={"Idempotency-Key": key},
            )
            entry = record_id, int(answer.json()["leaf_index"])
            if self.transfers.setdefault(key, entry) != entry:
                self.complaints.append(f"{key} was answered with two entries of the log")

    def _harm(self) -> None:
        """Do one thing to one part, and to what was done to others before."""
        for part in self.parts:
            if part.frozen and self._chance.random() < 0.5:
                part.send(signal.SIGCONT)
            part.start()
        if self.disk is not None and self.disk.full and self._chance.random() < 0.5:
            self.disk.clear()
        ways = {"SIGKILL": 4, "SIGTERM": 3, "SIGSTOP": 3, "database": 1, "nothing": 3}
        if self.disk is not None:
            ways["full disk"] = 1
        way = self._chance.choices(list(ways), list(ways.values()))[0]
        self.damage[way] += 1
        running = [part for part in self.parts if not part.frozen]
        if way == "database":
            self.service.restart_database()
        elif way == "full disk" and self.disk is not None:
            self.disk.fill()
        elif way != "nothing" and len(running) > len(self.parts) // 2:
            self._chance.choice(running).send(signal.Signals[way])
        time.sleep(self._chance.uniform(0, LEASE_S))

    def _let_alone(self) -> None:
        """Have every part run with room on the disk, and wait until each API answers."""
        self._make_room()
        for part in self.parts:
            part.send(signal.SIGCONT)
        for port in self._ports:
            while not self._ready(port):
                for part in self.parts:
                    part.start()
                time.sleep(POLL_S)

    def _make_room(self) -> None:
        if self.disk is not None:
            self.disk.clear()

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
            if self._chance.random() < 0.1:
                self._make_room()
            for part in self.parts:
                part.start()
                if part.frozen and self._chance.random() < 0.1:
                    part.send(signal.SIGCONT)
            time.sleep(POLL_S)

    def judged(self) -> Outcome:
        """What became of everything, once all jobs have ended."""
        jobs = {key: self._ended(path) for key, path in self.sent.items()}
        reports = {
            key: self._until("GET", job["links"]["report"]).content
            for key, job in jobs.items()
            if job["state"] == "succeeded" and key.startswith("audits")
        }
        environment = {**os.environ, **self.service.environment}
        settings = Settings(home=self.home, database_url=environment["TRACKMARK_DATABASE_URL"])
        with closing(Registry.open(settings)) as registry:
            told = [
                *self.complaints,
                *complaints(jobs, self._listed()),
                *about_records(registry, jobs, self.transfers),
                *about_reports(registry, reports),
            ]
            records = len(registry.records.page(limit=1_000_000))
        states = Counter(job["state"] for job in jobs.values())
        return Outcome(len(self.sent), states, self.damage, len(self.transfers), len(reports), records, told)

    def _ended(self, path: str) -> dict[str, Any]:
        """A job once it has ended; what crashed too often is tried again by hand."""
        while True:
            job: dict[str, Any] = self._until("GET", path).json()
            code = (job["problem"] or {}).get("code")
            if code in AGAIN:
                self.damage[f"retried by hand: {code}"] += 1
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
