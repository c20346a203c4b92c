"""Durable jobs: their books, their files, their work and the queue that does it."""
