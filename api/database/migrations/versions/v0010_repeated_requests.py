"""Answers kept for requests that are repeated, and which request made an event."""

import sqlalchemy as sa
from alembic import op

from api.database.migrations import walls

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

TABLES = ("kept_answers",)


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "kept_answers",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("tenant", sa.String(length=63), nullable=False),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("headers", sa.JSON(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("sealed", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kept_answers")),
    )
    op.create_index(op.f("ix_kept_answers_created_at"), "kept_answers", ["created_at"])
    op.add_column("record_events", sa.Column("once", sa.String(length=64), nullable=True))
    op.create_index(op.f("ix_record_events_once"), "record_events", ["once"], unique=True)
    walls.build(TABLES)


def downgrade() -> None:
    """Revert."""
    op.drop_index(op.f("ix_record_events_once"), "record_events")
    with op.batch_alter_table("record_events") as table:
        table.drop_column("once")
    op.drop_table("kept_answers")
