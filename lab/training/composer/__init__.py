"""A small music model of our own, trained with audiocraft's classes: `python -m lab.training.composer`."""
