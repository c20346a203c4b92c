"""Send damaged audio files through the decoder and the reader of credentials. Writes
`docs/benchmarks/mutants.md`.

    python -m lab.evaluation.mutants [--count N] [--seed N] [-o FILE]

Each file is made from a healthy one by damage that respects its structure (`mutate`): lengths that lie,
elements dropped, doubled, swapped, nested or of another file, extreme numbers, turned bits, cuts. The same
seed gives the same files. Fails if anything but a clip or a typed error comes back, or a process, a
descriptor or a file stays.
"""

import argparse
import platform
import sys
from pathlib import Path

from lab.evaluation.mutants.run import Outcome, run

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "benchmarks" / "mutants.md"


def page(found: Outcome) -> str:
    """The page of a run."""
    rows = "\n".join(
        f"| {name} | {sum(kinds.values())} | {kinds['decoded']} | {kinds['refused']} | {kinds['crashed']} "
        f"| {kinds['timed out']} |"
        for name, kinds in sorted(found.by_seed.items())
    )
    total = sum(sum(kinds.values()) for kinds in found.by_seed.values())
    return f"""# Damaged files

Written by `python -m lab.evaluation.mutants --count {total} --seed {found.seed}` on {platform.machine()},
Linux {platform.release()}. {total} files, made from healthy ones by damage that respects their structure,
went through the decoder; those that still spoke of C2PA also through the reader of content credentials.

*Child crashed* is a locked-in child that died of a file, which costs that file's answer and nothing else. The
process that asked never crashed.

| made from | files | decoded | refused | child crashed | timed out |
|---|---|---|---|---|---|
{rows}

Credentials: {found.credentials} files read, {found.credentials_refused} refused by a typed error.
Slowest file: {found.slowest_s:.1f} s. Left behind: {found.processes} processes, {found.descriptors}
descriptors, {found.files} temporary files; the asking process grew by {found.growth_mib:.0f} MiB.
"""


def main() -> int:
    """Run from the command line; exit status 1 if something was left or came back untyped."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("-o", "--output", type=Path, default=PAGE)
    options = parser.parse_args()
    found = run(options.count, options.seed)
    options.output.write_text(page(found), encoding="utf-8")
    return int(bool(found.processes or found.descriptors or found.files))


if __name__ == "__main__":
    sys.exit(main())
