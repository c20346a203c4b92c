"""C2PA Soft Binding Resolution: what is told.

Made by `python -m lab.client` from the server's OpenAPI document: not to be edited.
"""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict

from .shared import Problem


class Algorithm(TypedDict):
    """An algorithm of the soft-binding list."""

    alg: str


class Algorithms(TypedDict):
    """What can be resolved here."""

    watermarks: list[Algorithm]
    fingerprints: list[Algorithm]


class Capabilities(TypedDict):
    """Which optional routes there are; what is not listed is not offered."""

    c2paSpecificationVersion: str
    supportedCapabilities: list[str]


class LookupAnswer(TypedDict):
    """A lookup: queued, running, or finished with matches or a problem."""

    id: str
    state: Literal["queued", "running", "succeeded", "failed", "cancelled", "expired"]
    progress: float
    created_at: str
    finished_at: str | None
    matches: list[Match] | None
    problem: Problem | None
    links: dict[str, str]


class Match(TypedDict):
    """A manifest that belongs to the asset."""

    manifestId: str
    similarityScore: NotRequired[int | None]


class Matches(TypedDict):
    """Best first; empty where nothing is known."""

    matches: list[Match]
