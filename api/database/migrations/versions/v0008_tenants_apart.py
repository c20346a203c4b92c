"""PostgreSQL itself keeps tenants apart, where a transaction says whose it is."""

from api.database.migrations import walls

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


def upgrade() -> None:
    """Apply."""
    walls.build(TABLES)


def downgrade() -> None:
    """Revert."""
    walls.take_down(TABLES)
