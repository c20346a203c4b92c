"""A music model of our own against the rule of decision 0353: `python -m lab.evaluation.composer`."""
