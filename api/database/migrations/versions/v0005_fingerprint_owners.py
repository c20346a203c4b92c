"""Whose each fingerprint is."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    owner = sa.Column(
        "owner", sa.String(length=63), nullable=False, server_default="", comment="whose queries may find it"
    )
    op.add_column("fingerprint_track", owner)
    op.execute(
        "UPDATE fingerprint_track SET owner = coalesce((SELECT records.tenant FROM records"
        " WHERE records.record_id = fingerprint_track.record_id), '')"
    )


def downgrade() -> None:
    """Revert."""
    op.drop_column("fingerprint_track", "owner")
