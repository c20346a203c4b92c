"""Writes the typed Python client (`api/client`) from the server's own OpenAPI document.

python -m lab.client            # write api/client/operations and api/client/shapes anew
python -m lab.client --check    # only tell whether they are what the document gives
"""
