"""Enrolled voices and what their artists allow: what is told.

Made by `python -m lab.client` from the server's OpenAPI document: not to be edited.
"""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict

from .shared import Problem


class ArtistAnswer(TypedDict):
    """An enrolled voice, without the voice print.

    Attributes:
        consent: reference to the artist's consent
        encoder: what made the voice print; only prints of the server's own encoder are compared
        warnings: of the enrolment, told once
    """

    id: str
    name: str
    consent: str | None
    created_at: str
    encoder: str | None
    warnings: NotRequired[list[str]]


class ConsentList(TypedDict):
    """Every consent of an artist, ended ones too, in the order of their entry."""

    items: list[ConsentAnswer]


class EnrolmentAnswer(TypedDict):
    """An enrolment: queued, running, or finished with an artist or a problem."""

    id: str
    state: Literal["queued", "running", "succeeded", "failed", "cancelled", "expired"]
    progress: float
    created_at: str
    finished_at: str | None
    artist: ArtistAnswer | None
    problem: Problem | None
    links: dict[str, str]


class ReadLine(TypedDict):
    """One opening of a voice print.

    Attributes:
        voices: how many prints were opened at once
    """

    read_at: str
    who: str
    purpose: str
    voices: int


class ReadList(TypedDict):
    """Every opening of a voice print."""

    items: list[ReadLine]


ConsentAnswer = TypedDict(
    "ConsentAnswer",
    {
        "id": str,
        "scope": list[str],
        "from": str,
        "until": str | None,
        "territory": list[str],
        "licence": str | None,
        "evidence_sha256": str | None,
        "created_at": str,
        "revoked_at": str | None,
        "revoked_reason": str | None,
        "state": str,
        "flags": list[str],
    },
)
ConsentAnswer.__doc__ = """A consent on file."""
