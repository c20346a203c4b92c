"""Amendments by merge patch and transfers of shares: what changes, cannot, or stays whole."""

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import RecordError
from provenance.exchange.amendment import merge, patched
from provenance.exchange.transfer import party_for, transfer
from provenance.records.lifecycle import fold
from provenance.records.rights import Party, RightShare
from tests.provenance.records.samples import small

LATER = "2026-12-01T00:00:00Z"
BUYER = Party("buyer", "A Buyer", "org")
SHARED = small(
    parties=(Party("owner", "Test Label", "org"), Party("b", "Band", "org")),
    rights=(RightShare("master", "owner", 600_000), RightShare("master", "b", 400_000)),
)

# RFC 7396, appendix A.
VECTORS = [
    ({"a": "b"}, {"a": "c"}, {"a": "c"}),
    ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
    ({"a": "b"}, {"a": None}, {}),
    ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
    ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
    ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
    ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
    ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
    (["a", "b"], ["c", "d"], ["c", "d"]),
    ({"a": "b"}, ["c"], ["c"]),
    ({"a": "foo"}, None, None),
    ({"a": "foo"}, "bar", "bar"),
    ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
    ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
    ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
]


@pytest.mark.parametrize(("target", "patch", "result"), VECTORS)
def test_merge_patch_is_that_of_the_rfc(target: object, patch: dict[str, object], result: object) -> None:
    assert merge(target, patch) == result


def test_an_amendment_is_the_next_revision() -> None:
    second = patched(small(), {"asset": {"isrc": "USRC17607839"}}, issued_at=LATER)
    assert (second.revision, second.supersedes) == (2, small().digest())
    assert second.asset == dataclasses.replace(small().asset, isrc="USRC17607839")
    assert fold([small(), second]).record == second
    third = patched(second, {"asset": {"isrc": None}}, issued_at=LATER)
    assert third.asset.isrc is None


@pytest.mark.parametrize(
    "patch",
    [
        {},
        {"record_id": "ff" * 8},
        {"revision": 7},
        {"supersedes": "ab" * 32},
        {"issued_at": LATER},
        {"marks": []},
        {"asset": {"sha256_pcm": "ff" * 32}},
        {"asset": {"duration_ms": 5}},
        {"asset": {"title": ""}},
        {"asset": {"title": "A Song"}},
        {"asset": None},
        {"asset": "x"},
        {"rights": [{"right": "master", "party": "owner", "share_ppm": 5}]},
        {"rights": {}},
        {"unknown": 1},
        {"claim_status": "evidenced"},
    ],
)
def test_what_cannot_change_is_refused(patch: dict[str, object]) -> None:
    with pytest.raises(RecordError):
        patched(small(), patch, issued_at=LATER)


def test_all_is_handed_over() -> None:
    after = transfer(small(), right="master", to=BUYER, issued_at=LATER)
    assert after.rights == (RightShare("master", "buyer", 1_000_000),)
    assert BUYER in after.parties


def test_a_part_is_handed_over_by_one_of_several() -> None:
    after = transfer(SHARED, right="master", to=BUYER, giver="Band", share_ppm=150_000, issued_at=LATER)
    assert {row.party: row.share_ppm for row in after.rights} == {
        "owner": 600_000,
        "b": 250_000,
        "buyer": 150_000,
    }
    again = transfer(after, right="master", to=BUYER, giver="b", issued_at=LATER)
    assert {row.party: row.share_ppm for row in again.rights} == {"owner": 600_000, "buyer": 400_000}


def test_a_dated_transfer_keeps_the_time_before_it() -> None:
    after = transfer(small(), right="master", to=BUYER, effective="2027-01-01T00:00:00Z", issued_at=LATER)
    assert [(row.party, row.valid_from, row.valid_to) for row in after.rights] == [
        ("owner", None, "2027-01-01T00:00:00Z"),
        ("buyer", "2027-01-01T00:00:00Z", None),
    ]


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"right": "publishing"}, "nobody holds"),
        ({"right": "master"}, "name the one that gives"),
        ({"right": "master", "giver": "Nobody"}, "does not name one holder"),
        ({"right": "master", "giver": "b", "share_ppm": 400_001}, "only 400000 are held"),
        ({"right": "master", "giver": "b", "share_ppm": 0}, "share_ppm"),
    ],
)
def test_impossible_transfers_are_refused(options: dict[str, Any], why: str) -> None:
    with pytest.raises(RecordError, match=why):
        transfer(SHARED, to=BUYER, issued_at=LATER, **options)


def test_a_party_is_found_by_name_or_made() -> None:
    assert party_for(SHARED, "Band") == SHARED.parties[1]
    assert party_for(SHARED, "New").ref not in {party.ref for party in SHARED.parties}
    with pytest.raises(RecordError, match="same party"):
        transfer(small(), right="master", to=party_for(small(), "Test Label"), issued_at=LATER)
    with pytest.raises(RecordError, match="another party"):
        transfer(SHARED, right="master", giver="b", to=Party("owner", "Else", "org"), issued_at=LATER)


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc"), st.integers(1, 1_000_000)), max_size=8)
)
def test_no_chain_of_transfers_loses_or_makes_a_millionth(steps: list[tuple[str, str, int]]) -> None:
    parties = tuple(Party(ref, ref, "org") for ref in "abc")
    record = small(parties=parties, rights=(RightShare("master", "a", 1_000_000),))
    for giver, taker, share in steps:
        try:
            record = transfer(
                record, right="master", to=Party(taker, taker, "org"), giver=giver, share_ppm=share,
                issued_at=LATER,
            )  # fmt: skip
        except RecordError:
            continue
        assert sum(row.share_ppm for row in record.rights) == 1_000_000
