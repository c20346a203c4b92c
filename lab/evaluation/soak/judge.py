"""What may be wrong at the end of a soak, each complaint in a line: lost, doubled, or not to be verified."""

import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from api import database
from api.log import tree
from api.registry.registry import Registry
from api.report.report import verify_report
from core.errors import TrackmarkError

Jobs = Mapping[str, Mapping[str, Any]]


def complaints(jobs: Jobs, known: Sequence[str]) -> list[str]:
    """What is wrong with jobs, by the key of each; `known` are the ids that the lists tell."""
    told = [
        f"{key} failed: {job['problem']['code']}: {job['problem']['detail']}"
        for key, job in jobs.items()
        if job["state"] == "failed"
    ]
    ids = [job["id"] for job in jobs.values()]
    if len(set(ids)) != len(ids):
        told.append("two keys share a job")
    if sorted(known) != sorted(ids):
        told.append(f"{len(ids)} jobs were accepted, {len(known)} are there")
    return told


def about_records(registry: Registry, jobs: Jobs, transfers: Mapping[str, tuple[str, int]]) -> list[str]:
    """Each tagging that succeeded has its own record; only those that were cancelled may have others.

    Each transfer that was answered is one event of its record, and there is no other.
    """
    tracks = [job for key, job in jobs.items() if key.startswith("tracks")]
    tagged = [job["result"]["record_id"] for job in tracks if job["state"] == "succeeded"]
    cancelled = sum(job["state"] == "cancelled" for job in tracks)
    stored = {one.record_id for one in registry.records.page(limit=1_000_000)}
    told = []
    if len(set(tagged)) != len(tagged):
        told.append("two taggings made one record")
    if not set(tagged) <= stored:
        told.append(f"{len(set(tagged) - stored)} records are lost")
    if len(stored) > len(tagged) + cancelled:
        told.append(f"{len(stored)} records of {len(tagged)} taggings")
    asked = Counter(transfers.values())
    found: Counter[tuple[str, int]] = Counter()
    for record_id in stored:
        registry.records.verified(record_id)
        events = registry.events.verified(record_id).events
        found.update((record_id, one.leaf_index) for one in events if one.type == "transfer")
    if found != asked:
        told.append(f"{sum(asked.values())} transfers were asked for, {sum(found.values())} are there")
    with database.reading(registry.engine) as connection:
        size = tree.size_of(connection)
    if size != len(stored) + len(transfers):
        told.append(f"the log has {size} entries for {len(stored)} records and {len(transfers)} transfers")
    return told


def about_reports(registry: Registry, reports: Mapping[str, bytes]) -> list[str]:
    """Reports that do not verify."""
    trusted = registry.keys.published.trusted()
    told = []
    with tempfile.TemporaryDirectory() as folder:
        for key, content in reports.items():
            path = Path(folder) / "report"
            path.write_bytes(content)
            try:
                verify_report(path, trusted)
            except TrackmarkError as error:
                told.append(f"the report of {key} does not verify: {error}")
    return told
