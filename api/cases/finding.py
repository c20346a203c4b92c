"""Cases as lists find them: by the terms of what they are about and where they stand."""

from typing import Any

from sqlalchemy import Connection, delete, insert

from api.database.tables import Table
from api.lists.query import Shelf
from api.lists.terms import Term, searched, values

_CASES = Table.metadata.tables["cases"]
_TERMS = Table.metadata.tables["case_terms"]

SHELF = Shelf("case", _CASES, "id", _TERMS, "case_id", narrowed={}, states="state")


def enter(connection: Connection, row: Any) -> None:
    """Put the terms of a case, or its row, beside it, in place of those that it had."""
    connection.execute(delete(_TERMS).where(_TERMS.c.case_id == row.id))
    same = {"case_id": row.id, "tenant": row.tenant, "created_at": row.created_at}
    rows = [{**same, "field": field, "term": term} for field, term in sorted(_terms(row))]
    connection.execute(insert(_TERMS), rows)


def _terms(row: Any) -> set[Term]:
    whole = values("audit", [row.audit_id]) | values("origin", [row.origin])
    whole |= values("decision", [row.decision]) | values("assignee", [row.assignee])
    return whole | searched(row.subject)
