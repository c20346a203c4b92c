"""Audits, taggings and comparisons as lists find them: by the terms of what was asked and what came out.

The terms stand beside a job from the moment it is entered, and are renewed with its result. What a release
without terms entered or ended is caught up with by the sweep.
"""

from collections.abc import Mapping
from typing import Any, get_args

from sqlalchemy import Connection, Engine, and_, case, delete, insert, or_, select, update

from api import database
from api.database.tables import Table
from api.jobs.job import Listed
from api.lists.query import Shelf
from api.lists.terms import Term, searched, together, values

_JOBS = Table.metadata.tables["jobs"]
_TERMS = Table.metadata.tables["job_terms"]
LISTED: tuple[Listed, ...] = get_args(Listed)
GROUP = 500
_ENTERED, _ENDED = "entered", "ended"


def shelf(kind: Listed) -> Shelf:
    """Where the jobs of one kind are found."""
    return Shelf(
        kind,
        _JOBS,
        "id",
        _TERMS,
        "job_id",
        narrowed={"kind": kind},
        states="state",
        common=frozenset({"succeeded"}),
    )


def terms(job: Any) -> set[Term]:
    """Everything that a job, or a row of the books, is found by, as far as it has come; if it is listed."""
    if job.kind not in LISTED:
        return set()
    return terms_of(job.kind, job.file_name, job.sha256, job.request, job.result)


def terms_of(
    kind: str, file_name: str, sha256: str, request: Mapping[str, Any], result: Mapping[str, Any] | None
) -> set[Term]:
    """The same of its parts."""
    of_kind = {"audit": _audit_terms, "track": _track_terms, "comparison": _comparison_terms}[kind]
    return values("sha256", [sha256]) | searched(file_name) | of_kind(request, result or {})


def _audit_terms(request: Mapping[str, Any], result: Mapping[str, Any]) -> set[Term]:
    ownership = result.get("ownership") or {}
    record = ownership.get("record") or {}
    heard = (result.get("voice") or {}).get("artists") or []
    few = values("decision", [(result.get("decision") or {}).get("action")])
    few |= values("verdict", [ownership.get("status")])
    few |= values("ai", [(result.get("ai") or {}).get("verdict")])
    return {
        *values("artist", [request.get("artist"), *(one.get("name") for one in heard)]),
        *few,
        *together(dict(few)),
        *values("record", [ownership.get("record_id")]),
        *_named(
            record.get("title"),
            [owner.get("name") for owner in record.get("owners") or []],
            record.get("isrc"),
        ),
    }


def _track_terms(request: Mapping[str, Any], result: Mapping[str, Any]) -> set[Term]:
    record = values("record", [result.get("record_id")]) | values("sha256", [result.get("sha256")])
    return record | _named(request.get("title"), [request.get("owner")], request.get("isrc"))


def _comparison_terms(request: Mapping[str, Any], _result: Mapping[str, Any]) -> set[Term]:
    """Those of the second file: the first is the job's own."""
    suspect = request["suspect"]
    return values("sha256", [suspect["sha256"]]) | searched(suspect["name"])


def _named(title: str | None, owners: list[str | None], isrc: str | None) -> set[Term]:
    whole = values("title", [title]) | values("owner", owners) | values("isrc", [isrc])
    return whole | searched(title, *owners, isrc)


def enter(connection: Connection, job: Any) -> None:
    """Put the terms of a job, or of a row of the books, beside it, in place of those that it had."""
    connection.execute(delete(_TERMS).where(_TERMS.c.job_id == job.id))
    same = {"job_id": job.id, "kind": job.kind, "tenant": job.tenant, "created_at": job.created_at}
    rows = [{**same, "field": name, "term": term} for name, term in sorted(terms(job))]
    if rows:
        connection.execute(insert(_TERMS), rows)
    told = case((_JOBS.c.state == "succeeded", _ENDED), else_=_ENTERED)
    connection.execute(update(_JOBS).where(_JOBS.c.id == job.id).values(listed_as=told))


def catch_up(engine: Engine) -> int:
    """Enter the terms of jobs that have none yet, or not those of their result; returns how many."""
    behind = or_(
        _JOBS.c.listed_as.is_(None), and_(_JOBS.c.listed_as == _ENTERED, _JOBS.c.state == "succeeded")
    )
    done = 0
    while True:
        with database.writing(engine) as connection:
            query = select(_JOBS).where(behind).limit(GROUP).with_for_update(skip_locked=True)
            rows = connection.execute(query).all()
            for row in rows:
                enter(connection, row)
        done += len(rows)
        if len(rows) < GROUP:
            return done
