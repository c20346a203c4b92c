"""Two files side by side: an original and a suspected copy."""
