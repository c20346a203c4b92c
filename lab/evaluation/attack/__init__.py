"""One tenant does its worst while another's requests are timed."""
