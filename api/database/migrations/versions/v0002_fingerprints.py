"""The tables of the acoustic fingerprint index."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "fingerprint_track",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("record_id", sa.String(length=16), nullable=False),
        sa.Column("frames", sa.Integer(), nullable=False, comment="length in frames of 128 / 11025 s"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("record_id"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "fingerprint_hash",
        sa.Column("key", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("track_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column(
            "time", sa.Integer(), autoincrement=False, nullable=False, comment="frame of the first peak"
        ),
        sa.Column(
            "detail", sa.Integer(), autoincrement=False, nullable=False, comment="the low 16 bits of the key"
        ),
        sa.ForeignKeyConstraint(["track_id"], ["fingerprint_track.id"]),
        sa.PrimaryKeyConstraint("key", "track_id", "time", "detail"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Revert."""
    op.drop_table("fingerprint_hash")
    op.drop_table("fingerprint_track")
