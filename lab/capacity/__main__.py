"""How many processors, how much storage and money 100,000 uploads a day and 100 million tracks take.

`python -m lab.capacity` writes `docs/capacity.md` from the published pages of `docs/benchmarks` and from what
`lab/capacity/inputs.toml` assumes. Nothing is measured here.
"""

import argparse
from collections.abc import Iterator, Sequence
from math import ceil
from pathlib import Path

from lab.capacity.model import INPUTS, SETS, Inputs, Queue, inputs, mean_s, queue
from lab.capacity.published import Published, dated, published
from lab.capacity.queueing import DAY_S
from lab.published import ROOT
from provenance.fingerprint.mapped import MOST_POSTINGS, MOST_TRACKS

PAGE = ROOT / "docs" / "capacity.md"
SOURCES = ("speed", "load", "load-hundred-thousand", "storage", "log", "fingerprint-million")
DAYS_A_MONTH = 365 / 12
GB = 1e9


def page(found: Published, given: Inputs, queues: Sequence[Queue]) -> str:
    """The page."""
    return "\n".join(
        [
            *_head(given),
            *_processors(found, given),
            *_queue(queues),
            *_storage(found, given),
            *_catalogue(found, given),
            *_cost(found, given, queues),
            *_extrapolated(found, given),
            "",
        ]
    )


def _head(given: Inputs) -> Iterator[str]:
    demand = given.demand
    yield "# Capacity: what a service of this size takes"
    yield ""
    yield (
        "Written by `python -m lab.capacity`; do not edit. A model: the numbers come from the pages below, "
        f"as they were published, and from what `lab/capacity/inputs.toml` assumes (as of {given.as_of}): "
        f"{demand.uploads_per_day:,} uploads a day, {demand.catalogue_tracks:,} registered tracks, lengths "
        f"between {demand.lengths_s[0][1]:g} and {demand.lengths_s[-1][1]:g} s. No service of this size was "
        "run. [What is extrapolated](#what-is-extrapolated) stands at the end."
    )
    yield ""
    yield "| page | published |"
    yield "|---|---|"
    for name in SOURCES:
        yield f"| [{name}](benchmarks/{name}.md) | {dated(ROOT / 'docs' / 'benchmarks' / f'{name}.md')} |"


def _processors(found: Published, given: Inputs) -> Iterator[str]:
    yield ""
    yield "## Tracks a day on one core"
    yield ""
    yield (
        "An audit's processor time by its length, along a straight line through what was measured, plus "
        f"{next(iter(found.costs.values())).served_s:.2f} s for report, pictures and the service. The mean "
        "is that of the assumed lengths. **On a GPU: not measured.**"
    )
    yield ""
    yield "| checks | measured | 180 s of audio | mean audit | tracks a day and core |"
    yield "|---|---|---:|---:|---:|"
    for name, checks in SETS.items():
        cost = found.costs[name]
        how = "together" if not checks else "alone" if len(checks) == 1 else "each alone, added"
        mean = mean_s(cost, given.demand)
        told = f"{cost.seconds(180):.1f} s | {mean:.1f} s | {DAY_S / mean:,.0f}"
        yield f"| {name} | {how} | {told} |"


def _queue(queues: Sequence[Queue]) -> Iterator[str]:
    yield ""
    yield "## How many workers keep the queue short"
    yield ""
    yield (
        "All checks, one core a worker. Simulated: two days, arrivals by hour of the day, part of them in "
        "bursts, tenants taking turns, service times as above. The simulation is held against M/M/c and "
        "M/D/1 by its tests. *Smallest tenant* has the least weight."
    )
    yield ""
    yield "| 95 % wait at most | workers | 95 % waited | smallest tenant, 95 % | workers busy |"
    yield "|---:|---:|---:|---:|---:|"
    for one in queues:
        told = f"{one.p95_s:,.0f} s | {one.small_s:,.0f} s | {100 * one.busy:.0f} %"
        yield f"| {one.limit_s:,.0f} s | {one.workers} | {told} |"


def _stored(found: Published, given: Inputs) -> list[tuple[str, str, float, float]]:
    """What an upload leaves: what, where, bytes of each, and how many of it there are."""
    kept, stored = given.demand.uploads_per_day * given.demand.kept_days, found.stored
    name, row = max(found.row_bytes.items(), key=lambda one: one[1])
    return [
        (f"its row, terms and indexes ({name})", "database", row, kept),
        ("its signed report", "files", stored.report, kept),
        ("its pictures, outline, keys and page", "files", stored.pictures, kept),
        ("the upload, until its audit has ended", "files", stored.upload, given.demand.uploads_per_day),
    ]


def _registered(found: Published, given: Inputs) -> list[tuple[str, str, float, float]]:
    stored, tracks = found.stored, given.demand.catalogue_tracks
    return [
        ("its record, digests and terms", "database", stored.record, tracks),
        ("its entry in the log", "database", stored.log, tracks),
        ("its fingerprint", "database", stored.fingerprint, tracks),
        ("its fingerprint in a worker's copy", "disk of each worker", stored.copy, tracks),
    ]


