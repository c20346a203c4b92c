"""Scores: notes without sound, as music systems that compose export them."""
