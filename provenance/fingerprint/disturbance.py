"""What keeps the hashes of owners apart in arrays that they share."""

from functools import lru_cache
from hashlib import sha256

from provenance.fingerprint import triplets


@lru_cache(maxsize=1024)
def disturbance(owner: str) -> int:
    """A number of as many bits as a key; adding it bit by bit sends distinct keys to distinct keys."""
    return int.from_bytes(sha256(owner.encode()).digest()[:8], "big") >> (64 - triplets.KEY_BITS)
