"""Weights and card of the AI-music detector: `python -m lab.training.music`."""
