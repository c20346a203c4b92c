"""Alembic's entry point: runs inside the transaction that `api.database.engine` opened."""

from alembic import context

from api.database.tables import Table
from provenance.fingerprint import fingerprint_metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=[Table.metadata, fingerprint_metadata],
    render_as_batch=True,
    transaction_per_migration=False,
)
context.run_migrations()
