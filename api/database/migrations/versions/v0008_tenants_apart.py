"""PostgreSQL itself keeps tenants apart, where a transaction says whose it is."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

TABLES = (
    "api_keys",
    "records",
    "record_files",
    "record_events",
    "manifests",
    "artists",
    "jobs",
    "idempotent_requests",
)
WHOSE = "current_setting('trackmark.tenant', true)"


def upgrade() -> None:
    """Apply."""
    if op.get_bind().dialect.name != "postgresql":
        return
    for name in TABLES:
        # Of nobody: what serves all tenants, such as the queue, the log's transactions and a backup.
        op.execute(
            f"CREATE POLICY tenant ON {name} USING (coalesce({WHOSE}, '') = '' OR tenant = {WHOSE}) "
            f"WITH CHECK (coalesce({WHOSE}, '') = '' OR tenant = {WHOSE})"
        )
        op.execute(f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY")


def downgrade() -> None:
    """Revert."""
    if op.get_bind().dialect.name != "postgresql":
        return
    for name in TABLES:
        op.execute(f"ALTER TABLE {name} NO FORCE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {name} DISABLE ROW LEVEL SECURITY")
        op.execute(f"DROP POLICY tenant ON {name}")
