"""Sketches of registered tracks, by which the likeness of others to them is told."""

import sqlalchemy as sa
from alembic import op

from api.database.migrations import walls

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

TABLES = ("sketches",)


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "sketches",
        sa.Column("record_id", sa.String(length=16), nullable=False),
        sa.Column("tenant", sa.String(length=63), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("format", sa.Integer(), nullable=False),
        sa.Column("whole", sa.LargeBinary(), nullable=False),
        sa.Column("parts", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["record_id"],
            ["records.record_id"],
            name=op.f("fk_sketches_record_id_records"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("record_id", name=op.f("pk_sketches")),
    )
    op.create_index("ix_sketches_tenant_made_at", "sketches", ["tenant", "made_at", "record_id"])
    walls.build(TABLES)


def downgrade() -> None:
    """Revert."""
    op.drop_table("sketches")
