"""Verification for everybody: what is told.

Made by `python -m lab.client` from the server's OpenAPI document: not to be edited.
"""

from __future__ import annotations

from typing import Any, TypedDict


class VerifiedReport(TypedDict):
    """A report whose signature, record and checkpoint were checked with this registry's keys.

    Attributes:
        verified: always true: what does not verify is a problem
        keyid: the key that signed it
        audited_file: name, SHA-256 and container of the file it is about
        decision: action and rules
        record_id: the record inside, verified too
        checkpoint_size: entries of the log when it was made
        audio_checked: always false: no audio is sent here
    """

    verified: bool
    keyid: str
    report_id: str
    created_at: str
    audited_file: dict[str, Any]
    decision: dict[str, Any]
    record_id: str | None
    checkpoint_size: int | None
    audio_checked: bool
