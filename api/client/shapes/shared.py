"""What several groups of operations name.

Made by `python -m lab.client` from the server's OpenAPI document: not to be edited.
"""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict


class Outline(TypedDict):
    """A waveform for a player: lowest and highest sample of equal stretches, in [-1, 1]."""

    duration_s: float
    low: list[float]
    high: list[float]


class Problem(TypedDict):
    """RFC 9457 problem details; `code` is stable, `detail` is for people."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    instance: NotRequired[str | None]


class Signature(TypedDict):
    """One signature of an envelope.

    Attributes:
        keyid: SHA-256 of the public key, 64 hex digits
        sig: Base64
    """

    keyid: str
    sig: str


class SignedEnvelope(TypedDict):
    """A DSSE envelope: a payload and who signed it.

    Attributes:
        payload: what is signed, in Base64
    """

    payloadType: str
    payload: str
    signatures: list[Signature]


Role = Literal["label", "rights_ops", "auditor", "admin"]
"""A name for what a key or a member may do; which scopes that are, the server says."""
