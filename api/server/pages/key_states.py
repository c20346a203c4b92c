"""Whether an API key is in force, as pages tell it."""

from api.server.api_keys import KeyInfo
from core import clock


def key_state(key: KeyInfo) -> str:
    """`active`, `expired` or `revoked`."""
    if key.revoked_at is not None:
        return "revoked"
    return "expired" if key.expires_at is not None and key.expires_at <= clock.now() else "active"
