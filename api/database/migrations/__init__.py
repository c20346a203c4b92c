"""The schema's history, applied by `api.db.upgrade`; there is no alembic.ini."""
