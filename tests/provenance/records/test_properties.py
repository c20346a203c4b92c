"""Properties of records that hold for whatever hypothesis thinks of: shares, revisions, spelling."""

import dataclasses
import json
import random
from collections import defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import ProofError, RecordError
from provenance.records.canonical import decode, encode
from provenance.records.lifecycle import Statement, amend, fold
from provenance.records.record import OwnershipRecord
from provenance.records.rights import WHOLE_PPM, RightShare, check_shares

from .samples import records, small, splits

LATER = "2026-12-01T00:00:00Z"
scalars = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=8)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
)


@given(splits())
def test_shares_that_make_a_whole_are_accepted_in_any_order(rows: tuple[RightShare, ...]) -> None:
    check_shares(rows)
    check_shares(tuple(reversed(rows)))
    sums: dict[tuple[str, str], int] = defaultdict(int)
    for row in rows:
        for territory in row.territories:
            sums[row.right, territory] += row.share_ppm
    assert set(sums.values()) <= {WHOLE_PPM}


@given(splits().filter(bool), st.data())
def test_a_millionth_more_or_less_is_refused(rows: tuple[RightShare, ...], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(rows) - 1))
    change = data.draw(st.sampled_from([-1, 1]).filter(lambda c: 1 <= rows[place].share_ppm + c <= WHOLE_PPM))
    wrong = dataclasses.replace(rows[place], share_ppm=rows[place].share_ppm + change)
    with pytest.raises(RecordError, match="sum to"):
        check_shares((*rows[:place], wrong, *rows[place + 1 :]))


@given(
    st.lists(st.integers(1, WHOLE_PPM), min_size=1, max_size=5), st.sampled_from([("WORLD",), ("DE", "FR")])
)
def test_shares_of_one_right_are_accepted_exactly_if_they_sum_to_the_whole(
    shares: list[int], where: tuple[str, ...]
) -> None:
    rows = tuple(RightShare("master", f"p{n}", share, where) for n, share in enumerate(shares))
    if sum(shares) == WHOLE_PPM:
        check_shares(rows)
    else:
        with pytest.raises(RecordError):
            check_shares(rows)


@given(values)
def test_the_canonical_form_goes_round_and_is_one(value: object) -> None:
    written = encode(value, RecordError)
    assert decode(written, RecordError) == value
    assert encode(decode(written, RecordError), RecordError) == written
    respelled = json.dumps(value, indent=1, ensure_ascii=True).encode()
    if respelled != written:
        with pytest.raises(RecordError):
            decode(respelled, RecordError)


@given(records())
@settings(max_examples=50)
def test_the_hash_of_a_record_does_not_depend_on_how_it_was_read(record: OwnershipRecord) -> None:
    payload = record.to_payload()
    shuffled = dict(random.Random(1).sample(items := list(json.loads(payload).items()), len(items)))
    assert encode(shuffled, RecordError) == payload
    assert OwnershipRecord.from_payload(payload).digest() == record.digest()


def said(record: OwnershipRecord, kind: str, n: int) -> Statement:
    return Statement(kind, record.record_id, record.digest(), LATER, f"Party {n}", f"reason {n}")


@given(st.integers(1, 4), st.integers(0, 3), st.randoms(use_true_random=False))
@settings(max_examples=50)
def test_only_the_order_that_matters_matters(revisions: int, disputes: int, shuffle: random.Random) -> None:
    """Disputes may fall anywhere after the registration; revisions have one order and no other."""
    chain = [small()]
    for n in range(revisions - 1):
        asset = dataclasses.replace(chain[-1].asset, title=f"Title {n}")
        chain.append(amend(chain[-1], issued_at=LATER, asset=asset))
    events: list[OwnershipRecord | Statement] = list(chain)
    for n in range(disputes):
        events.insert(shuffle.randint(1, len(events)), said(chain[0], "dispute.open", n))
    state = fold(events)
    assert (state.record, state.open_disputes) == (chain[-1], disputes)
    assert state.status == ("disputed" if disputes else "asserted")
    assert state.history == tuple(record.digest() for record in chain)
    assert fold([*chain, *(e for e in events if isinstance(e, Statement))]) == state
    if revisions > 1:
        first, second = (events.index(chain[n]) for n in shuffle.sample(range(revisions), 2))
        events[first], events[second] = events[second], events[first]
        with pytest.raises(ProofError):
            fold(events)
