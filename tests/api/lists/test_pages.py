"""Lists show what was asked for, in order, on every page; an index leads there however long they are."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event, text

from api import database
from api.jobs import finding
from api.jobs.listing import JobLists
from api.lists.cursors import Cursors
from api.lists.query import Wanted
from core.errors import InvalidInput
from lab.audit_rows import OWNERS, START, entered
from tests.postgres import Cluster

COUNT = 400


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def long(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A list in which a scan is no better than an index."""
    url = f"sqlite:///{tmp_path_factory.mktemp('long') / 'test.db'}"
    if request.param == "postgresql":
        cluster: Cluster = request.getfixturevalue("postgres")
        url = cluster.database()
    made = database.connect(url)
    database.upgrade(made)
    entered(made, 3000)
    yield made
    made.dispose()


def everything(lists: JobLists, wanted: Wanted, tenant: str = "default") -> list[str]:
    """The files of all pages in order."""
    found: list[str] = []
    while True:
        page = lists.page("audit", tenant, wanted)
        assert len(page.jobs) <= wanted.limit
        found += [job.file_name for job in page.jobs]
        if page.next is None:
            return found
        assert len(page.jobs) == wanted.limit
        wanted = replace(wanted, cursor=page.next)


Is = Callable[[int], bool]
ASKED: list[tuple[str, Wanted, Is]] = [
    ("all", Wanted(), lambda n: True),
    ("failed", Wanted(state="failed"), lambda n: n % 50 == 7),
    ("succeeded", Wanted(state="succeeded"), lambda n: n % 50 != 7),
    ("waiting", Wanted(state="queued"), lambda n: False),
    ("reject", Wanted(values={"decision": "reject"}), lambda n: n % 5 == 4 and n % 50 != 7),
    ("one file", Wanted(values={"sha256": f"{17:064x}"}), lambda n: n == 17),
    ("a failed file", Wanted(values={"sha256": f"{57:064x}"}), lambda n: n == 57),
    ("isrc", Wanted(values={"isrc": "DE-A12-00-00031"}), lambda n: n == 31),
    ("title", Wanted(values={"title": "song 33 OF the night"}), lambda n: n == 33),
    ("owner", Wanted(values={"owner": "elan vital"}), lambda n: n % 4 == 1 and n % 50 != 7),
    ("artist", Wanted(values={"artist": "ada"}), lambda n: n % 7 == 0 and n % 50 != 7),
    ("record", Wanted(values={"record": f"{5:016x}"}), lambda n: n % 1000 == 5),
    ("words", Wanted(words="Élan 41"), lambda n: n == 41),
    ("common words", Wanted(words="the night vital"), lambda n: n % 4 == 1 and n % 50 != 7),
    (
        "several",
        Wanted(values={"decision": "review", "verdict": "match", "ai": "no_trace"}, state="succeeded"),
        lambda n: n % 5 == 3 and n % 3 != 0 and n % 10 != 0 and n % 50 != 7,
    ),
    (
        "a day",
        Wanted(since=START + timedelta(minutes=100), until=START + timedelta(minutes=200)),
        lambda n: 100 <= n < 200,
    ),
    (
        "an owner's day",
        Wanted(values={"owner": OWNERS[0]}, since=START + timedelta(minutes=100)),
        lambda n: n % 4 == 0 and n >= 100 and n % 50 != 7,
    ),
    ("a failed search", Wanted(state="failed", words="master 7 wav"), lambda n: n == 7),
]


def test_every_page_of_every_list(engine: Engine) -> None:
    entered(engine, COUNT)
    lists = JobLists(engine, Cursors.of(engine))
    for name, wanted, shows in ASKED:
        expected = [f"master-{n}.wav" for n in range(COUNT) if shows(n)]
        for limit in (45, 200):
            up = everything(lists, replace(wanted, limit=limit, ascending=True))
            down = everything(lists, replace(wanted, limit=limit))
            assert (up, down) == (expected, expected[::-1]), (name, limit)
        assert everything(lists, wanted, "label-b") == [], name


def test_jobs_of_one_moment_are_shown_once_each(engine: Engine) -> None:
    entered(engine, 40)
    with database.writing(engine) as connection:
        for table in ("jobs", "job_terms"):
            connection.execute(text(f"UPDATE {table} SET created_at = (SELECT min(created_at) FROM jobs)"))
    lists = JobLists(engine, Cursors.of(engine))
    for wanted in (Wanted(limit=3), Wanted(limit=3, ascending=True), Wanted(limit=3, words="night")):
        found = everything(lists, wanted)
        assert len(found) == len(set(found)) == (40 if wanted.words is None else 39)


