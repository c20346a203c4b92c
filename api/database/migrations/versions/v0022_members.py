"""People: members of tenants, their sessions, and sign-ins that are under way."""

import sqlalchemy as sa
from alembic import op

from api.database.migrations import walls

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

TABLES = ("members", "member_sessions")


def upgrade() -> None:
    """Apply."""
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "members",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("tenant", sa.String(length=63), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("mailbox", sa.String(length=254), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=True),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("issuer", sa.String(length=500), nullable=True),
        sa.Column("subject", sa.String(length=255), nullable=True),
        sa.Column("invited_at", moment, nullable=False),
        sa.Column("who", sa.String(length=200), nullable=False),
        sa.Column("key_id", sa.String(length=32), nullable=True),
        sa.Column("joined_at", moment, nullable=True),
        sa.Column("signed_in_at", moment, nullable=True),
        sa.Column("suspended_at", moment, nullable=True),
        sa.Column("suspended_by", sa.String(length=200), nullable=True),
        sa.Column("suspended_reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_members")),
        sa.UniqueConstraint("tenant", "mailbox", name=op.f("uq_members_tenant_mailbox")),
        sa.UniqueConstraint("issuer", "subject", "tenant", name=op.f("uq_members_issuer_subject_tenant")),
    )
    op.create_index(op.f("ix_members_mailbox"), "members", ["mailbox"])
    op.create_table(
        "member_sessions",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("tenant", sa.String(length=63), nullable=False),
        sa.Column("member_id", sa.String(length=16), nullable=False),
        sa.Column("began_at", moment, nullable=False),
        sa.Column("seen_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_member_sessions")),
    )
    op.create_index(op.f("ix_member_sessions_tenant"), "member_sessions", ["tenant"])
    op.create_index(op.f("ix_member_sessions_member_id"), "member_sessions", ["member_id"])
    op.create_table(
        "sign_ins",
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("browser", sa.String(length=64), nullable=False),
        sa.Column("then", sa.Text(), nullable=False),
        sa.Column("ends_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("state", name=op.f("pk_sign_ins")),
    )
    walls.build(TABLES)


def downgrade() -> None:
    """Revert."""
    op.drop_table("sign_ins")
    op.drop_table("member_sessions")
    op.drop_table("members")
