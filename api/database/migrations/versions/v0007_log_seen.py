"""How long the log was when others last saw it."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "log_seen",
        sa.Column("size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("told_by", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("size", name=op.f("pk_log_seen")),
    )


def downgrade() -> None:
    """Revert."""
    op.drop_table("log_seen")
