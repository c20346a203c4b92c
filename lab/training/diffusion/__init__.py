"""A small diffusion model that plays music without a clock: `python -m lab.training.diffusion`."""
