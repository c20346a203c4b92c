"""An audit: the checks, what they found, whose the track is, and what a policy makes of it."""
