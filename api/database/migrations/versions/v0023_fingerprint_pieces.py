"""The hashes of a fingerprint in one piece, beside their rows."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    comment = "its hashes in one piece; earlier releases filed rows only"
    op.add_column("fingerprint_track", sa.Column("filed", sa.LargeBinary(), nullable=True, comment=comment))


def downgrade() -> None:
    """Revert."""
    op.drop_column("fingerprint_track", "filed")