def test_a_cursor_of_other_filters_is_refused(engine: Engine) -> None:
    entered(engine, 60)
    lists = JobLists(engine, Cursors.of(engine))
    cursor = lists.page("audit", "default", Wanted(limit=5)).next
    assert cursor is not None
    lists.page("audit", "default", Wanted(limit=9, cursor=cursor))  # a page may be longer than the last
    for other in (
        Wanted(cursor=cursor, ascending=True),
        Wanted(cursor=cursor, state="failed"),
        Wanted(cursor=cursor, values={"owner": "North"}),
        Wanted(cursor=cursor, since=START),
    ):
        with pytest.raises(InvalidInput, match="start without one"):
            lists.page("audit", "default", other)
    for tenant, kind in (("label-b", "audit"), ("default", "track")):
        with pytest.raises(InvalidInput, match="start without one"):
            lists.page(kind, tenant, Wanted(cursor=cursor))  # type: ignore[arg-type]  # of a parametrised pair


def test_a_search_for_nothing_is_refused(engine: Engine) -> None:
    lists = JobLists(engine, Cursors.of(engine))
    for wanted in (Wanted(words="--"), Wanted(values={"owner": "\u0301"})):
        with pytest.raises(InvalidInput, match="letter or a digit"):
            lists.page("audit", "default", wanted)


def plan(engine: Engine, wanted: Wanted) -> str:
    """How the database finds the ids of a page."""
    with database.reading(engine) as connection:
        asked = finding.shelf("audit").rarest_first(connection, wanted.terms(), "default")
    query = finding.shelf("audit").ids(wanted, asked, "default", None)
    how = "EXPLAIN QUERY PLAN " if engine.dialect.name == "sqlite" else "EXPLAIN ANALYZE "
    compiled = query.compile(engine, compile_kwargs={"render_postcompile": True})
    with database.writing(engine) as connection:
        rows = connection.exec_driver_sql(how + str(compiled), _values(compiled)).all()
    return "\n".join(str(row[-1]) for row in rows)


def _values(compiled: Any) -> Any:
    values = compiled.construct_params()
    for name, process in compiled._bind_processors.items():
        values[name] = process(values[name])
    return tuple(values[name] for name in compiled.positiontup) if compiled.positional else values


@pytest.mark.parametrize(("name", "wanted"), [(name, wanted) for name, wanted, _ in ASKED])
def test_an_index_leads_to_the_page(long: Engine, name: str, wanted: Wanted) -> None:
    told = plan(long, replace(wanted, limit=20))
    if long.dialect.name == "sqlite":
        assert "SCAN" not in told and "TEMP B-TREE" not in told, told
        return
    assert "Seq Scan on job" not in told, told
    assert "Join" not in told and "Nested Loop" not in told, told  # its order would rest on a guess
    walked = [int(rows) for rows in re.findall(r"Index.*?actual time=\S+ rows=(\d+)", told)]
    assert walked and max(walked) <= 3000, told


def test_a_page_takes_two_statements(engine: Engine) -> None:
    entered(engine, 100)
    lists = JobLists(engine, Cursors.of(engine))
    said: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        said.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    for wanted, statements in (
        (Wanted(), 2),
        (Wanted(words="night"), 2),
        (Wanted(state="failed", values={"owner": "North"}), 2),
        (Wanted(values={"decision": "accept", "verdict": "match", "ai": "no_trace"}), 2),
        (Wanted(words="song night"), 3),
    ):
        said.clear()
        lists.page("audit", "default", wanted)
        assert (
            len([one for one in said if one.startswith("SELECT") and "set_config" not in one]) == statements
        ), said


def test_the_rarest_term_leads(long: Engine) -> None:
    """What lies on the way to a page is no more than what has the rarest of its terms."""
    wanted = Wanted(words="the night 77", values={"decision": "reject", "owner": "Night Records"})
    with database.reading(long) as connection:
        first = finding.shelf("audit").rarest_first(connection, wanted.terms(), "default")[0]
    assert first == ("word", "77")


def test_values_that_many_entries_have_are_one_term_together() -> None:
    wanted = Wanted(values={"verdict": "match", "ai": "synthetic", "decision": "review", "isrc": "DE-A12"})
    assert wanted.terms() == [("isrc", "dea12"), ("is", "ai=synthetic decision=review verdict=match")]
    assert Wanted(values={"verdict": "match"}).terms() == [("verdict", "match")]


def test_jobs_of_a_release_without_terms_are_found_after_a_sweep(engine: Engine) -> None:
    entered(engine, 30)
    with database.writing(engine) as connection:
        connection.execute(text("DELETE FROM job_terms"))
        connection.execute(
            text("UPDATE jobs SET listed_as = NULL WHERE sha256 < :half"), {"half": f"{15:064x}"}
        )
        connection.execute(text("UPDATE jobs SET listed_as = 'entered' WHERE listed_as IS NOT NULL"))
    lists = JobLists(engine, Cursors.of(engine))
    assert everything(lists, Wanted(values={"decision": "accept"})) == []
    assert finding.catch_up(engine) == 30
    assert finding.catch_up(engine) == 0
    found = everything(lists, Wanted(values={"decision": "accept"}))
    assert found == [f"master-{n}.wav" for n in reversed(range(30)) if n % 5 < 3 and n != 7]
