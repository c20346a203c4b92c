"""Speed of the whole audit: by length, cold and warm, on one core and on two, with each stage's share.

`python -m lab.evaluation.speed DATA` writes `docs/benchmarks/speed.md`. Every row is a process of its own,
bound to its cores: what it loads, it pays for. The audio is no track of the registry and bears no mark: the
dearest case, since nothing that is found ends a search early.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from core.encode import encode
from core.resample import resample
from lab.datasets import data_root, read_manifest

PAGE = Path(__file__).resolve().parents[2] / "docs" / "benchmarks" / "speed.md"
LENGTHS_S = (30, 180, 3600)
CORES = (1, 2)
RATE = 44_100
REGISTERED = 20
GOAL_WARM_S, GOAL_COLD_S, GOAL_MB = 3.0, 4.0, 900


@dataclass(frozen=True)
class Row:
    """One process that audited one file twice.

    Attributes:
        length_s: of the audio.
        cores: that the process was bound to.
        start_s: from the start of the process to the end of the first audit of ten seconds, with all imports
            and models.
        cold_s: the first audit of the file.
        warm_s: the second one.
        cpu_s: processor time of the second one.
        alone: processor time of an audit that asks for one check only, by its name; decoding is in each.
        peak_mb: largest resident memory of the process.
    """

    length_s: int
    cores: int
    start_s: float
    cold_s: float
    warm_s: float
    cpu_s: float
    alone: dict[str, float]
    peak_mb: float


def music(root: Path | None, length_s: int, path: Path) -> None:
    """Write `length_s` of different recordings, end to end, as 16-bit FLAC in stereo."""
    parts, have = [], 0
    recordings = [r for r in read_manifest(root) if r.kind == "human_music" and r.use != "avoid"]
    while have < length_s * RATE:
        for recording in recordings:
            clip = recording.load()
            part = resample(clip.wav, clip.sample_rate, RATE)
            parts.append(part[:2] if part.shape[0] > 1 else part.expand(2, -1))
            have += part.shape[-1]
            if have >= length_s * RATE:
                break
    encode(torch.cat(parts, dim=1)[:, : length_s * RATE], RATE, path, codec="flac")


def measure(path: Path, short: Path, length_s: int, cores: int) -> Row:
    """Audit `path` twice in this process, after the ten seconds of `short`."""
    from api.audit.asked import ALL
    from api.audit.audit import audit_file
    from api.registry.registry import Registry
    from api.settings import Settings
    from lab.registrations import blank_fingerprint, new_records

    torch.set_num_threads(cores)
    with tempfile.TemporaryDirectory() as home:
        settings = Settings(home=Path(home))
        registry = Registry.open(settings)
        for record in new_records(REGISTERED, registry.keys.signer("record").keyid):
            registry.records.register(record, blank_fingerprint())
        audit_file(short, registry=registry, settings=settings)
        start_s = time.monotonic() - _started()
        walls = []
        for _ in range(2):
            begun, busy = time.monotonic(), time.process_time()
            audit_file(path, registry=registry, settings=settings)
            walls.append(time.monotonic() - begun)
            busy = time.process_time() - busy
        alone = {}
        for name in ALL:
            begun_cpu = time.process_time()
            audit_file(path, registry=registry, settings=settings, checks=(name,))
            alone[name] = time.process_time() - begun_cpu
        registry.close()
    status = Path("/proc/self/status").read_text()
    peak_mb = int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) / 1024
    return Row(length_s, cores, start_s, walls[0], walls[1], busy, alone, peak_mb)


def _started() -> float:
    """When this process began, on the monotonic clock."""
    ticks = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
    return ticks / os.sysconf("SC_CLK_TCK") - (time.clock_gettime(time.CLOCK_BOOTTIME) - time.monotonic())


def rows(root: Path | None, lengths: tuple[int, ...]) -> Iterator[Row]:
    """Measure every length on every number of cores, each in a fresh process."""
    with tempfile.TemporaryDirectory() as folder:
        short = Path(folder) / "short.flac"
        music(root, 10, short)
        for length_s in lengths:
            path = Path(folder) / f"{length_s}.flac"
            music(root, length_s, path)
            for cores in CORES:
                allowed = sorted(os.sched_getaffinity(0))[:cores]
                command = ["taskset", "-c", ",".join(map(str, allowed)), sys.executable, "-m", __spec__.name]
                command += ["--file", str(path), "--short", str(short), str(length_s), str(cores)]
                answer = subprocess.run(
                    command,
                    check=True,
                    capture_output=True,
                    text=True,
                    env=os.environ | {"TRACKMARK_MAX_DURATION_S": "7200", "OMP_NUM_THREADS": str(cores)},
                )
                yield Row(**json.loads(answer.stdout.splitlines()[-1]))


def page(found: list[Row]) -> str:
    """The page, in Markdown."""
    lines = [
        "# Speed of an audit",
        "",
        "Generated by `python -m lab.evaluation.speed DATA`; do not edit. Different recordings of people end"
        " to end, stereo FLAC at 44.1 kHz, unmarked and unregistered: the dearest case. All checks, in a"
        " process bound to its cores. *Start* is a fresh process until ten seconds are audited, with"
        " all imports and models. *Processor* is what the warm audit took of its cores. Where other work ran"
        " on the machine meanwhile, that is what counts, and times by the clock are upper bounds.",
        "",
        "| audio | cores | start | first audit | warm audit | times real time | processor | peak memory |",
        "|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for row in found:
        lines.append(
            f"| {row.length_s} s | {row.cores} | {row.start_s:.1f} s | {row.cold_s:.1f} s"
            f" | {row.warm_s:.1f} s | {row.length_s / row.warm_s:.0f} | {row.cpu_s:.1f} s"
            f" | {row.peak_mb:.0f} MB |"
        )
    names = list(dict.fromkeys(name for row in found for name in row.alone))
    lines += ["", "## Processor time of each check asked alone, decoding included", ""]
    lines += ["| audio | cores | " + " | ".join(names) + " |", "|---:|---:|" + "---:|" * len(names)]
    for row in found:
        cells = (f"{row.alone[name]:.2f} s" for name in names)
        lines.append(f"| {row.length_s} s | {row.cores} | " + " | ".join(cells) + " |")
    lines += ["", "## Against the goals", ""]
    two = [row for row in found if row.cores == 2]
    for row in two:
        if row.length_s == 180:
            lines.append(
                f"- three minutes, warm, two cores: {row.warm_s:.1f} s by the clock, {row.cpu_s:.1f} s of"
                f" processors (goal {GOAL_WARM_S:.1f} s by the clock)"
            )
    if two:
        lines.append(f"- start: {max(row.start_s for row in two):.1f} s at most (goal {GOAL_COLD_S:.1f} s)")
    peaks = [row.peak_mb for row in found]
    lines.append(
        f"- memory: {min(peaks):.0f} to {max(peaks):.0f} MB (goal {GOAL_MB} MB, the same at any length)"
    )
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure and write the page, or one row where `--file` is given."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", nargs="?", type=Path)
    parser.add_argument("numbers", nargs="*", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--lengths", type=int, nargs="+", default=LENGTHS_S, metavar="SECONDS")
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--short", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.file is not None:
        length_s, cores = int(str(args.data)), args.numbers[0]
        print(json.dumps(asdict(measure(args.file, args.short, length_s, cores))))
        return
    found = []
    for row in rows(data_root(args.data), tuple(args.lengths)):
        found.append(row)
        print(row, flush=True)
    PAGE.write_text(page(found))


if __name__ == "__main__":
    main()
