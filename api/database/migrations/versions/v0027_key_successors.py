"""Which key took the place of one that was rotated."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("api_keys", sa.Column("replaced_by", sa.String(length=32), nullable=True))


def downgrade() -> None:
    """Revert."""
    op.drop_column("api_keys", "replaced_by")
