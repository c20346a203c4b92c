"""The law as dated data, and what Trackmark does for it by what evidence. Never legal advice."""
