"""The documentation site: `docs/` and what the code says of itself, laid out by MkDocs (`make docs`).

Nothing imports this package; it may import everything.
"""
