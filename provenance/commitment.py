"""Commitments to what must stay private: a prompt, a seed.

A record holds SHA-256(salt ‖ text). Whoever keeps salt and text can show later what was asked for; nobody
else can guess it, however short it is.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass

SALT_BYTES = 32


@dataclass(frozen=True)
class Opening:
    """What opens a commitment; to be kept private.

    Attributes:
        text: that was committed to.
        salt: random, in hex digits.
    """

    text: str
    salt: str

    @property
    def commitment(self) -> str:
        """What the record holds, 64 hex digits."""
        return hashlib.sha256(bytes.fromhex(self.salt) + self.text.encode()).hexdigest()

    def opens(self, commitment: str) -> bool:
        """Whether this is what was committed to.

        >>> Opening("calm piano", "00" * 32).opens(Opening("calm piano", "00" * 32).commitment)
        True
        """
        return hmac.compare_digest(self.commitment, commitment)


def commit(text: str) -> Opening:
    """Commit to a text, with a salt of its own."""
    return Opening(text, secrets.token_hex(SALT_BYTES))
