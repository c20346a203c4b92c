"""Connections, transactions and the schema. Rows stand in `tables`, shared commits in `group_commit`."""

from api.database.engine import connect, for_tenant, forget_traces, hold, migrations, reading, writing
from api.database.schema import downgrade, upgrade

__all__ = [
    "connect",
    "downgrade",
    "for_tenant",
    "forget_traces",
    "hold",
    "migrations",
    "reading",
    "upgrade",
    "writing",
]
