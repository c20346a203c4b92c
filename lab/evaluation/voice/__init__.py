"""Every published number of the voice detector: `python -m lab.evaluation.voice`."""
