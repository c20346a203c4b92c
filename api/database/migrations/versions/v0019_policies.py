"""Policies that tenants sent in, and which was in force from when."""

import sqlalchemy as sa
from alembic import op

from api.database.migrations import append_only, walls

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

TABLES = ("policies", "policy_activations")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "policies",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("tenant", sa.String(length=63), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("version", sa.String(length=200), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("rules", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.String(length=200), nullable=False),
        sa.Column("key_id", sa.String(length=32), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policies")),
        sa.UniqueConstraint("tenant", "name", "version", name=op.f("uq_policies_tenant_name_version")),
    )
    op.create_table(
        "policy_activations",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("tenant", sa.String(length=63), nullable=False),
        sa.Column("policy_id", sa.String(length=16), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.String(length=200), nullable=False),
        sa.Column("key_id", sa.String(length=32), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["policy_id"], ["policies.id"], name=op.f("fk_policy_activations_policy_id_policies")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy_activations")),
    )
    op.create_index("ix_policy_activations_tenant", "policy_activations", ["tenant", "id"])
    walls.build(TABLES)
    append_only.build(
        {
            "policies": "id = NEW.id OR (tenant = NEW.tenant AND name = NEW.name AND version = NEW.version)",
            "policy_activations": "id = NEW.id",
        }
    )


def downgrade() -> None:
    """Revert."""
    op.drop_table("policy_activations")
    op.drop_table("policies")
