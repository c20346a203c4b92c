"""Every published number of the fingerprint: `python -m lab.evaluation.fingerprint`."""
