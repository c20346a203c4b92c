"""Signals and what happens to them: attacks, tempo, renderings, sounds with exact clocks."""
