"""Uploads that can be resumed, by tus: what is told.

Made by `python -m lab.client` from the server's OpenAPI document: not to be edited.
"""

from __future__ import annotations

from typing import TypedDict


class UploadAnswer(TypedDict):
    """A file that comes in pieces, or has come.

    Attributes:
        file: the file's name as the client told it: escape it before display
        received_bytes: how many are safely stored; it is complete when all are
        sha256: of the complete file
        expires_at: when it is deleted, unless more comes before
    """

    id: str
    file: str
    size_bytes: int
    received_bytes: int
    sha256: str | None
    created_at: str
    expires_at: str
    links: dict[str, str]
