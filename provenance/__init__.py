"""Whose is it: watermark, ownership records, credentials and fingerprints."""
