"""Connections, transactions and the schema. Rows stand in `tables`, shared commits in `group_commit`."""

from api.database.engine import connect, downgrade, forget_traces, hold, migrations, reading, upgrade, writing

__all__ = ["connect", "downgrade", "forget_traces", "hold", "migrations", "reading", "upgrade", "writing"]
