"""Send damaged audio files through the decoder, the readers of tags and credentials, and a server. Writes
`docs/benchmarks/mutants.md`.

    python -m lab.evaluation.mutants [--count N] [--uploads N] [--seed N] [--state FILE] [-o FILE]

Each file is made from a healthy one by damage that respects its structure (`mutate`): lengths that lie,
elements dropped, doubled, swapped, nested or of another file, extreme numbers, turned bits, cuts. The same
seed gives the same files. A run that was cut short goes on where `--state` says. Fails if anything but a clip
or a typed error comes back, if the server is at fault, or a process, a descriptor or a file stays.
"""

import argparse
import json
import platform
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lab.evaluation.mutants import uploads
from lab.evaluation.mutants.run import Outcome, run
from lab.evaluation.mutants.uploads import Uploaded

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "benchmarks" / "mutants.md"


def page(found: Outcome, sent: Uploaded) -> str:
    """The page of a run."""
    rows = "\n".join(
        f"| {name} | {sum(kinds.values())} | {kinds['decoded']} | {kinds['refused']} | {kinds['crashed']} "
        f"| {kinds['timed out']} |"
        for name, kinds in sorted(found.by_seed.items())
    )
    return f"""# Damaged files

Written by `python -m lab.evaluation.mutants --count {found.done} --uploads {sent.done} --seed {found.seed}`
on {platform.machine()}, Linux {platform.release()}. {found.done:,} files, made from healthy ones by damage
that respects their structure, went through the decoder; what could be decoded also through the reader of
tags, and what still spoke of C2PA through the reader of content credentials.

*Child crashed* is a locked-in child that died of a file, which costs that file's answer and nothing else. The
process that asked never crashed.

| made from | files | decoded | refused | child crashed | timed out |
|---|---|---|---|---|---|
{rows}

Tags: {found.tags:,} files read, {found.tags_unreadable:,} with tags that could not be. Credentials:
{found.credentials:,} files read, {found.credentials_refused:,} refused by a typed error. Slowest file:
{found.slowest_s:.1f} s. Left behind: {found.processes} processes, {found.descriptors} descriptors,
{found.files} temporary files; the asking process grew by {found.growth_mib:.0f} MiB.

## Through a server

{sent.done:,} other files were sent to `trackmark serve`, three of four to be audited (credentials,
fingerprint), the fourth to be tagged. Answers: {_counted(sent.answers)}. Ends of the jobs:
{_counted(sent.ends)}. The server's faults: {len(sent.faults)}. Left behind: {sent.descriptors} descriptors,
{sent.files} files; the server grew by {sent.growth_mib:.0f} MiB.
"""


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{count:,} `{name}`" for name, count in counts.most_common()) or "none"


def _kept(path: Path | None, seed: int) -> tuple[Outcome, Uploaded]:
    """What came of an earlier part of the run."""
    if path is None or not path.exists():
        return Outcome(seed), Uploaded()
    state: dict[str, dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    found, sent = Outcome(**state["decoder"]), Uploaded(**state["uploads"])
    if found.seed != seed:
        raise SystemExit(f"{path} is of a run with seed {found.seed}")
    found.by_seed = {name: Counter(kinds) for name, kinds in found.by_seed.items()}
    sent.answers, sent.ends = Counter(sent.answers), Counter(sent.ends)
    return found, sent


def _keeper(path: Path | None, found: Outcome, sent: Uploaded) -> Callable[[object], None]:
    def keep(_: object) -> None:
        if path is not None:
            path.write_text(json.dumps({"decoder": vars(found), "uploads": vars(sent)}), encoding="utf-8")

    return keep


def main() -> int:
    """Run from the command line; exit status 1 if something was left or came back untyped."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--uploads", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--state", type=Path, help="where a run is kept that may be cut short")
    parser.add_argument("-o", "--output", type=Path, default=PAGE)
    options = parser.parse_args()
    found, sent = _kept(options.state, options.seed)
    keep = _keeper(options.state, found, sent)
    uploads.run(options.uploads, options.seed, sent, keep)
    run(options.count, found, keep)
    options.output.write_text(page(found, sent), encoding="utf-8")
    for fault in sent.faults:
        sys.stderr.write(f"{fault}\n")
    left = found.processes + found.descriptors + found.files + sent.descriptors + sent.files
    return int(bool(left > 0 or sent.faults))


if __name__ == "__main__":
    sys.exit(main())
