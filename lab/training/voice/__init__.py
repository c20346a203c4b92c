"""Training of the parts of the voice detector, each a script."""
