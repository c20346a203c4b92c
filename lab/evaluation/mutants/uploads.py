"""Damaged files through a real server's upload path, to be audited and tagged, and what is left of them."""

import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from api.errors import OURS
from api.settings import Settings
from lab.evaluation.load.server import Server, serving
from lab.evaluation.mutants.run import numbered
from lab.evaluation.mutants.seeds import seeds

FIRST = 1_000_000
"""The number of the first file that is uploaded: none of them went through the decoder by itself."""
EACH_TRACK = 4
AT_ONCE = 8
LOOK_S = 0.2
SETTLED_S = 2.0
BOUNDED = (".db", ".db-wal", ".db-shm", ".ttf", ".otf", ".ttc")
"""Connections to the database, of which the pool has a few, and fonts, of which the drawing keeps 64."""
AUDIT = {"checks": "credentials,fingerprint"}
TRACK = {"title": "A Song", "owner": "A Label"}


@dataclass
class Uploaded:
    """What came of uploads.

    Attributes:
        answers: how often each code came back of an upload, `accepted` where it became a job.
        ends: how often jobs ended in each state, or with each problem.
        faults: what was the server's fault, a line each.
        descriptors, files: how many more the server has than before, `BOUNDED` ones apart.
        growth_mib: of the server, after the first hundredth of the files.
    """

    done: int = 0
    answers: Counter[str] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    descriptors: int = 0
    files: int = 0
    growth_mib: float = 0.0


def run(
    count: int, seed: int, found: Uploaded, keep: Callable[[Uploaded], None] = lambda _found: None
) -> Uploaded:
    """Upload mutants until there were `count`; arguments as in `run.run`."""
    healthy = seeds()
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(home=Path(folder) / "home")
        with (
            serving(settings) as (server, _),
            httpx.Client(base_url=server.url, headers=server.headers, timeout=120, trust_env=False) as http,
        ):
            warm = [
                where
                for track in (True, False)
                for where in _upload(http, healthy["signed wav"], track=track, found=Uploaded())
            ]
            while warm:  # models, caches, helpers
                warm = list(_still(http, warm, Uploaded()))
            before, memory, first = _descriptors(server), 0.0, found.done
            waiting: list[str] = []
            for number in range(first, count):
                _, data = numbered(healthy, seed, FIRST + number)
                waiting += _upload(http, data, track=number % EACH_TRACK == 0, found=found)
                while len(waiting) >= AT_ONCE:
                    waiting = list(_still(http, waiting, found))
                if number == first + (count - first) // 100:
                    memory = server.memory_mb()
                found.done = number + 1
                if found.done % 50 == 0:
                    keep(found)
            while waiting:
                waiting = list(_still(http, waiting, found))
            time.sleep(SETTLED_S)  # children that were let go take a moment
            found.growth_mib = max(found.growth_mib, (server.memory_mb() - memory) * 1e6 / 2**20)
            found.descriptors += max(0, _descriptors(server) - before)
            found.files += len(list(settings.uploads.iterdir()))
            found.files += len(list(settings.outputs.rglob(".*")))
    keep(found)
    return found


def _upload(http: httpx.Client, data: bytes, *, track: bool, found: Uploaded) -> list[str]:
    """Send a file; returns where its job is, if it became one."""
    path, form = ("/v1/tracks", TRACK) if track else ("/v1/audits", AUDIT)
    answer = http.post(path, files={"file": ("mutant", data)}, data=form)
    if answer.status_code == 202:
        found.answers["accepted"] += 1
        return [str(answer.headers["location"])]
    said: dict[str, Any] = answer.json()
    found.answers[said["code"]] += 1
    if answer.status_code >= 500:
        found.faults.append(f"upload: {said['code']}: {said['detail']}")
    return []


def _still(http: httpx.Client, waiting: list[str], found: Uploaded) -> Iterator[str]:
    """Those of the jobs that have not ended."""
    time.sleep(LOOK_S)
    for where in waiting:
        job = http.get(where).json()
        if job["state"] in ("queued", "running"):
            yield where
            continue
        problem = job["problem"]
        found.ends[job["state"] if problem is None else problem["code"]] += 1
        if problem is not None and problem["code"] in OURS:
            found.faults.append(f"{where}: {problem['code']}: {problem['detail']}")


def _descriptors(server: Server) -> int:
    """What the server has open, apart from what is kept open up to a bound: see `BOUNDED`."""
    return sum(not _bounded(path) for path in Path(f"/proc/{server.process.pid}/fd").iterdir())


def _bounded(descriptor: Path) -> bool:
    try:
        return descriptor.readlink().name.endswith(BOUNDED)
    except OSError:  # closed meanwhile
        return True
