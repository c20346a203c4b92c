"""What an audit can be asked; loads nothing, for whoever only names it."""

ALL: tuple[str, ...] = ("watermark", "credentials", "fingerprint", "music", "voice")
PROVENANCE: tuple[str, ...] = ("watermark", "credentials", "fingerprint")
