"""What a tenant takes away: its audits, records or cases as one table, those that it had when it asked."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, get_args

from sqlalchemy import Table as SqlTable
from sqlalchemy import and_, or_, select

from api import database
from api.database.tables import Table
from api.jobs.tables import Columns, Form, write
from api.registry.registry import Registry
from api.registry.summary import known
from core.progress import Progress

What = Literal["audits", "records", "cases"]
WHATS: tuple[What, ...] = get_args(What)
AT_ONCE = 500
Row = Mapping[str, Any]
FOUND: Columns = {
    "decision": "string",
    "ownership": "string",
    "record_id": "string",
    "ai_verdict": "string",
    "ai_score": "float64",
    "problem": "string",
    "detail": "string",
}
"""Columns that tell what an audit found, or why it failed."""


@dataclass(frozen=True)
class Asked:
    """What an export holds.

    Attributes:
        since, until: bounds of when its entries were made, the first included, the last not.
    """

    what: What
    form: Form
    since: datetime | None
    until: datetime

    @classmethod
    def of(cls, request: Mapping[str, Any]) -> "Asked":
        """As a job keeps it."""
        since = request["since"]
        return cls(
            request["what"],
            request["form"],
            None if since is None else datetime.fromisoformat(since),
            datetime.fromisoformat(request["until"]),
        )

    @property
    def file(self) -> str:
        """What the file is called."""
        return f"{self.what}.{self.form}"


@dataclass(frozen=True)
class _Kind:
    """A kind of export: its columns, the table that it walks, and how a group of rows is told."""

    columns: Columns
    table: SqlTable
    id: str
    told: Callable[[list[Any], Registry], list[Row]]
    only: Mapping[str, str]


def found(result: Mapping[str, Any] | None, problem: Mapping[str, Any] | None) -> Row:
    """What an audit found, in the columns of `FOUND`; what was not found, or not looked for, is None."""
    result, problem = result or {}, problem or {}
    ownership, ai = result.get("ownership") or {}, result.get("ai") or {}
    return {
        "decision": (result.get("decision") or {}).get("action"),
        "ownership": ownership.get("status"),
        "record_id": ownership.get("record_id"),
        "ai_verdict": ai.get("verdict"),
        "ai_score": ai.get("score"),
        "problem": problem.get("code"),
        "detail": problem.get("detail"),
    }


def export(registry: Registry, asked: Asked, folder: Path, progress: Progress) -> Mapping[str, Any]:
    """Write an export.

    Args:
        registry: bound to the tenant.
        asked: what it holds.
        folder: where to.
        progress: called with (stage, fraction done) after each group of rows.

    Returns:
        `file`, `rows`, `size_bytes` and `sha256`.
    """
    path, count = folder / asked.file, 0

    def counted() -> Iterator[Row]:
        nonlocal count
        for group in _groups(registry, asked):
            progress("export", 0.5)  # how many there are is not known; whoever cancels is heard here
            count += len(group)
            yield from group

    with path.open("wb") as out:
        write(out, asked.form, _KINDS[asked.what].columns, counted())
    with path.open("rb") as written:
        digest = hashlib.file_digest(written, "sha256").hexdigest()
    return {"file": asked.file, "rows": count, "size_bytes": path.stat().st_size, "sha256": digest}


def _groups(registry: Registry, asked: Asked) -> Iterator[list[Row]]:
    """Entries in the order in which they were made, some at a time, each in a transaction of its own."""
    kind = _KINDS[asked.what]
    table, own, at = kind.table, kind.table.c[kind.id], kind.table.c.created_at
    query = select(table).where(table.c.tenant == registry.tenant, at < asked.until)
    query = query.where(*(table.c[name] == value for name, value in kind.only.items()))
    if asked.since is not None:
        query = query.where(at >= asked.since)
    query = query.order_by(at, own).limit(AT_ONCE)
    place = None
    while True:
        with database.reading(registry.engine) as connection:
            behind = () if place is None else (or_(at > place[0], and_(at == place[0], own > place[1])),)
            rows = list(connection.execute(query.where(*behind)))
        if not rows:
            return
        yield kind.told(rows, registry)
        place = rows[-1].created_at, rows[-1]._mapping[kind.id]


def _audits(rows: list[Any], _registry: Registry) -> list[Row]:
    return [
        {
            **{name: row._mapping[name] for name in ("state", "sha256", "created_at", "finished_at")},
            **{"audit_id": row.id, "file": row.file_name},
            **{"duration_s": (row.result or {}).get("duration_s")},
            **{name: ((row.result or {}).get("decision") or {}).get(name) for name in _DECIDED},
            **found(row.result, row.error),
        }
        for row in rows
    ]


def _records(rows: list[Any], registry: Registry) -> list[Row]:
    """What each record says today, once it is verified; of one that does not verify nothing but that."""
    today = known(registry.records, [row.record_id for row in rows])
    return [
        {
            "record_id": row.record_id,
            "verified": bool(told.get("verified")),
            **{name: told.get(name) for name in ("status", "title", "isrc", "issuer", "revision")},
            "owners": "; ".join(dict.fromkeys(one["name"] for one in told.get("owners") or [])) or None,
            "ai": (told.get("ai_involvement") or {}).get("overall"),
            "log_entry": row.leaf_index,
            "created_at": row.created_at,
            "problem": told.get("problem"),
        }
        for row in rows
        if (told := today.get(row.record_id)) is not None  # erased at this moment
    ]


def _cases(rows: list[Any], _registry: Registry) -> list[Row]:
    return [{"case_id": row.id, **row._mapping} for row in rows]


_DECIDED = ("policy", "policy_sha256")
_TABLES = Table.metadata.tables
_KINDS: Mapping[What, _Kind] = {
    "audits": _Kind(
        {
            **{"audit_id": "string", "file": "string", "sha256": "string", "duration_s": "float64"},
            **{"state": "string", "created_at": "moment", "finished_at": "moment"},
            **dict.fromkeys(_DECIDED, "string"),
            **FOUND,
        },
        _TABLES["jobs"],
        "id",
        _audits,
        {"kind": "audit"},
    ),
    "records": _Kind(
        {
            **{"record_id": "string", "verified": "bool_", "status": "string", "title": "string"},
            **{"owners": "string", "isrc": "string", "issuer": "string", "ai": "string", "revision": "int64"},
            **{"log_entry": "int64", "created_at": "moment", "problem": "string"},
        },
        _TABLES["records"],
        "record_id",
        _records,
        {},
    ),
    "cases": _Kind(
        {
            **{"case_id": "string", "subject": "string", "origin": "string", "state": "string"},
            **{"decision": "string", "assignee": "string", "audit_id": "string", "audit_decision": "string"},
            **{"version": "int64", "created_at": "moment", "changed_at": "moment"},
        },
        _TABLES["cases"],
        "id",
        _cases,
        {},
    ),
}
