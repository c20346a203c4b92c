"""Ownership records, signatures and the transparency log: who claimed what, and when.

Pure values and functions: no network, no database, no torch. `verify` is the offline verifier.
The byte formats are written down in `docs/record.md` so that anybody can re-implement them.
"""
