"""Leases on jobs, and the turns in which tenants are served."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    for column in (
        sa.Column("priority", sa.Integer(), server_default="0", nullable=False),
        sa.Column("queued_at", sa.DateTime(timezone=True)),
        sa.Column("cancel_requested_at", sa.DateTime(timezone=True)),
        sa.Column("worker", sa.String(length=100)),
        sa.Column("fence", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("leased_until", sa.DateTime(timezone=True)),
    ):
        op.add_column("jobs", column)
    op.create_index("ix_jobs_state_tenant", "jobs", ["state", "tenant", "created_at", "id"])
    op.create_table(
        "tenant_turns",
        sa.Column("tenant", sa.String(length=63), nullable=False),
        sa.Column("turn", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", name=op.f("pk_tenant_turns")),
    )


def downgrade() -> None:
    """Revert."""
    op.drop_table("tenant_turns")
    op.drop_index("ix_jobs_state_tenant", "jobs")
    with op.batch_alter_table("jobs") as jobs:
        for name in ("leased_until", "fence", "worker", "cancel_requested_at", "queued_at", "priority"):
            jobs.drop_column(name)
