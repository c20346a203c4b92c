"""Tenants that an operator entered or suspended."""

import sqlalchemy as sa
from alembic import op

from api.database.migrations import walls

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

TABLES = ("tenants",)


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "tenants",
        sa.Column("tenant", sa.String(length=63), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.String(length=200), nullable=False),
        sa.Column("key_id", sa.String(length=32), nullable=True),
        sa.Column("suspended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("suspended_by", sa.String(length=200), nullable=True),
        sa.Column("suspended_reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("tenant", name=op.f("pk_tenants")),
    )
    walls.build(TABLES)


def downgrade() -> None:
    """Revert."""
    op.drop_table("tenants")
