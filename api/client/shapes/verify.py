"""Verification for everybody: what is told.

Made by `python -m lab.client` from the server's OpenAPI document: not to be edited.
"""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

from .shared import Alignment


class PublicClaim(TypedDict):
    """What a record claims today, verified now; it proves who claimed it and when, not that this is true.

    Attributes:
        owners: whom the record names as owners
        status: asserted, evidenced, disputed or revoked
        leaf_index: the log's entry of its registration
        logged_at: when the log wrote that, by its own clock
        revision: of the record: above 1 it was registered saying something else, and that day dates nothing
            that it says now
        revision_index: the log's entry of that revision
    """

    record_id: str
    title: str
    owners: list[str]
    status: str
    leaf_index: int
    logged_at: str
    revision: int
    revision_index: int


class PublicClaims(TypedDict):
    """Who claims a file, as far as owners let everybody see it.

    Attributes:
        claims: the first registered first
        more: further claims are left out
    """

    sha256: str
    claims: list[PublicClaim]
    more: bool


class VerifiedClaim(TypedDict):
    """What a record claimed when the report was made; it proves who claimed it, not that this is true.

    Attributes:
        owners: whom the record names as owners
        claim_status: how far anybody had looked at the claim
    """

    record_id: str
    title: str
    owners: list[str]
    claim_status: str | None


class VerifiedReport(TypedDict):
    """A report whose signature, records and checkpoint were checked with this registry's keys.

    Attributes:
        verified: always true: what does not verify is a problem
        kind: what it is about: one file that was audited, or two that were compared
        keyid: the key that signed it
        audited_file: of an audit: name, SHA-256 and container of the file it is about
        decision: of an audit: action and rules
        record_id: of an audit: the record inside, verified too
        compared_files: of a comparison: the same of `original` and `suspect`
        same_bytes: of a comparison: both are the same file
        alignment: of a comparison: where one is heard in the other
        record_ids: of a comparison: the records inside, of either file, verified too
        claims: who claims the audio, by the records inside: `file` of an audit; `original`, `suspect`
        checkpoint_size: entries of the log when it was made
        audio_checked: always false: no audio is sent here
    """

    verified: bool
    kind: Literal["audit", "comparison"]
    keyid: str
    report_id: str
    created_at: str
    audited_file: NotRequired[dict[str, Any] | None]
    decision: NotRequired[dict[str, Any] | None]
    record_id: NotRequired[str | None]
    compared_files: NotRequired[dict[str, Any] | None]
    same_bytes: NotRequired[bool | None]
    alignment: NotRequired[Alignment | None]
    record_ids: NotRequired[dict[str, str | None] | None]
    claims: dict[str, VerifiedClaim]
    checkpoint_size: int | None
    audio_checked: bool
