"""Notices: what rights holders wrote, and what was done about it."""

import sqlalchemy as sa
from alembic import op

from api.database.migrations import walls

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

TABLES = ("notices", "notice_steps", "notice_terms")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "notices",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("tenant", sa.String(length=63), nullable=False),
        sa.Column("form", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("material", sa.Text(), nullable=False),
        sa.Column("elements", sa.JSON(), nullable=False),
        sa.Column("counter", sa.JSON(), nullable=True),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("removed_on", sa.Date(), nullable=True),
        sa.Column("countered_on", sa.Date(), nullable=True),
        sa.Column("audit_id", sa.String(length=36), nullable=True),
        sa.Column("record_id", sa.String(length=16), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("once", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
    )
    op.create_index("ix_notices_tenant_created_at", "notices", ["tenant", "created_at", "id"])
    op.create_index("ix_notices_tenant_state", "notices", ["tenant", "state", "created_at", "id"])
    op.create_index(op.f("ix_notices_once"), "notices", ["once"], unique=True)
    op.create_table(
        "notice_steps",
        sa.Column("notice_id", sa.String(length=32), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("tenant", sa.String(length=63), nullable=False),
        sa.Column("type", sa.String(length=16), nullable=False),
        sa.Column("who", sa.String(length=200), nullable=False),
        sa.Column("key_id", sa.String(length=32), nullable=True),
        sa.Column("said", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("once", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(
            ["notice_id"], ["notices.id"], name=op.f("fk_notice_steps_notice_id_notices"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("notice_id", "version", name=op.f("pk_notice_steps")),
    )
    op.create_index(op.f("ix_notice_steps_once"), "notice_steps", ["once"], unique=True)
    op.create_table(
        "notice_terms",
        sa.Column("notice_id", sa.String(length=32), nullable=False),
        sa.Column("field", sa.String(length=16), nullable=False),
        sa.Column("term", sa.String(length=200), nullable=False),
        sa.Column("tenant", sa.String(length=63), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["notice_id"], ["notices.id"], name=op.f("fk_notice_terms_notice_id_notices"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("notice_id", "field", "term", name=op.f("pk_notice_terms")),
    )
    op.create_index(
        "ix_notice_terms_found", "notice_terms", ["tenant", "field", "term", "created_at", "notice_id"]
    )
    walls.build(TABLES)


def downgrade() -> None:
    """Revert."""
    for name in ("notice_terms", "notice_steps", "notices"):
        op.drop_table(name)
