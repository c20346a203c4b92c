"""One readable script per model."""
