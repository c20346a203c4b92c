"""Connections, transactions and the schema. Rows stand in `tables`, shared commits in `group_commit`."""

from api.database.engine import connect, downgrade, hold, migrations, reading, upgrade, writing

__all__ = ["connect", "downgrade", "hold", "migrations", "reading", "upgrade", "writing"]
