"""For how long things are kept, and legal holds: what is told.

Made by `python -m lab.client` from the server's OpenAPI document: not to be edited.
"""

from __future__ import annotations

from typing import Literal, TypedDict


class HoldAnswer(TypedDict):
    """A legal hold.

    Attributes:
        object_id: of the audit, case, record or artist
        who: name of the key that it was placed with
        released_at: null while it is in force
    """

    id: str
    kind: Literal["audit", "case", "record", "artist"]
    object_id: str
    reason: str
    placed_at: str
    who: str
    released_at: str | None
    released_by: str | None
    released_reason: str | None
    links: dict[str, str]


class RetentionAnswer(TypedDict):
    """What is set.

    Attributes:
        audio_days: retained audio, from the end of its job
        reports_days: audits and comparisons whole, from their end
        voices_days: voice prints with consents, from the enrolment
        tagged_days: tagged files, from the end of the tagging; its record stays
        changed_at: null where nothing was ever set
        who: name of the key that it was set with
    """

    audio_days: int | None
    reports_days: int | None
    voices_days: int | None
    tagged_days: int | None
    changed_at: str | None
    who: str | None
