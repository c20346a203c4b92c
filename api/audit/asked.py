"""What an audit can be asked; loads nothing, for whoever only names it."""

ALL: tuple[str, ...] = ("watermark", "credentials", "fingerprint", "music", "voice")
"""What is asked where nobody says what."""
OPTIONAL: tuple[str, ...] = ("originality",)
"""What is asked by its name only."""
NAMES: tuple[str, ...] = (*ALL, *OPTIONAL)
PROVENANCE: tuple[str, ...] = ("watermark", "credentials", "fingerprint")
