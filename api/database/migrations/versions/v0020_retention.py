"""How long tenants keep what, and legal holds."""

import sqlalchemy as sa
from alembic import op

from api.database.migrations import walls

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

TABLES = ("retention", "legal_holds")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "retention",
        sa.Column("tenant", sa.String(length=63), nullable=False),
        sa.Column("audio_days", sa.Integer(), nullable=True),
        sa.Column("reports_days", sa.Integer(), nullable=True),
        sa.Column("voices_days", sa.Integer(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.String(length=200), nullable=False),
        sa.Column("key_id", sa.String(length=32), nullable=True),
        sa.PrimaryKeyConstraint("tenant", name=op.f("pk_retention")),
    )
    op.create_table(
        "legal_holds",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("tenant", sa.String(length=63), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("object_id", sa.String(length=36), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.String(length=200), nullable=False),
        sa.Column("key_id", sa.String(length=32), nullable=True),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("released_by", sa.String(length=200), nullable=True),
        sa.Column("released_reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_legal_holds")),
    )
    op.create_index("ix_legal_holds_tenant", "legal_holds", ["tenant", "kind", "object_id"])
    walls.build(TABLES)


def downgrade() -> None:
    """Revert."""
    op.drop_table("legal_holds")
    op.drop_table("retention")
