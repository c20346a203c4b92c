"""Which records their owners let everybody see."""

import sqlalchemy as sa
from alembic import op

from api.database.migrations import walls

revision = "0030"
down_revision = "0027"
branch_labels = None
depends_on = None

TABLES = ("publications",)


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "publications",
        sa.Column("record_id", sa.String(length=16), nullable=False),
        sa.Column("tenant", sa.String(length=63), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["record_id"],
            ["records.record_id"],
            name=op.f("fk_publications_record_id_records"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("record_id", name=op.f("pk_publications")),
    )
    op.create_index("ix_publications_tenant", "publications", ["tenant"])
    walls.build(TABLES)


def downgrade() -> None:
    """Revert."""
    op.drop_table("publications")
