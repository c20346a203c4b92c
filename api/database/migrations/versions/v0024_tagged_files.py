"""How long tagged files are kept, and when one was erased."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("retention", sa.Column("tagged_days", sa.Integer()))
    op.add_column("jobs", sa.Column("tagged_deleted_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    """Revert."""
    for table, name in (("jobs", "tagged_deleted_at"), ("retention", "tagged_days")):
        with op.batch_alter_table(table) as changed:
            changed.drop_column(name)
