"""How close tracks are to one another, in melody, rhythm, timbre and structure."""
