"""Audits of whole catalogues."""
