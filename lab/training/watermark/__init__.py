"""Training of the watermark networks: `python -m lab.training.watermark`."""
