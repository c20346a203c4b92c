"""A query that forgets its tenant finds nothing of another one: PostgreSQL itself keeps them apart."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError, ProgrammingError

from api import database
from api.database.migrations.versions import v0008_tenants_apart as wall
from api.database.migrations.versions import v0009_voices as voices
from api.database.migrations.versions import v0010_repeated_requests as repeats
from api.database.migrations.versions import v0012_found as found
from api.database.migrations.versions import v0013_webhooks as hooks
from api.database.migrations.versions import v0014_cases as cases
from api.database.migrations.versions import v0015_notices as notices
from api.database.migrations.versions import v0016_trail as trail
from api.database.migrations.versions import v0017_uploads as uploads
from api.database.migrations.versions import v0018_batches as batches
from api.database.migrations.versions import v0019_policies as policies
from api.database.migrations.versions import v0020_retention as retention
from api.database.migrations.versions import v0021_tenants as tenants
from api.database.migrations.versions import v0022_members as members
from api.database.migrations.versions import v0026_sketches as sketches
from api.database.migrations.versions import v0030_publications as publications
from api.database.tables import Table
from api.errors import UnknownEntry
from api.jobs.books import Jobs
from api.jobs.entering import Idempotency
from api.jobs.job import Upload
from api.jobs.leases import Leases
from api.registry.registry import Registry
from api.settings import Settings
from tests.api.serving import register
from tests.postgres import Cluster

PUBLIC = {"log_leaves", "watermark_keys", "tenant_turns"}
"""Tables with a tenant that serve everybody: commitments, names of keys, whose turn it is in the queue."""


@pytest.fixture
def registry(tmp_path: Path, postgres: Cluster) -> Iterator[Registry]:
    """A registry whose role is no superuser, as that of a service should be."""
    url = postgres.database()
    schema = url.rpartition("%3D")[2]
    admin = database.connect(url)
    role = f"role_{schema}"
    with database.writing(admin) as connection:
        connection.execute(text(f"CREATE ROLE {role} LOGIN"))
        connection.execute(text(f"GRANT ALL ON SCHEMA {schema} TO {role}"))
    admin.dispose()
    own = Settings(home=tmp_path / "home", database_url=url.replace("//trackmark@", f"//{role}@"))
    opened = Registry.open(own)
    yield opened
    opened.close()


def seen(engine: Engine, table: str) -> set[str]:
    with database.reading(engine) as connection:
        return set(connection.execute(text(f"SELECT tenant FROM {table}")).scalars())  # ours


def test_a_query_without_a_tenant_stays_with_its_own(registry: Registry) -> None:
    label_b = registry.for_tenant("label-b")
    mine, theirs = register(registry), register(label_b)
    for table in ("records", "record_files"):
        assert seen(registry.records.engine, table) == {"default"}
        assert seen(label_b.records.engine, table) == {"label-b"}
        assert seen(registry.engine, table) == {"default", "label-b"}  # what serves all of them
    registry.records.verified(mine.record_id)
    label_b.events.dispute(theirs.record_id, issuer="Other", reason="ours")
    assert label_b.records.get(mine.record_id) is None
    assert seen(registry.events.engine, "record_events") == set()


def test_a_single_question_is_asked_as_the_tenant_too(registry: Registry) -> None:
    register(registry)
    register(registry.for_tenant("label-b"))
    for tenant in ("label-b", "default", "label-b", "o'neil"):  # by one connection
        with database.asking(database.for_tenant(registry.engine, tenant)) as connection:
            found = set(connection.execute(text("SELECT tenant FROM records")).scalars())
        assert found == ({tenant} if tenant != "o'neil" else set())
    with database.asking(registry.engine) as connection:  # is nobody's again
        assert connection.execute(text("SELECT count(*) FROM records")).scalar_one() == 2


def test_a_tenants_question_to_a_server_that_went_away_is_told_as_any_other(registry: Registry) -> None:
    theirs = database.for_tenant(registry.engine, "label-b")
    with theirs.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        driver.close()
        with pytest.raises(OperationalError) as told:
            connection.begin()
    assert database.away(told.value)
    with database.reading(theirs) as connection:  # by a fresh connection
        assert connection.execute(text("SELECT 1")).scalar_one() == 1


def test_nobody_writes_for_another_tenant(registry: Registry) -> None:
    label_b = registry.for_tenant("label-b")
    register(label_b)
    with database.writing(registry.records.engine) as connection:
        assert connection.execute(text("DELETE FROM records")).rowcount == 0
    with (
        pytest.raises(ProgrammingError, match="row-level security"),
        database.writing(registry.records.engine) as connection,
    ):
        connection.execute(text("INSERT INTO manifests VALUES ('m', 'r', 'label-b', '', now())"))


def test_what_a_client_asks_of_its_jobs_stays_with_its_own(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The books ask PostgreSQL as the tenant; the queue, which serves all tenants, as nobody."""
    jobs, file = Jobs(registry.engine), Upload("a.wav", "stored", "ab" * 32, 1)
    once = Idempotency("a key", "d", timedelta(hours=1))
    theirs, _ = jobs.create("audit", "label-b", file, {}, once)
    asked: list[str] = []
    real = database.for_tenant

    def another(engine: Engine, tenant: str) -> Engine:
        asked.append(tenant)
        return real(engine, "label-a")

    assert jobs.get(theirs.id, tenant="label-b", kind="audit").id == theirs.id
    with monkeypatch.context() as patch:  # as if every query named the wrong tenant to PostgreSQL
        patch.setattr(database, "for_tenant", another)
        for ask in (jobs.get, jobs.cancel, jobs.delete):
            with pytest.raises(UnknownEntry):
                ask(theirs.id, tenant="label-b", kind="audit")
        with pytest.raises(ProgrammingError, match="row-level security"):
            jobs.create("audit", "label-b", file, {})
    assert set(asked) == {"label-b"}
    assert jobs.create("audit", "label-b", file, {}, once)[0].id == theirs.id
    lease = Leases(registry.engine, lease_s=30, attempts=3).take("worker")
    assert lease is not None and lease.job.tenant == "label-b"


def test_every_table_with_a_tenant_has_the_wall() -> None:
    tables = {name for name, table in Table.metadata.tables.items() if "tenant" in table.columns}
    walled = (
        wall,
        voices,
        repeats,
        found,
        hooks,
        cases,
        notices,
        trail,
        uploads,
        batches,
        policies,
        retention,
        tenants,
        members,
        sketches,
        publications,
    )
    assert tables - PUBLIC == {name for one in walled for name in one.TABLES}