def _sizes(lines: Sequence[tuple[str, str, float, float]]) -> Iterator[str]:
    yield "| of each | where | bytes | how many | together |"
    yield "|---|---|---:|---:|---:|"
    for name, where, size, count in lines:
        yield f"| {name} | {where} | {size:,.0f} | {count:,.0f} | {size * count / GB:,.0f} GB |"


def _storage(found: Published, given: Inputs) -> Iterator[str]:
    yield ""
    yield "## Storage of audits"
    yield ""
    yield (
        f"Kept for {given.demand.kept_days} days; files as of {found.stored.length_s} s of FLAC. Uploads are "
        "counted as if a whole day of them waited."
    )
    yield ""
    yield from _sizes(_stored(found, given))


def _catalogue(found: Published, given: Inputs) -> Iterator[str]:
    tracks, stored = given.demand.catalogue_tracks, found.stored
    hashes = tracks * stored.hashes
    copies = max(ceil(hashes / MOST_POSTINGS), ceil(tracks / MOST_TRACKS))
    yield ""
    yield f"## A catalogue of {tracks:,} tracks"
    yield ""
    yield from _sizes(_registered(found, given))
    yield ""
    yield (
        f"A copy holds {MOST_POSTINGS:,} hashes and {MOST_TRACKS:,} tracks at most, so there are {copies} of "
        f"them at least; each track has {stored.hashes:,} hashes in {stored.length_s} s. The largest index "
        f"that was measured has {found.index[0]:,.0f} tracks of {found.index[1]:.0f} s, and a query took "
        f"{found.index[2]:.0f} ms of a processor in the median. **How long it takes, and what it still "
        f"finds, among {tracks:,} was not measured**: strangers' hashes grow with the tracks, and a look-up "
        "reads no more than its budget."
    )
    yield ""
    yield (
        f"The log took {found.log_per_s:,.0f} entries a second; a day of {given.demand.uploads_per_day:,} "
        f"registrations is {given.demand.uploads_per_day / DAY_S:.1f} a second. A proof took "
        f"{found.proof_ms:.2f} ms among {found.proof_of:,.0f} entries, and takes one step more each time the "
        "log doubles."
    )


def _cost(found: Published, given: Inputs, queues: Sequence[Queue]) -> Iterator[str]:
    prices, audits, tracks = given.prices, _stored(found, given), _registered(found, given)
    chosen = queues[len(queues) // 2]
    cores = chosen.workers * 24 * DAYS_A_MONTH * prices.core_hour

    def stored(where: str) -> float:
        return sum(size * count for _, place, size, count in audits + tracks if place == where) / GB

    block = stored("database") * prices.block_gb_month
    files = stored("files") * prices.object_gb_month
    copies = stored("disk of each worker")
    yield ""
    yield "## Cost of a month, at stated prices"
    yield ""
    yield (
        f"Prices are round figures that nobody quoted ({given.as_of}): {prices.core_hour:g} "
        f"{prices.currency} a core and hour, {prices.block_gb_month:g} a GB and month of block storage, "
        f"{prices.object_gb_month:g} of an object store. Without tax, transfer, backups, replicas and "
        "people, and without what reads cost. The copies of the index are counted for one machine."
    )
    yield ""
    yield f"| what | how much | {prices.currency} a month |"
    yield "|---|---:|---:|"
    yield f"| workers, 95 % wait {chosen.limit_s:g} s at most | {chosen.workers} cores | {cores:,.0f} |"
    yield f"| database | {stored('database'):,.0f} GB | {block:,.0f} |"
    yield f"| copies of the index, one machine | {copies:,.0f} GB | {copies * prices.block_gb_month:,.0f} |"
    yield f"| files, after {given.demand.kept_days} days | {stored('files'):,.0f} GB | {files:,.0f} |"


def _extrapolated(found: Published, given: Inputs) -> Iterator[str]:
    lengths = [length for length, _ in found.costs["all"].points]
    yield ""
    yield "## What is extrapolated"
    yield ""
    yield (
        f"- Audits were timed at {' and '.join(f'{one:g}' for one in lengths)} s, warm, on an idle core or "
        "beside other work, as the page says; other lengths follow a straight line. Workers on many cores of "
        "one machine share its memory's bandwidth, which was not measured."
    )
    yield (
        "- What report, pictures and the service add was measured at half a minute of audio, with two "
        "checks, and is taken to be the same for every length and set."
    )
    yield "- Audits were timed against a small registry. Search in a large one is not in their times."
    yield (
        "- Storage is that of one FLAC file and its audit, and of SQLite unless a database is named; a "
        "database's own overhead, dead rows and backups come on top."
    )
    yield (
        f"- {given.demand.catalogue_tracks:,} tracks were never registered, and the largest log that was "
        f"measured had {found.proof_of:,.0f} entries."
    )
    yield "- Lengths, hours, bursts, tenants and prices are assumptions. No worker fails in the simulation."


def main() -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--inputs", type=Path, default=INPUTS, help="assumptions, as TOML")
    parser.add_argument("-o", "--output", type=Path, default=PAGE)
    options = parser.parse_args()
    given, found = inputs(options.inputs), published()
    queues = [queue(found.costs["all"], given.demand, limit) for limit in given.demand.wait_limits_s]
    options.output.write_text(page(found, given, queues), encoding="utf-8")


if __name__ == "__main__":
    main()
