"""Uploads that can be resumed."""

import sqlalchemy as sa
from alembic import op

from api.database.migrations import walls

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

TABLES = ("resumable_uploads",)


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "resumable_uploads",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("tenant", sa.String(length=63), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("stored", sa.String(length=64), nullable=False),
        sa.Column("sent_metadata", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("received_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_resumable_uploads")),
    )
    op.create_index(
        "ix_resumable_uploads_tenant_created_at", "resumable_uploads", ["tenant", "created_at", "id"]
    )
    op.create_index(op.f("ix_resumable_uploads_expires_at"), "resumable_uploads", ["expires_at"])
    walls.build(TABLES)


def downgrade() -> None:
    """Revert."""
    op.drop_table("resumable_uploads")
