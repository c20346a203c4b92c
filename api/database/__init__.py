"""The database: its engine, tables, migrations and shared transactions."""
