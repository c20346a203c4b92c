"""Damaged files by the thousand: what the decoder and the reader of credentials do with them."""
