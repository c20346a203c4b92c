"""Somebody as their provider tells of them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Account:
    """An account at a provider.

    Attributes:
        issuer: the provider.
        subject: who they are there, for good.
        email: their address, if the provider has verified that it is theirs; else None.
        name: as they are called there.
    """

    issuer: str
    subject: str
    email: str | None
    name: str | None
