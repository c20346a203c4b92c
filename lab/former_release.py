"""Write `tests/vectors/release`: a registry, its log, proofs and a report as an earlier release made them.

    python -m lab.former_release CHECKOUT

A later release must open, verify and migrate what an earlier one wrote. So this drives the earlier release's
own commands, in a checkout of it, and keeps what they leave: the database, evidence folders and a signed
report. The audio is generated here. Neither audio nor private keys are kept: whoever verifies needs neither.
"""

import argparse
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

import numpy as np
import torch

from core.encode import encode

FOLDER = Path(__file__).resolve().parents[1] / "tests" / "vectors" / "release"
RATE = 44_100
LENGTH_S = 8.0
AMENDED = {"asset": {"isrc": "USRC17607839"}}


def tune(seed: int) -> torch.Tensor:
    """Struck notes at uneven times over a little hiss, [1, T] at `RATE`."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(LENGTH_S * RATE)) / RATE
    total = 1e-3 * rng.standard_normal(time.size)
    start = 0.0
    while start < LENGTH_S - 1:
        since = np.maximum(time - start, 0)
        pitch_hz = 110 * 2 ** (rng.integers(0, 30) / 12)
        sound = sum(np.sin(2 * np.pi * k * pitch_hz * since) / k for k in range(1, 12))
        total += np.where(time >= start, np.exp(-3 * since) * sound, 0) * rng.uniform(0.5, 1)
        start += rng.uniform(0.1, 0.4)
    return torch.from_numpy(0.5 * total / np.abs(total).max()).float()[None]


class Release:
    """An earlier release, run by its commands in a home of its own."""

    def __init__(self, checkout: Path, home: Path) -> None:
        self._environment = {**os.environ, "PYTHONPATH": str(checkout), "TRACKMARK_HOME": str(home)}
        self._checkout = checkout

    def __call__(self, *arguments: str | Path) -> str:
        """What a command printed.

        Raises:
            CalledProcessError: it failed; its own words are on standard error.
        """
        done = subprocess.run(
            [sys.executable, "-m", "api.cli", *map(str, arguments)],
            cwd=self._checkout,
            env=self._environment,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        return done.stdout


def lived_in(release: Release, work: Path) -> dict[str, str]:
    """Fill a registry with everything that can happen to records and keys; ids of the records, by name."""
    ids = {}
    for seed, name in enumerate(("kept", "disputed", "revoked")):
        source = work / f"{name}.wav"
        encode(tune(seed), RATE, source, codec="wav", bits=16)
        words = ["--title", f"Żółć {name}", "--owner", "Test Label", "--ai", "none", "--json", "-q"]
        tagged = json.loads(release("tag", source, "-o", work / f"{name}.mp3", *words))
        ids[name] = str(tagged["record_id"])
    release("record", "amend", ids["kept"], json.dumps(AMENDED))
    release("key", "rotate", "record")
    release("record", "transfer", ids["kept"], "--to", "Buyer", "--percent", "40")
    release("record", "dispute", ids["disputed"], "--by", "Ada", "--reason", "I wrote it")
    release("key", "rotate", "log")
    release("record", "dispute", ids["kept"], "--by", "Ada", "--reason", "I wrote this too")
    release("record", "dispute", ids["kept"], "--by", "Ada", "--reason", "we agreed", "--close")
    release("record", "revoke", ids["revoked"], "--by", "Test Label", "--reason", "registered by mistake")
    return ids


def main() -> None:
    """Write the folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("checkout", type=Path, help="of the earlier release")
    parser.add_argument("--folder", type=Path, default=FOLDER)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        release = Release(args.checkout.resolve(), work / "home")
        ids = lived_in(release, work)
        release("audit", work / "kept.mp3", "--reports", work / "reports", "-q")
        release("key", "rotate", "report")
        args.folder.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(args.folder / "evidence", ignore_errors=True)
        for name in ids:
            folder = args.folder / "evidence" / name
            folder.parent.mkdir(exist_ok=True)
            release("record", "export", ids[name], "-f", "evidence", "-o", folder)
        (report,) = (work / "reports").glob("*.report.dsse.json")
        shutil.copy(report, args.folder / "kept.report.dsse.json")
        (args.folder / "registry.db").unlink(missing_ok=True)
        with closing(sqlite3.connect(work / "home" / "trackmark.db")) as database:
            database.execute("VACUUM INTO ?", [str(args.folder / "registry.db")])
        (args.folder / "records.json").write_text(json.dumps(ids, indent=1) + "\n")


if __name__ == "__main__":
    main()
