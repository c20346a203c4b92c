"""Which trace a job, a batch and a message belong to."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

TABLES = ("jobs", "batches", "webhook_deliveries")


def upgrade() -> None:
    """Apply."""
    for table in TABLES:
        op.add_column(table, sa.Column("trace", sa.String(length=55)))


def downgrade() -> None:
    """Revert."""
    for table in reversed(TABLES):
        with op.batch_alter_table(table) as changed:
            changed.drop_column("trace")
