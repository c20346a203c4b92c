"""Hard negatives of the AI-music detector: `python -m lab.evaluation.music_hard`."""
