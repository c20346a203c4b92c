"""Revisions and events: what they add up to, and which histories are impossible."""

import dataclasses
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import ProofError, RecordError
from provenance.records.lifecycle import Statement, amend, fold
from provenance.records.record import OwnershipRecord
from provenance.records.rights import Party, RightShare

from .samples import TIME, small

FIRST = small()
LATER = "2027-01-01T00:00:00Z"


def statement(kind: str, about: OwnershipRecord = FIRST, record_id: str = FIRST.record_id) -> Statement:
    return Statement(kind, record_id, about.digest(), LATER, "Another Label", "the master is ours")


def transfer(record: OwnershipRecord, name: str) -> OwnershipRecord:
    return amend(
        record,
        issued_at=LATER,
        parties=(Party("owner", name, "org"),),
        rights=(RightShare("master", "owner", 1_000_000),),
    )


def test_revisions_follow_one_another() -> None:
    second = transfer(FIRST, "Buyer")
    third = amend(second, issued_at=LATER, claim_status="disputed")
    state = fold([FIRST, second, third])
    assert state.record == third
    assert state.history == (FIRST.digest(), second.digest(), third.digest())
    assert (third.revision, third.supersedes) == (3, second.digest())
    assert third.record_id == FIRST.record_id


def test_an_amendment_keeps_the_chain() -> None:
    for name in ("record_id", "revision", "supersedes", "schema"):
        with pytest.raises(RecordError, match=name):
            amend(FIRST, issued_at=LATER, **{name: "x"})
    with pytest.raises(RecordError):
        amend(FIRST, issued_at=LATER, colour="red")
    with pytest.raises(RecordError, match="sum to"):
        amend(FIRST, issued_at=LATER, rights=(RightShare("master", "owner", 1),))


def test_disputes_open_and_close() -> None:
    opened, closed = statement("dispute.open"), statement("dispute.close")
    assert fold([FIRST]).status == "asserted"
    assert fold([FIRST, opened]).status == "disputed"
    assert fold([FIRST, opened, opened, closed]).status == "disputed"
    assert fold([FIRST, opened, closed]).status == "asserted"
    assert fold([FIRST, opened, statement("revoke")]).status == "revoked"


IMPOSSIBLE: dict[str, Callable[[], list[OwnershipRecord | Statement]]] = {
    "closed before opened": lambda: [FIRST, statement("dispute.close")],
    "statement first": lambda: [statement("dispute.open"), FIRST],
    "registered twice": lambda: [FIRST, FIRST],
    "starts at revision 2": lambda: [transfer(FIRST, "B")],
    "revision left out": lambda: [FIRST, transfer(transfer(FIRST, "B"), "C")],
    "fork": lambda: [FIRST, transfer(FIRST, "B"), transfer(FIRST, "C")],
    "grown on another branch": lambda: [FIRST, transfer(FIRST, "B"), transfer(transfer(FIRST, "C"), "D")],
    "revised after revocation": lambda: [FIRST, statement("revoke"), transfer(FIRST, "B")],
    "disputed after revocation": lambda: [FIRST, statement("revoke"), statement("dispute.open")],
    "another record": lambda: [FIRST, small(record_id="ff" * 8)],
    "about another record": lambda: [FIRST, statement("revoke", record_id="ff" * 8)],
    "about an unknown revision": lambda: [FIRST, statement("revoke", about=transfer(FIRST, "B"))],
}


@pytest.mark.parametrize("case", IMPOSSIBLE)
def test_impossible_histories_are_refused(case: str) -> None:
    with pytest.raises(ProofError):
        fold(IMPOSSIBLE[case]())
    with pytest.raises(RecordError):
        fold([])


@given(st.lists(st.sampled_from(["amend", "dispute.open", "dispute.close", "revoke"]), max_size=12))
@settings(max_examples=60)
def test_any_accepted_history_adds_up(kinds: list[str]) -> None:
    events: list[OwnershipRecord | Statement] = [FIRST]
    record, opened, revoked = FIRST, 0, False
    for kind in kinds:
        if revoked or (kind == "dispute.close" and not opened):
            continue
        if kind == "amend":
            record = amend(record, issued_at=TIME)
            events.append(record)
        else:
            events.append(statement(kind, about=record))
            opened += {"dispute.open": 1, "dispute.close": -1}.get(kind, 0)
            revoked = kind == "revoke"
    state = fold(events)
    assert (state.record, state.open_disputes, state.revoked) == (record, opened, revoked)


def test_a_statement_has_one_spelling() -> None:
    value = statement("revoke")
    assert Statement.from_payload(value.to_payload()) == value
    for payload in (b"{}", value.to_payload() + b" ", value.to_payload().replace(b',"v":1', b"")):
        with pytest.raises(RecordError):
            Statement.from_payload(payload)
    with pytest.raises(RecordError):
        dataclasses.replace(value, type="register")
