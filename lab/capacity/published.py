"""What the published pages of benchmarks say of costs and sizes."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.capacity.model import Cost, costs
from lab.capacity.storage import Stored
from lab.published import BENCHMARKS, NotPublished, number, rows, said


def dated(page: Path) -> str:
    """The day on which a page was last published, as the repository has it."""
    asked = ["git", "-C", str(page.parent), "log", "-1", "--format=%cs", "--", page.name]
    told = subprocess.run(asked, check=False, capture_output=True, text=True).stdout.strip()
    return told or "not published yet"


def audit_seconds(page: Path = BENCHMARKS / "speed.md") -> Mapping[str, Mapping[int, float]]:
    """Processor seconds of an audit on one core, by what was asked and by the length of the audio in seconds.

    `all` is the whole audit; the other names are those of one check asked alone, decoding included.
    """
    found: dict[str, dict[int, float]] = {}
    for row in rows(page, "audio", "cores", "processor"):
        if row["cores"] == "1":
            found.setdefault("all", {})[round(number(row["audio"]))] = number(row["processor"])
    for row in rows(page, "audio", "cores", "watermark", "voice"):
        if row["cores"] == "1":
            for name in row.keys() - {"audio", "cores"}:
                found.setdefault(name, {})[round(number(row["audio"]))] = number(row[name])
    return found


def served_seconds(page: Path = BENCHMARKS / "load.md") -> float:
    """Processor seconds that report, pictures and the service itself add to an audit of half a minute."""
    _, served, audit = said(
        page, r"([\d.]+) s with its report and pictures, ([\d.]+) s served; ([\d.]+) s of it are the audit"
    )
    return served - audit


@dataclass(frozen=True)
class Published:
    """What the pages say; all that the model rests on.

    Attributes:
        costs: processor seconds of an audit, by set of checks.
        row_bytes: of an audit in each database that was measured.
        stored: bytes of files, tracks and log entries.
        log_per_s: entries that a log takes where they come one by one.
        proof_of: entries of the largest log that was measured.
        proof_ms: of a proof in it, in the median.
        index: of the largest fingerprint index that was measured: tracks, seconds of each, and milliseconds
            of a query.
    """

    costs: Mapping[str, Cost]
    row_bytes: Mapping[str, int]
    stored: Stored
    log_per_s: float
    proof_of: float
    proof_ms: float
    index: tuple[float, float, float]


def _beside(page: Path) -> Any:
    """The numbers of a page that was written with a file of them beside it."""
    file = page.with_suffix(".json")
    if not file.is_file():
        raise NotPublished(f"{file.name} is not there; run the command that writes it")
    return json.loads(file.read_text("utf-8"))


def published(folder: Path = BENCHMARKS) -> Published:
    """Read the pages.

    Raises:
        NotPublished: one is not there, or lacks something.
    """
    crowd = rows(folder / "log.md", "threads", "log entries per second")
    logs = rows(folder / "log.md", "entries", "question", "median ms")
    proofs = [row for row in logs if row["question"] == "inclusion proof"]
    largest = folder / "fingerprint-million.md"
    tracks, each_s = said(largest, r"do not edit\. (\d+) tracks, [^(]*\(([\d.]+) s each\)")
    index = rows(largest, "index", "CPU, median")
    many = _beside(folder / "load-hundred-thousand.md")["databases"]
    return Published(
        costs(audit_seconds(folder / "speed.md"), served_seconds(folder / "load.md")),
        {one["name"]: one["bytes_per_audit"] for one in many},
        Stored(**_beside(folder / "storage.md")),
        max(number(row["log entries per second"]) for row in crowd),
        number(proofs[-1]["entries"]),
        number(proofs[-1]["median ms"]),
        (tracks, each_s, max(number(row["CPU, median"]) for row in index)),
    )
