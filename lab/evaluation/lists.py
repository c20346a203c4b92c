"""Measure lists of a long catalogue: how long a page takes to find, and what an index walks for it.

    python -m lab.evaluation.lists [--audits 100000] [--database postgresql+psycopg://...]

enters audits into an empty database and prints, for each list, the median and the 95th percentile of the time
that a page of fifty takes in the process: statements, rows and answer, without the network.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from sqlalchemy import Engine

from api import database
from api.jobs.listing import JobLists
from api.lists.cursors import Cursors
from api.lists.query import Wanted
from api.server.schemas import AuditAnswer
from lab.audit_rows import START, entered

ROUNDS = 40


def asked(count: int) -> dict[str, Wanted]:
    """The lists that are measured."""
    middle = START.replace(month=2)
    rare = {"decision": "review", "verdict": "match", "ai": "synthetic"}
    return {
        "newest": Wanted(),
        "state=failed": Wanted(state="failed"),
        "decision=reject": Wanted(values={"decision": "reject"}),
        "decision, verdict and ai": Wanted(values=rare),
        "what no audit has": Wanted(values={"decision": "review", "ai": "synthetic"}, words="night north 7"),
        "isrc": Wanted(values={"isrc": f"DEA12{count // 2:07d}"}),
        "owner, from a month on": Wanted(values={"owner": "North"}, since=middle),
        "q=night": Wanted(words="night"),
        "q=song night elan": Wanted(words="song night elan"),
    }


def measure(engine: Engine, count: int) -> dict[str, tuple[float, float, int]]:
    """Median and 95th percentile in milliseconds, and the entries found, for each list."""
    entered(engine, count)
    lists = JobLists(engine, Cursors.of(engine))
    found: dict[str, tuple[float, float, int]] = {}
    for name, wanted in asked(count).items():
        times = []
        for _ in range(ROUNDS):
            start = time.perf_counter()
            page = lists.page("audit", "default", wanted)
            for job in page.jobs:
                AuditAnswer.of(job).model_dump_json()
            times.append(1000 * (time.perf_counter() - start))
        times.sort()
        found[name] = statistics.median(times), times[int(0.95 * (ROUNDS - 1))], len(page.jobs)
    return found


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--audits", type=int, default=100_000)
    parser.add_argument("--database", help="address of an empty database; SQLite in a temporary folder else")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        engine = database.connect(options.database or f"sqlite:///{Path(folder) / 'lists.db'}")
        database.upgrade(engine)
        print(f"| {options.audits} audits, {engine.dialect.name} | on the page | p50 ms | p95 ms |")
        print("|---|---|---|---|")
        for name, (middle, high, shown) in measure(engine, options.audits).items():
            print(f"| {name} | {shown} | {middle:.1f} | {high:.1f} |")
        engine.dispose()


if __name__ == "__main__":
    main()
