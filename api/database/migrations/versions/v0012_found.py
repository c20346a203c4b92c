"""Terms by which lists find their entries, and the secret of their cursors.

The terms of what is stored already are entered by the sweep of the first process that starts.
"""

import sqlalchemy as sa
from alembic import op

from api.database.migrations import walls

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

TABLES = ("job_terms", "record_terms")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "job_terms",
        sa.Column("job_id", sa.String(length=36), nullable=False),
        sa.Column("field", sa.String(length=16), nullable=False),
        sa.Column("term", sa.String(length=200), nullable=False),
        sa.Column("tenant", sa.String(length=63), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name=op.f("fk_job_terms_job_id_jobs"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("job_id", "field", "term", name=op.f("pk_job_terms")),
    )
    op.create_index(
        "ix_job_terms_found", "job_terms", ["tenant", "kind", "field", "term", "created_at", "job_id"]
    )
    op.create_table(
        "record_terms",
        sa.Column("record_id", sa.String(length=16), nullable=False),
        sa.Column("field", sa.String(length=16), nullable=False),
        sa.Column("term", sa.String(length=200), nullable=False),
        sa.Column("tenant", sa.String(length=63), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["record_id"],
            ["records.record_id"],
            name=op.f("fk_record_terms_record_id_records"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("record_id", "field", "term", name=op.f("pk_record_terms")),
    )
    op.create_index(
        "ix_record_terms_found", "record_terms", ["tenant", "field", "term", "created_at", "record_id"]
    )
    op.create_table(
        "server_secrets",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_server_secrets")),
    )
    op.add_column("jobs", sa.Column("listed_as", sa.String(length=16)))
    op.add_column("records", sa.Column("listed_as", sa.BigInteger()))
    op.create_index("ix_jobs_tenant_kind_state", "jobs", ["tenant", "kind", "state", "created_at", "id"])
    op.create_index("ix_jobs_listed_as", "jobs", ["listed_as", "state"])
    op.create_index("ix_records_listed_as", "records", ["listed_as"])
    walls.build(TABLES)


def downgrade() -> None:
    """Revert."""
    op.drop_index("ix_records_listed_as", "records")
    op.drop_index("ix_jobs_listed_as", "jobs")
    op.drop_index("ix_jobs_tenant_kind_state", "jobs")
    for name in ("record_terms", "job_terms", "server_secrets"):
        op.drop_table(name)
    for name in ("records", "jobs"):
        with op.batch_alter_table(name) as table:
            table.drop_column("listed_as")
