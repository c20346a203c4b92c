"""The schema's history, applied by `api.database.engine.upgrade`; there is no alembic.ini."""
