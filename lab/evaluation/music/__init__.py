"""Every published number of the AI-music detector: `python -m lab.evaluation.music`."""
