"""The transparency log, for everybody: what is told.

Made by `python -m lab.client` from the server's OpenAPI document: not to be edited.
"""

from __future__ import annotations

from typing import TypedDict

from .shared import SignedEnvelope


class HashPath(TypedDict):
    """Hashes of a Merkle proof, base64, from the leaf up (RFC 6962).

    Attributes:
        size: size of the tree that the proof is for
        checkpoint: the newest signed checkpoint
    """

    size: int
    hashes: list[str]
    checkpoint: str


class KeyEventList(TypedDict):
    """Key events, in the order of the log."""

    items: list[LoggedKeyEvent]


class LoggedKeyEvent(TypedDict):
    """A rotation or revocation of a key, signed, and what proves that it was logged.

    Attributes:
        tlog_proof: a C2SP tlog-proof
        salt: hex digits
    """

    envelope: SignedEnvelope
    tlog_proof: str
    salt: str
