"""What a person or a court reads of an audit: signed report, words, steps, picture, page."""
