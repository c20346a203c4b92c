"""Measure the server under load: answers per second, waiting times, processor time, memory.

    python -m lab.evaluation.load [--seconds 5] [--postgresql] [--processes 1,2] [-o FILE]

starts `trackmark serve` on an empty home, fills it, asks it over real connections and writes
`docs/benchmarks/load.md`, for each database and number of server processes.
"""

import argparse
import asyncio
import os
import platform
import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

from api import database
from api.audit.audit import audit_file
from api.audit.engines import product_engines
from api.jobs.books import Jobs
from api.jobs.work import Context, perform
from api.registry.registry import Registry
from api.settings import Settings
from lab.evaluation.load.asking import HEAD, Question, Row, ask, goal, line, measured
from lab.evaluation.load.filling import AUDITS, RECORDS, filled, registered
from lab.evaluation.load.server import AUDITED_S, CHECKS, Server, audited, own_postgresql, serving, song
from lab.evaluation.processes import cpu_s

PAGE = Path(__file__).resolve().parents[3] / "docs" / "benchmarks" / "load.md"
CROWDS = (1, 16)
REQUESTS = 10_000
LOOK_S = 2.0
"""How often a client looks who does as the server says (`Retry-After`)."""
GOAL_P95_MS, GOAL_RECORDS, GOAL_LIST_MS, GOAL_START_S = 25.0, 500.0, 40.0, 5.0


@dataclass(frozen=True)
class Measured:
    """All of one database."""

    name: str
    start_s: float
    rows: Sequence[Row]
    memory_mb: tuple[float, float]
    audit_s: tuple[float, float, float]


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
        record_id = registered(settings)
        with serving(settings, processes=processes) as (server, started):
            file = song(Path(folder))
            where = audited(server, file)
            engine = database.connect(settings.database_url)
            questions = [
                Question("healthz", "/healthz"),
                Question("an audit", where),
                Question("a list of 50 audits", "/v1/audits?limit=50"),
            ]
            with httpx.Client(base_url=server.url, headers=server.headers, timeout=60) as client:
                questions += filled(client, engine, where, record_id)
            engine.dispose()
            rows = []
            for question in questions:
                for clients in CROWDS:
                    rows.append(measured(server, question, clients, seconds))
                    print(name, rows[-1], flush=True)
            before = server.memory_mb()
            asyncio.run(ask(server, questions[1], 16, 600, REQUESTS))
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
        out += [*HEAD, *map(line, one.rows)]
    return "\n".join(out) + "\n"


def _goals(one: Measured) -> list[str]:
    by = {(row.route, row.clients): row for row in one.rows}
    audit, listed = by["an audit", 16].p95_ms, by["a list of 50 audits", 16].p95_ms
    records = by["a record, verified", 16].per_s
    audit_s, job_s, served_s = one.audit_s
    share = 100 * (served_s / job_s - 1)
    before, after = one.memory_mb
    return [
        goal(f"an audit, 16 clients, 95 % under {GOAL_P95_MS:g} ms", audit < GOAL_P95_MS, f"{audit:.1f}"),
        goal(f"{GOAL_RECORDS:g} verified records a second", records >= GOAL_RECORDS, f"{records:.0f}"),
        goal(f"a list of 50 under {GOAL_LIST_MS:g} ms", listed < GOAL_LIST_MS, f"{listed:.1f}"),
        goal(f"a start in {GOAL_START_S:g} s", one.start_s <= GOAL_START_S, f"{one.start_s:.1f}"),
        goal(
            f"an audit of {AUDITED_S} s ({CHECKS}) takes less than 5 % more processor time by the server",
            share < 5,
            f"{share:+.0f} %: {job_s:.2f} s with its report and pictures, {served_s:.2f} s served; "
            f"{audit_s:.2f} s of it are the audit",
        ),
        goal(
            f"memory flat over {REQUESTS:,} answers", after - before < 10, f"{before:.0f} to {after:.0f} MB"
        ),
    ]


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0, help="how long a row is measured")
    parser.add_argument("--postgresql", action="store_true", help="also on a PostgreSQL server of its own")
    parser.add_argument("--processes", default="1", help="numbers of server processes, such as 1,2")
    parser.add_argument("-o", "--output", type=Path, default=PAGE)
    options = parser.parse_args()
    before = os.getloadavg()[0]
    found = []
    for count in (int(text) for text in options.processes.split(",")):
        told = f"{count} server process{'es' * (count > 1)}"
        found.append(measure(f"SQLite, {told}", "", options.seconds, count))
        if options.postgresql:
            with own_postgresql() as url:
                found.append(measure(f"PostgreSQL, {told}", url, options.seconds, count))
    load = f"{before:.1f} before, {os.getloadavg()[0]:.1f} at the end"
    options.output.write_text(page(found, options.seconds, load), encoding="utf-8")
    print(f"wrote {options.output}")


if __name__ == "__main__":
    main()
