"""Who may withdraw a claim, and what is told of who did."""

from pathlib import Path

import pytest

from api.registry.registry import Registry
from api.settings import Settings
from core.errors import InvalidInput
from lab.registrations import blank_fingerprint, new_records


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry.open(Settings(home=tmp_path))


def registered(registry: Registry) -> str:
    (record,) = new_records(1, registry.keys.signer("record").keyid)
    return registry.records.register(record, blank_fingerprint()).record_id


@pytest.mark.parametrize("stranger", ["Nobody", "A Label Inc", "", "A  Label"])
def test_a_stranger_withdraws_nothing(registry: Registry, stranger: str) -> None:
    record_id = registered(registry)
    with pytest.raises(InvalidInput, match="neither owns nor issued"):
        registry.events.revoke(record_id, issuer=stranger, reason="test")
    assert registry.records.verified(record_id).today()["status"] == "asserted"


def test_a_new_owner_may_withdraw_and_is_named(registry: Registry) -> None:
    record_id = registered(registry)
    registry.events.transfer(record_id, to="A Buyer")
    registry.events.revoke(record_id, issuer="a buyer", reason="sold on")
    today = registry.records.verified(record_id).today()
    assert today["status"] == "revoked"
    (said,) = today["statements"]
    assert (said["type"], said["issuer"], said["reason"]) == ("revoke", "a buyer", "sold on")
    assert said["keyid"] == registry.keys.signer("record").keyid


def test_anybody_may_be_named_as_contesting_and_is_told(registry: Registry) -> None:
    record_id = registered(registry)
    registry.events.dispute(record_id, issuer="Other Label", reason="ours")
    (said,) = registry.records.verified(record_id).today()["statements"]
    assert (said["type"], said["issuer"]) == ("dispute.open", "Other Label")
