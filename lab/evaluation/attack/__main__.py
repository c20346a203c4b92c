"""Have one tenant do its worst to a server while another's requests are timed.

    python -m lab.evaluation.attack [--minutes 5] [--postgresql] [--processes 1] [-o FILE]

starts `trackmark serve` with its usual limits, times a tenant that reads an audit and has files audited,
first alone, then for some minutes under the attack of another tenant with eight keys (`ways`), and writes
`docs/benchmarks/attack.md`. Exits with 1 where a goal is missed.
"""

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch

from api import database
from api.database.tables import Table
from api.server.api_keys import EVERYDAY, ApiKeys
from api.settings import Settings
from core.encode import encode
from lab.evaluation.attack.victim import Times, Victim, p95
from lab.evaluation.load.server import Server, own_postgresql, serving, song
from lab.evaluation.processes import Memory

PAGE = Path(__file__).resolve().parents[3] / "docs" / "benchmarks" / "attack.md"
KEYS = 8
BOMB_S, BOMB_RATE = 1790, 44_100
GOAL_RATIO, GOAL_MB = 2.0, 2500.0
WHAT = ("reads", "audits")
_JOBS = Table.metadata.tables["jobs"]


@dataclass(frozen=True)
class Measured:
    """All of one database: times alone and under attack, the most memory in each, the attacker's jobs."""

    name: str
    alone: Times
    attacked: Times
    memory_mb: tuple[float, float]
    jobs: int


def weapons(folder: Path) -> Path:
    """Half an hour of silence and of tones in some kilobytes or megabytes, and two honest seconds."""
    folder.mkdir()
    second = torch.arange(BOMB_RATE) / BOMB_RATE
    tones = torch.stack([0.3 * torch.sin(2 * torch.pi * hz * second) for hz in (220.0, 440.0)])
    encode(
        (torch.zeros(2, BOMB_RATE) for _ in range(BOMB_S)), BOMB_RATE, folder / "silence.flac", codec="flac"
    )
    encode((tones for _ in range(BOMB_S)), BOMB_RATE, folder / "tones.opus", codec="opus", bit_rate=16_000)
    encode(tones.repeat(1, 2), BOMB_RATE, folder / "small.flac", codec="flac")
    return folder


@contextmanager
def attacked(server: Server, folder: Path, keys: list[str]) -> Iterator[None]:
    """The attack, in a process of its own."""
    command = [sys.executable, "-m", "lab.evaluation.attack.ways", str(server.port), str(folder), *keys]
    process = subprocess.Popen(command)
    try:
        yield
        if process.poll() is not None:
            raise RuntimeError("the attack ended by itself")
    finally:
        process.terminate()
        process.wait(60)


def measure(name: str, url: str, minutes: float, processes: int) -> Measured:
    """All of one database."""
    with tempfile.TemporaryDirectory(prefix="trackmark-attack-") as scratch, ExitStack() as ends:
        folder = Path(scratch)
        settings = Settings(home=folder / "home", database_url=url)
        files, file = weapons(folder / "weapons"), song(folder)
        server, _ = ends.enter_context(serving(settings, limited=True, processes=processes))
        engine = database.connect(settings.database_url)
        ends.callback(engine.dispose)
        keys = ApiKeys(engine)
        mine = keys.create("victim", EVERYDAY, tenant="victim").secret
        theirs = [keys.create("attacker", EVERYDAY, tenant="attacker").secret for _ in range(KEYS)]
        memory = Memory(server.process.pid)
        ends.callback(memory.close)
        victim = Victim(server.url, mine, file)
        victim.live(5.0)  # models, caches
        alone = victim.live(60 * min(1.0, minutes))
        before = memory.most_mb()
        with attacked(server, files, theirs):
            time.sleep(5.0)
            under = victim.live(60 * minutes)
        after = memory.most_mb()
        with database.reading(engine) as connection:
            jobs = int(
                connection.exec_driver_sql("SELECT count(*) FROM jobs WHERE tenant = 'attacker'").scalar_one()
            )
        if server.process.poll() is not None:
            raise RuntimeError("the server ended")
        return Measured(name, alone, under, (before, after), jobs)


def page(found: list[Measured], minutes: float, processes: int, load: str) -> str:
    """The page."""
    out = [
        "# One tenant's worst against another: measured",
        "",
        f"Written by `python -m lab.evaluation.attack --minutes {minutes:g} --processes {processes}`; "
        "do not edit. "
        f"{platform.machine()}, {os.cpu_count()} cores shared with both tenants' clients and with other "
        f"work (load average {load}). `trackmark serve --processes {processes}` with its usual limits. "
        f"The attacker has {KEYS} keys; "
        "at the same time it sends jobs in bulk, half hours in kilobytes, lookups and enrolments of them, "
        "huge and slow bodies, deep and long JSON, bad forms and policies, wrong keys, and asks for the "
        "longest lists. The other tenant reads an audit and has half a minute audited (fingerprint, "
        "credentials). "
        "Memory is of all "
        "processes of the server.",
        "",
        "| database | | alone, 95 % | attacked, 95 % | ratio | goal |",
        "|---|---|---:|---:|---:|---|",
    ]
    for one in found:
        for what in WHAT:
            alone, under = p95(getattr(one.alone, what)), p95(getattr(one.attacked, what))
            reached = "missed" if slow(one, what) else "reached"
            out.append(
                f"| {one.name} | {what} | {1000 * alone:,.0f} ms | {1000 * under:,.0f} ms "
                f"| {under / alone:.2f} | ≤ {GOAL_RATIO:g}: **{reached}** |"
            )
        reached = "reached" if one.memory_mb[1] <= GOAL_MB else "missed"
        out.append(
            f"| {one.name} | memory | {one.memory_mb[0]:,.0f} MB | {one.memory_mb[1]:,.0f} MB | | "
            f"≤ {GOAL_MB:,.0f} MB: **{reached}** |"
        )
    for one in found:
        failures = Counter(one.attacked.failures)
        said = ", ".join(f"{count} × {what}" for what, count in failures.items()) or "none"
        out += [
            "",
            f"{one.name}: {len(one.attacked.reads)} reads and {len(one.attacked.audits)} audits under "
            f"attack, failed: {said}. The attacker entered {one.jobs:,} jobs.",
        ]
    return "\n".join(out) + "\n"


def slow(one: Measured, what: str) -> bool:
    """Whether the other tenant waited too long; also where nothing of it was answered at all."""
    return not p95(getattr(one.attacked, what)) <= GOAL_RATIO * p95(getattr(one.alone, what))


def missed(one: Measured) -> bool:
    """Whether a goal is."""
    too_slow = any(slow(one, what) for what in WHAT)
    return too_slow or one.memory_mb[1] > GOAL_MB or bool(one.attacked.failures)


def main() -> int:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--postgresql", action="store_true", help="also on a PostgreSQL server of its own")
    parser.add_argument("--processes", type=int, default=1, help="of the server")
    parser.add_argument("-o", "--output", type=Path, default=PAGE)
    options = parser.parse_args()
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    found = [measure("SQLite", "", options.minutes, options.processes)]
    if options.postgresql:
        with own_postgresql() as url:
            found.append(measure("PostgreSQL", url, options.minutes, options.processes))
    options.output.write_text(page(found, options.minutes, options.processes, load), encoding="utf-8")
    return int(any(map(missed, found)))


if __name__ == "__main__":
    sys.exit(main())
