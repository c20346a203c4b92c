"""What the start page counts comes out of indexes, however many audits a tenant has."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import CompoundSelect, Engine, event

from api import database
from api.jobs.tally import came, decided, tally
from lab.audit_rows import START, entered

COUNT = 3000
SINCE = START + timedelta(minutes=COUNT - 150)
"""Of the last 150 audits."""


def plan(engine: Engine, query: CompoundSelect[Any]) -> str:
    """How the database counts."""
    compiled: Any = query.compile(engine, compile_kwargs={"render_postcompile": True})
    values = compiled.construct_params()
    for name, process in compiled._bind_processors.items():
        values[name] = process(values[name])
    told = tuple(values[name] for name in compiled.positiontup or ()) if compiled.positional else values
    how = "EXPLAIN QUERY PLAN " if engine.dialect.name == "sqlite" else "EXPLAIN "
    with database.reading(engine) as connection:
        return "\n".join(str(row[-1]) for row in connection.exec_driver_sql(how + str(compiled), told))


@pytest.mark.parametrize(
    ("count", "index"), [(came, "ix_jobs_tenant_kind_state"), (decided, "ix_job_terms_found")]
)
def test_an_index_counts_alone(engine: Engine, count: Any, index: str) -> None:
    entered(engine, COUNT)
    told = plan(engine, count("default", SINCE))
    assert index in told and "Seq Scan" not in told and "SCAN" not in told, told
    if engine.dialect.name == "sqlite":
        counted = [line for line in told.splitlines() if line.startswith("SEARCH")]
        assert all(f"USING COVERING INDEX {index}" in line for line in counted), told


def test_a_tally_takes_three_statements(engine: Engine) -> None:
    entered(engine, 200)
    said: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        said.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    found = tally(engine, "default", START)
    assert len([one for one in said if one.startswith("SELECT") and "set_config" not in one]) == 3, said
    assert (found.came, found.failed, found.queued, found.running) == (200, 4, 0, 0)
    assert sum(found.decided.values()) == 196 and found.decided["reject"] == 40
