"""Backup and restoration of a whole home: rows, keys, uploads and what jobs left behind."""
