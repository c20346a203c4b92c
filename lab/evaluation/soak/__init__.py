"""A service that is let work while it is damaged at random."""
