"""The audit trail: events chained by hashes, and the chain rooted in the transparency log."""
