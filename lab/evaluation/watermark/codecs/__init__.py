"""What a neural codec leaves of a mark: how much of a chip's level, and whether the mark is still heard."""
