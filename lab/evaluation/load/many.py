"""Measure lists of a long catalogue: a tenant's 100,000 audits, with other tenants' beside them.

    python -m lab.evaluation.load.many [--audits 100000] [--seconds 3] [--home DIR] [--postgresql] [-o FILE]

audits one file, enters its findings as those of so many audits that came in within a day, each with its own
title, owner, ISRC, verdict and decision, and asks a running `trackmark serve` for every list, filter, order
and search, at one and at sixteen clients. To enter them takes minutes: `--home` keeps them for another run
(of SQLite). Writes `docs/benchmarks/load-hundred-thousand.md` and, beside it, the same as JSON.
"""

import argparse
import json
import os
import platform
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import Engine, func, select

from api import database
from api.audit.audit import audit_file
from api.audit.engines import product_engines
from api.database.tables import Table
from api.lists.cursors import Cursors
from api.lists.query import Wanted
from api.registry.registry import Registry
from api.settings import Settings
from core import clock
from lab.audit_rows import entered
from lab.evaluation.load.asking import HEAD, Question, Row, goal, line, measured, once
from lab.evaluation.load.server import own_postgresql, serving, song

PAGE = Path(__file__).resolve().parents[3] / "docs" / "benchmarks" / "load-hundred-thousand.md"
CROWDS = (1, 16)
CHECKS = ("fingerprint", "credentials", "music")
OTHERS, OF_OTHERS = 4, 20
"""Other tenants, each with so many times fewer audits."""
DAY = timedelta(days=1)
GOAL_MS = 100.0
_JOBS = Table.metadata.tables["jobs"]


@dataclass(frozen=True)
class Measured:
    """All of one database.

    Attributes:
        name: of the database.
        audits: of the tenant.
        others: audits of other tenants.
        bytes_per_audit: of the database's file, terms and indexes included.
        rows: what was measured.
    """

    name: str
    audits: int
    others: int
    bytes_per_audit: int
    rows: Sequence[Row]


def findings(folder: Path, settings: Settings) -> Mapping[str, Any]:
    """What a real audit found of half a minute of music."""
    registry = Registry.open(settings)
    found = audit_file(
        song(folder), registry=registry, settings=settings, checks=CHECKS, engines=product_engines(settings)
    )
    registry.close()
    return found.to_dict()


def size(engine: Engine) -> int:
    """Bytes of a database on its disk."""
    if engine.dialect.name == "sqlite":
        database.forget_traces(engine)
        return Path(str(engine.url.database)).stat().st_size
    with database.reading(engine) as connection:
        return int(connection.exec_driver_sql("SELECT pg_database_size(current_database())").scalar_one())


