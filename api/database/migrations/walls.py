"""Row-level security for tables whose rows belong to a tenant; PostgreSQL only."""

from collections.abc import Iterable

from alembic import op

_WHOSE = "current_setting('trackmark.tenant', true)"
# Of nobody: what serves all tenants, such as the queue, the log's transactions and a backup.
_MINE = f"coalesce({_WHOSE}, '') = '' OR tenant = {_WHOSE}"


def build(tables: Iterable[str]) -> None:
    """Show a transaction that names a tenant no rows of another, and take none from it."""
    if op.get_bind().dialect.name != "postgresql":
        return
    for name in tables:
        op.execute(f"CREATE POLICY tenant ON {name} USING ({_MINE}) WITH CHECK ({_MINE})")
        op.execute(f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY")


def take_down(tables: Iterable[str]) -> None:
    """Revert `build`; a table that is dropped takes its own along."""
    if op.get_bind().dialect.name != "postgresql":
        return
    for name in tables:
        op.execute(f"ALTER TABLE {name} NO FORCE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {name} DISABLE ROW LEVEL SECURITY")
        op.execute(f"DROP POLICY tenant ON {name}")
