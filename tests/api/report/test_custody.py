"""The chain of custody says what each event changed, and names a key only where it is sure."""

from dataclasses import replace

from api.report import custody
from api.report.words.record import EVENTS
from provenance.records.asset import Asset
from provenance.records.involvement import AiInvolvement
from provenance.records.log import ENTRY_TYPES
from provenance.records.record import Claim, Issuer, OwnershipRecord
from provenance.records.rights import Party, RightShare

BEFORE = OwnershipRecord(
    record_id="00112233445566aa",
    issued_at="2026-11-22T12:00:00Z",
    issuer=Issuer("A Label", "ab" * 32),
    asset=Asset("A Song", "cd" * 32, 10_000, 44_100, 2, "wav"),
    ai_involvement=AiInvolvement("None"),
    parties=(Party("owner", "A Label", "org"),),
    rights=(RightShare("master", "owner", 1_000_000),),
    provenance_of_claim=Claim("asserted"),
)


def test_a_change_is_told_by_the_records_own_names() -> None:
    asset = replace(BEFORE.asset, title="Another", isrc="USRC17607839")
    after = replace(BEFORE, asset=asset, revision=2, supersedes="ab" * 32, issued_at="2027-01-01T00:00:00Z")
    assert list(custody._changes(BEFORE, after)) == [
        "asset.isrc: nothing → USRC17607839",
        "asset.title: A Song → Another",
    ]


def test_shares_are_told_by_their_owners_names() -> None:
    parties = (*BEFORE.parties, Party("p9", "A Buyer", "org"))
    rights = (
        RightShare("master", "owner", 999_999),
        RightShare("master", "p9", 1),
    )
    after = replace(BEFORE, parties=parties, rights=rights, revision=2, supersedes="ab" * 32)
    (told,) = custody._changes(BEFORE, after)
    _, after_it = told.split(" → ")
    assert after_it.replace("\u00a0", " ").split("; ") == [
        "A Label, 99.9999 % of the master right, worldwide",
        "A Buyer, 0.0001 % of the master right, worldwide",
    ]


def test_every_kind_of_event_has_a_name() -> None:
    others = ("key", "detector", "takedown", "trail")
    about_records = {kind for kind in ENTRY_TYPES if kind.partition(".")[0] not in others}
    assert about_records == set(EVENTS)
