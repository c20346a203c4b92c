"""Cases: what people decide about audits, and every step that led there."""

import sqlalchemy as sa
from alembic import op

from api.database.migrations import walls

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

TABLES = ("cases", "case_steps", "case_terms")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "cases",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("tenant", sa.String(length=63), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("origin", sa.String(length=16), nullable=False),
        sa.Column("audit_id", sa.String(length=36), nullable=True),
        sa.Column("audit_decision", sa.String(length=16), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("decision", sa.String(length=16), nullable=True),
        sa.Column("assignee", sa.String(length=200), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("once", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cases")),
    )
    op.create_index("ix_cases_tenant_created_at", "cases", ["tenant", "created_at", "id"])
    op.create_index("ix_cases_tenant_state", "cases", ["tenant", "state", "created_at", "id"])
    op.create_index(op.f("ix_cases_once"), "cases", ["once"], unique=True)
    op.create_table(
        "case_steps",
        sa.Column("case_id", sa.String(length=32), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("tenant", sa.String(length=63), nullable=False),
        sa.Column("type", sa.String(length=16), nullable=False),
        sa.Column("who", sa.String(length=200), nullable=False),
        sa.Column("key_id", sa.String(length=32), nullable=True),
        sa.Column("said", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("once", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_case_steps_case_id_cases"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("case_id", "version", name=op.f("pk_case_steps")),
    )
    op.create_index(op.f("ix_case_steps_once"), "case_steps", ["once"], unique=True)
    op.create_table(
        "case_terms",
        sa.Column("case_id", sa.String(length=32), nullable=False),
        sa.Column("field", sa.String(length=16), nullable=False),
        sa.Column("term", sa.String(length=200), nullable=False),
        sa.Column("tenant", sa.String(length=63), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_case_terms_case_id_cases"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("case_id", "field", "term", name=op.f("pk_case_terms")),
    )
    op.create_index("ix_case_terms_found", "case_terms", ["tenant", "field", "term", "created_at", "case_id"])
    walls.build(TABLES)


def downgrade() -> None:
    """Revert."""
    for name in ("case_terms", "case_steps", "cases"):
        op.drop_table(name)
