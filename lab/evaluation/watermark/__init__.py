"""Every published number of the watermark: `python -m lab.evaluation.watermark`."""
