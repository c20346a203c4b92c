"""What a source says of itself (tags, cover, chapters, broadcast chunks), carried into the tagged file."""
