"""The audit trail: events, the chain over them, and the log's entries that commit to it."""

import sqlalchemy as sa
from alembic import op

from api.database.migrations import append_only, walls

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

TABLES = ("trail_events", "trail_links", "trail_roots")
_GROWING = {
    "trail_events": "id = NEW.id",
    "trail_links": "(tenant = NEW.tenant AND seq = NEW.seq) OR event_id = NEW.event_id",
    "trail_roots": "leaf_index = NEW.leaf_index",
}


def upgrade() -> None:
    """Apply."""
    counted = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "trail_events",
        sa.Column("id", counted, nullable=False),
        sa.Column("tenant", sa.String(length=63), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("phase", sa.String(length=16), nullable=False),
        sa.Column("who", sa.String(length=200), nullable=False),
        sa.Column("key_id", sa.String(length=32), nullable=True),
        sa.Column("action", sa.String(length=200), nullable=False),
        sa.Column("object", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Integer(), nullable=True),
        sa.Column("request_id", sa.String(length=32), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trail_events")),
    )
    op.create_index("ix_trail_events_tenant", "trail_events", ["tenant", "id"])
    op.create_table(
        "trail_links",
        sa.Column("tenant", sa.String(length=63), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "seq", name=op.f("pk_trail_links")),
        sa.UniqueConstraint("event_id", name=op.f("uq_trail_links_event_id")),
    )
    op.create_table(
        "trail_roots",
        sa.Column("leaf_index", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("tenant", sa.String(length=63), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("leaf_index", name=op.f("pk_trail_roots")),
    )
    op.create_index(op.f("ix_trail_roots_tenant"), "trail_roots", ["tenant"])
    walls.build(TABLES)
    append_only.build(_GROWING)


def downgrade() -> None:
    """Revert."""
    append_only.take_down(_GROWING)
    for name in TABLES:
        op.drop_table(name)
