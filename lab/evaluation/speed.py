"""Speed of the whole audit: by length, cold and warm, on one core and on two, with each stage's share.

`python -m lab.evaluation.speed DATA` writes `docs/benchmarks/speed.md`. Every row is a process of its own,
bound to its cores: what it loads, it pays for. The audio is no track of the registry and bears no mark: the
dearest case, since nothing that is found ends a search early.
"""

import argparse
import itertools
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
from torch import Tensor

from core.encode import encode
from core.resample import resample
from lab.datasets import data_root, read_manifest

PAGE = Path(__file__).resolve().parents[2] / "docs" / "benchmarks" / "speed.md"
LENGTHS_S = (30, 180, 1800, 3600)
LONG_S = 600
"""What is longer is audited once, on the most cores: for its memory, and whether time grows with length."""
CORES = (1, 2)
RATE = 44_100
REGISTERED = 20
GOAL_WARM_S, GOAL_COLD_S, GOAL_MB = 3.0, 4.0, 900


@dataclass(frozen=True)
class Row:
    """One process that audited one file twice, or a long one once.

    Attributes:
        length_s: of the audio.
        cores: that the process was bound to.
        start_s: from the start of the process to the end of the first audit of ten seconds, with all imports
            and models; its registry was there before.
        cold_s: the first audit of the file.
        warm_s: the last one.
        cpu_s: processor time of the last one.
        alone: processor time of an audit that asks for one check only, by its name; decoding is in each. None
            of a long file.
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
    recordings = [r for r in read_manifest(root) if r.kind == "human_music" and r.use != "avoid"]

    def parts() -> Iterator[Tensor]:
        left = length_s * RATE
        for recording in itertools.cycle(recordings):
            clip = recording.load()
            part = resample(clip.wav, clip.sample_rate, RATE)[:, :left]
            yield part[:2] if part.shape[0] > 1 else part.expand(2, -1)
            left -= part.shape[-1]
            if left <= 0:
                return

    encode(parts(), RATE, path, codec="flac")


def fill(home: Path) -> None:
    """Make a registry with some records."""
    from api.registry.registry import Registry
    from api.settings import Settings
    from lab.registrations import blank_fingerprint, new_records

    registry = Registry.open(Settings(home=home))
    for record in new_records(REGISTERED, registry.keys.signer("record").keyid):
        registry.records.register(record, blank_fingerprint())
    registry.close()


def measure(path: Path, short: Path, home: Path, length_s: int, cores: int) -> Row:
    """Audit `path` in this process, after the ten seconds of `short`."""
    from api.audit.asked import ALL
    from api.audit.audit import audit_file
    from api.registry.registry import Registry
    from api.settings import Settings

    torch.set_num_threads(cores)
    settings = Settings(home=home)
    registry = Registry.open(settings)
    audit_file(short, registry=registry, settings=settings)
    start_s = time.monotonic() - _started()
    walls = []
    for _ in range(1 if length_s > LONG_S else 2):
        begun, busy = time.monotonic(), time.process_time()
        audit_file(path, registry=registry, settings=settings)
        walls.append(time.monotonic() - begun)
        busy = time.process_time() - busy
    alone = {}
    for name in ALL if length_s <= LONG_S else ():
        begun_cpu = time.process_time()
        audit_file(path, registry=registry, settings=settings, checks=(name,))
        alone[name] = time.process_time() - begun_cpu
    registry.close()
    status = Path("/proc/self/status").read_text()
    peak_mb = int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) / 1024
    return Row(length_s, cores, start_s, walls[0], walls[-1], busy, alone, peak_mb)


def _started() -> float:
    """When this process began, on the monotonic clock."""
    ticks = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
    return ticks / os.sysconf("SC_CLK_TCK") - (time.clock_gettime(time.CLOCK_BOOTTIME) - time.monotonic())


def rows(root: Path | None, lengths: tuple[int, ...]) -> Iterator[Row]:
    """Measure every length on every number of cores, each in a fresh process."""
    with tempfile.TemporaryDirectory() as folder:
        short, home = Path(folder) / "short.flac", Path(folder) / "home"
        music(root, 10, short)
        fill(home)
        for length_s in lengths:
            path = Path(folder) / f"{length_s}.flac"
            music(root, length_s, path)
            for cores in CORES[-1:] if length_s > LONG_S else CORES:
                allowed = sorted(os.sched_getaffinity(0))[:cores]
                command = ["taskset", "-c", ",".join(map(str, allowed)), sys.executable, "-m", __spec__.name]
                command += ["--file", str(path), "--short", str(short), "--home", str(home)]
                command += [str(length_s), str(cores)]
                longer = {"TRACKMARK_MAX_DURATION_S": "7200", "TRACKMARK_MAX_UPLOAD_BYTES": str(1 << 30)}
                answer = subprocess.run(
                    command,
                    check=True,
                    stdout=subprocess.PIPE,
                    text=True,
                    env=os.environ | longer | {"OMP_NUM_THREADS": str(cores)},
                )
                yield Row(**json.loads(answer.stdout.splitlines()[-1]))


def page(found: list[Row], beside: str = "") -> str:
    """The page, in Markdown; `beside` says what else ran on the machine."""
    lines = [
        "# Speed of an audit",
        "",
        "Generated by `python -m lab.evaluation.speed DATA`; do not edit. Different recordings of people end"
        " to end, stereo FLAC at 44.1 kHz, unmarked and unregistered: the dearest case. All checks, in a"
        " process bound to its cores. *Start* is a fresh process until ten seconds are audited, with"
        f" all imports and models, over a registry that was there before, of {REGISTERED} records."
        " *Processor* is what the warm audit took of its cores, without the process that reads the file."
        " Where other work ran on the machine meanwhile, that is what counts, and times by the clock are"
        f" upper bounds. What is longer than {LONG_S} s is audited once, in a process that is warm.",
        "",
        "*Peak memory* is the largest resident set, with pages of mapped files as far as they were held."
        " Long audio lies in a file of the temporary folder (decision 0312), whose pages the system keeps"
        " outside of any process while it has room.",
        "",
        "| audio | cores | start | first audit | warm audit | times real time | processor | peak memory |",
        "|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for row in found:
        warm = f"{row.warm_s:.1f} s" if row.length_s <= LONG_S else "–"
        lines.append(
            f"| {row.length_s} s | {row.cores} | {row.start_s:.1f} s | {row.cold_s:.1f} s"
            f" | {warm} | {row.length_s / row.warm_s:.0f} | {row.cpu_s:.1f} s | {row.peak_mb:.0f} MB |"
        )
    apart = [row for row in found if row.alone]
    if beside:
        lines += ["", f"Beside it ran: {beside}."]
    names = list(dict.fromkeys(name for row in found for name in row.alone))
    lines += ["", "## Processor time of each check asked alone, decoding included", ""]
    lines += ["| audio | cores | " + " | ".join(names) + " |", "|---:|---:|" + "---:|" * len(names)]
    for row in apart:
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
    parser.add_argument("--home", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--beside", default="", metavar="TEXT", help="what else ran, for the page")
    args = parser.parse_args()
    if args.file is not None:
        length_s, cores = int(str(args.data)), args.numbers[0]
        print(json.dumps(asdict(measure(args.file, args.short, args.home, length_s, cores))))
        return
    found = []
    for row in rows(data_root(args.data), tuple(args.lengths)):
        found.append(row)
        print(row, flush=True)
    PAGE.write_text(page(found, args.beside))


if __name__ == "__main__":
    main()