def crowded(engine: Engine, count: int, like: Mapping[str, Any]) -> None:
    """Enter a tenant's audits of one day, and those of others."""
    start = clock.now() - DAY
    for number in range(OTHERS):
        few = max(1, count // OF_OTHERS)
        entered(engine, few, f"label-{number}", like=like, start=start, apart=DAY / few)
    entered(engine, count, like=like, start=start, apart=DAY / count)


def catalogue(engine: Engine) -> tuple[list[Mapping[str, Any]], int]:
    """The tenant's audits, oldest first, and how many others have."""
    mine = select(_JOBS.c.id, _JOBS.c.created_at, _JOBS.c.sha256).where(_JOBS.c.tenant == "default")
    others = select(func.count()).select_from(_JOBS).where(_JOBS.c.tenant != "default")
    with database.reading(engine) as connection:
        rows = connection.execute(mine.order_by(_JOBS.c.created_at, _JOBS.c.id)).mappings()
        return [dict(row) for row in rows], int(connection.execute(others).scalar_one())


def questions(rows: Sequence[Mapping[str, Any]], cursors: Cursors) -> list[Question]:
    """Every list of audits, filter, order and search, and pages deep inside them.

    Args:
        rows: of the tenant, oldest first.
        cursors: that sign the places of deep pages.
    """
    middle, late = rows[len(rows) // 2], rows[len(rows) // 10]

    def deep(name: str, row: Mapping[str, Any], wanted: Wanted, **values: str) -> Question:
        cursor = cursors.at(row["created_at"], row["id"], wanted.about("default", "audit"))
        return _listed(name, **values, cursor=cursor)

    number = len(rows) // 2 + (len(rows) // 2 % 50 == 7)
    found = {"decision": "review", "verdict": "match", "ai": "no_trace"}
    hour = {
        "created_from": middle["created_at"].isoformat(),
        "created_to": (middle["created_at"] + timedelta(hours=1)).isoformat(),
    }
    return [
        _listed("newest"),
        _listed("newest, a page of 200", limit="200"),
        _listed("oldest first", sort="created_at"),
        deep("half way down", middle, Wanted()),
        deep("nine tenths down", late, Wanted()),
        _listed("state: failed", state="failed"),
        _listed("state: queued, of which there is none", state="queued"),
        _listed("decision", decision="reject"),
        deep("decision, half way down", middle, Wanted(values={"decision": "reject"}), decision="reject"),
        _listed("verdict of ownership", verdict="match"),
        _listed("verdict of the music", ai="synthetic"),
        _listed("decision and both verdicts", **found),
        _listed("decision and verdict that never met", decision="reject", ai="uncertain"),
        _listed("a file's digest", sha256=rows[number]["sha256"]),
        _listed("a record", record=f"{number % 1000:016x}"),
        _listed("ISRC", isrc=f"DEA12{number:07d}"),
        _listed("title", title=f"Song {number} of the Night"),
        _listed("owner", owner="North"),
        deep("owner, half way down", middle, Wanted(values={"owner": "North"}), owner="North"),
        _listed("artist", artist="Ada"),
        _listed("an hour", **hour),
        _listed("an hour's rejections of an owner", **hour, owner="North", decision="reject"),
        _listed("a word that all have", q="night"),
        _listed("a word that one has", q=str(number)),
        _listed("three words that many have", q="song night elan"),
        _listed("two words that a quarter each has, and none both", q="north elan"),
        _listed("words that no audit has together", q=f"night north {number + 1}", decision="reject"),
        Question("one audit", f"/v1/audits/{middle['id']}"),
        Question("the start page", "/"),
        Question("the page of 50", "/audits"),
        Question("the page of 50, decision and words", "/audits?decision=reject&q=night"),
        Question("a table (CSV) of a search", f"/audits.csv?q={number}"),
    ]


def _listed(name: str, **values: str) -> Question:
    return Question(f"list: {name}", f"/v1/audits?{urlencode({'limit': '50', **values})}")


def measure(name: str, url: str, count: int, seconds: float, folder: Path) -> Measured:
    """All of one database, in a folder that may have its audits already."""
    settings = Settings(home=folder / "home", database_url=url)
    Registry.open(settings).close()
    engine = database.connect(settings.database_url)
    if not catalogue(engine)[0]:
        crowded(engine, count, findings(folder, settings))
    rows, others = catalogue(engine)
    each = size(engine) // (len(rows) + others)
    asked = questions(rows, Cursors.of(engine))
    engine.dispose()
    found = []
    with serving(settings) as (server, _):
        for question in asked:
            for clients in CROWDS:
                found.append(measured(server, question, clients, seconds))
                print(name, found[-1], flush=True)
        found.append(once(server, Question("the table (CSV) of all", "/audits.csv")))
    return Measured(name, len(rows), others, each, found)


def page(found: Sequence[Measured], seconds: float, load: str) -> str:
    """The page."""
    count, others = found[0].audits, found[0].others
    out = [
        f"# {count:,} audits of one tenant: measured",
        "",
        "Written by `python -m lab.evaluation.load.many`; do not edit. "
        f"{platform.machine()}, {os.cpu_count()} cores shared with the clients and with other work (load "
        f"average {load}), Python {platform.python_version()}. {count:,} audits of one tenant, which came in "
        f"within a day, and {others:,} of {OTHERS} others; each has the findings of one real audit, with its "
        f"own title, owner, ISRC, verdicts and decision. One server process, rate limits off; each client "
        f"asks again as soon as it was answered, {seconds:g} s a row. A list shows 50 audits, all their "
        "findings included. The table of all is asked for once.",
    ]
    for one in found:
        lists = [row for row in one.rows if row.clients == 1 and row.route.startswith("list: ")]
        slow = [row for row in lists if row.p95_ms >= GOAL_MS]
        worst = max(lists, key=lambda row: row.p95_ms)
        told = f"the slowest, {worst.route.removeprefix('list: ')}: {worst.p95_ms:.1f} ms"
        told += f"; missed by {len(slow)} of {len(lists)}" if slow else ""
        out += [
            "",
            f"## {one.name}",
            "",
            goal(f"list, filter and search, one client, 95 % under {GOAL_MS:g} ms", not slow, told),
            f"- An audit takes {one.bytes_per_audit:,} bytes of the database.",
            "",
            *HEAD,
            *map(line, one.rows),
        ]
    return "\n".join(out) + "\n"


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--audits", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=3.0, help="how long a row is measured")
    parser.add_argument("--home", type=Path, help="an existing folder to keep the audits in")
    parser.add_argument("--postgresql", action="store_true", help="also on a PostgreSQL server of its own")
    parser.add_argument("-o", "--output", type=Path, default=PAGE)
    options = parser.parse_args()
    before = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        found = [measure("SQLite", "", options.audits, options.seconds, options.home or folder)]
        if options.postgresql:
            with own_postgresql() as url:
                beside = folder / "postgresql"
                beside.mkdir()
                found.append(measure("PostgreSQL", url, options.audits, options.seconds, beside))
    load = f"{before:.1f} before, {os.getloadavg()[0]:.1f} at the end"
    options.output.write_text(page(found, options.seconds, load), encoding="utf-8")
    told = {"load": load, "databases": [asdict(one) for one in found]}
    options.output.with_suffix(".json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    print(f"wrote {options.output}")


if __name__ == "__main__":
    main()
