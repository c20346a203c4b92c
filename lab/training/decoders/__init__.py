"""Neural decoders trained in the lab: `python -m lab.training.decoders`."""
