"""Rows of audits as they are after they ended, entered in bulk: long lists for tests and measurements."""

import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import Engine, insert, text

from api import database
from api.database.tables import Table
from api.jobs import finding

START = datetime(2026, 1, 1, tzinfo=UTC)
OWNERS = ("A Label", "Élan Vital", "Night Records", "North")
ACTIONS = ("accept", "accept", "accept", "review", "reject")
GROUP = 5000


def entered(
    engine: Engine,
    count: int,
    tenant: str = "default",
    *,
    like: Mapping[str, Any] | None = None,
    start: datetime = START,
    apart: timedelta = timedelta(minutes=1),
) -> list[dict[str, Any]]:
    """Enter so many audits at equal distances, oldest first, with their terms; returns their rows.

    The database knows the tables' new size afterwards, as it does when rows arrive one by one.

    Args:
        engine: of the database.
        count: how many.
        tenant: whose.
        like: findings of a real audit, which all of them have but for what lists find them by.
        start: when the first came in.
        apart: how much later each of the others came.
    """
    rows = [_row(number, tenant, like or {}, start + number * apart) for number in range(count)]
    for first in range(0, count, GROUP):
        block = rows[first : first + GROUP]
        with database.writing(engine) as connection:
            connection.execute(insert(Table.metadata.tables["jobs"]), block)
            connection.execute(insert(Table.metadata.tables["job_terms"]), list(_terms(block)))
    with database.writing(engine) as connection:
        for table in ("jobs", "job_terms"):  # by name: without one, a cluster locks every table that it has
            connection.execute(text(f"ANALYZE {table}"))
    return rows


def _terms(rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for row in rows:
        same = {name: row[name] for name in ("tenant", "kind", "created_at")} | {"job_id": row["id"]}
        for field, term in finding.terms_of(
            row["kind"], row["file_name"], row["sha256"], row["request"], row["result"]
        ):
            yield {**same, "field": field, "term": term}


def _row(number: int, tenant: str, like: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    failed = number % 50 == 7
    owner = OWNERS[number % 4]
    told: dict[str, dict[str, Any]] = {
        "decision": {"action": ACTIONS[number % 5]},
        "ownership": {
            "status": "match" if number % 3 else "no_record",
            "record_id": f"{number % 1000:016x}",
            "record": {
                "title": f"Song {number} of the Night",
                "isrc": f"DEA12{number:07d}",
                "owners": [{"name": owner}],
            },
        },
        "ai": {"verdict": "synthetic" if number % 10 == 0 else "no_trace"},
        "voice": {"artists": [{"name": "Ada"}] if number % 7 == 0 else []},
    }
    result = {**like, **{part: {**(like.get(part) or {}), **said} for part, said in told.items()}}
    others = 0 if tenant == "default" else int.from_bytes(sha256(tenant.encode()).digest()[:8])
    return {
        "id": str(uuid.UUID(int=((number * 7919) % (1 << 64) << 64) | others)),
        "tenant": tenant,
        "kind": "audit",
        "state": "failed" if failed else "succeeded",
        "progress": 1.0,
        "attempts": 1,
        "file_name": f"master-{number}.wav",
        "sha256": f"{number:064x}",
        "size_bytes": 1000,
        "request": {"artist": None, "stored": f"{number}"},
        "result": None if failed else result,
        "error": {"code": "unreadable-audio", "detail": "no audio"} if failed else None,
        "created_at": at,
        "finished_at": at + timedelta(minutes=1),
        "audio_deleted_at": at + timedelta(minutes=1),
        "listed_as": "ended",
    }
