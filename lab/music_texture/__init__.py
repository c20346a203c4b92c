"""A network on log-frequency planes of music, tried beside the comb: see docs/decisions/0225."""
