"""Keys of voice prints, who read them, and what artists allow."""

import sqlalchemy as sa
from alembic import op

from api.database.migrations import walls

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

TABLES = ("voice_keys", "voice_reads", "artist_consents")


def upgrade() -> None:
    """Apply."""
    op.add_column("artists", sa.Column("encoder", sa.String(length=100), nullable=True))
    op.create_table(
        "voice_keys",
        sa.Column("artist_id", sa.String(length=32), nullable=False),
        sa.Column("tenant", sa.String(length=63), nullable=False),
        sa.Column("keyid", sa.String(length=64), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["artist_id"], ["artists.id"], name=op.f("fk_voice_keys_artist_id_artists"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("artist_id", name=op.f("pk_voice_keys")),
    )
    op.create_index(op.f("ix_voice_keys_tenant"), "voice_keys", ["tenant"])
    op.create_table(
        "voice_reads",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("tenant", sa.String(length=63), nullable=False),
        sa.Column("artist_id", sa.String(length=32), nullable=True),
        sa.Column("voices", sa.Integer(), nullable=False),
        sa.Column("who", sa.String(length=200), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_voice_reads")),
    )
    op.create_index("ix_voice_reads_tenant_read_at", "voice_reads", ["tenant", "read_at"])
    op.create_table(
        "artist_consents",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("artist_id", sa.String(length=32), nullable=False),
        sa.Column("tenant", sa.String(length=63), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("territories", sa.JSON(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("licence", sa.Text(), nullable=True),
        sa.Column("evidence_sha256", sa.String(length=64), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["artist_id"],
            ["artists.id"],
            name=op.f("fk_artist_consents_artist_id_artists"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_artist_consents")),
    )
    op.create_index(op.f("ix_artist_consents_artist_id"), "artist_consents", ["artist_id"])
    walls.build(TABLES)


def downgrade() -> None:
    """Revert. Sealed voice prints stay sealed: an earlier release names them and asks to enrol again."""
    op.drop_table("artist_consents")
    op.drop_table("voice_reads")
    op.drop_table("voice_keys")
    op.drop_column("artists", "encoder")
