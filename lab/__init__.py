"""The laboratory: training and evaluation. Never imported by the product."""
