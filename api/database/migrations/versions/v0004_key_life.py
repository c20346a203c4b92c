"""The life of signing keys, and the checkpoints that others vouch for."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    with op.batch_alter_table("signing_keys") as table:
        table.add_column(sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True))
        table.add_column(sa.Column("compromised_since", sa.DateTime(timezone=True), nullable=True))
        table.add_column(sa.Column("log_size", sa.BigInteger(), nullable=True))
        table.add_column(sa.Column("reason", sa.Text(), nullable=True))
    op.create_table(
        "key_events",
        sa.Column("leaf_index", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("envelope", sa.Text(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("leaf_index", name=op.f("pk_key_events")),
    )
    op.create_table(
        "witnessed_checkpoints",
        sa.Column("size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("size", name=op.f("pk_witnessed_checkpoints")),
    )


def downgrade() -> None:
    """Revert."""
    op.drop_table("witnessed_checkpoints")
    op.drop_table("key_events")
    with op.batch_alter_table("signing_keys") as table:
        for name in ("reason", "log_size", "compromised_since", "retired_at"):
            table.drop_column(name)
