"""What all lists of the service have in common: terms to find entries by, order, and signed cursors."""
