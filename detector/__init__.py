"""Was it made by a machine, and in whose voice."""
