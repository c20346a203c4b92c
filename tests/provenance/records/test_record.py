"""Ownership records: one spelling, every rule of the schema, and no rule that cannot bite."""

import dataclasses
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import RecordError
from provenance.records.asset import Asset, Mark, Span
from provenance.records.ingredient import Ingredient
from provenance.records.involvement import AiInvolvement, Generation, RoleInvolvement
from provenance.records.record import Claim, Issuer, OwnershipRecord, new_record_id
from provenance.records.rights import Contribution, Party, RightShare, VoiceConsent

from .samples import TIME, full, records, small


def test_what_it_was_made_from_survives_and_changes_no_other_record() -> None:
    made = (
        Ingredient("score", "00" * 32, "midi"),
        Ingredient("melody", "01" * 32, "wav", "ffeeddccbbaa9988", "A Label"),
    )
    record = small(ingredients=made)
    assert OwnershipRecord.from_payload(record.to_payload()) == record
    assert b"ingredients" not in small().to_payload(), "a record without any is written as ever"


@given(records())
@settings(max_examples=40)
def test_a_record_survives_the_journey_through_bytes(record: OwnershipRecord) -> None:
    payload = record.to_payload()
    again = OwnershipRecord.from_payload(payload)
    assert again == record
    assert again.to_payload() == payload


def test_every_field_survives_the_journey() -> None:
    record = full()
    assert all(getattr(record, field.name) is not None for field in dataclasses.fields(record))
    assert OwnershipRecord.from_payload(record.to_payload()) == record


def test_the_payload_of_a_known_record_never_changes() -> None:
    # Signatures made years ago must stay valid: whoever breaks this needs schema v2.
    assert small().digest() == "98705b9a7654c003c89c1233e2095e958a925500d6bfe67df7bd80ed90c806bb"
    assert full().digest() == "a9b0fc99dcbef1527dad0b8d56162266f97893c49e924f9aae9acfe1d157b510"


@given(records(), st.data())
@settings(max_examples=40)
def test_any_changed_byte_gives_another_record_or_an_error(
    record: OwnershipRecord, data: st.DataObject
) -> None:
    payload = record.to_payload()
    place = data.draw(st.integers(0, len(payload) - 1))
    changed = (
        payload[:place] + bytes([payload[place] ^ (1 << data.draw(st.integers(0, 7)))]) + payload[place + 1 :]
    )
    try:
        other = OwnershipRecord.from_payload(changed)
    except RecordError:
        return
    assert other != record


@given(st.binary(max_size=200))
def test_hostile_bytes_raise_nothing_but_record_errors(data: bytes) -> None:
    with pytest.raises(RecordError):
        OwnershipRecord.from_payload(data)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(sorted(json.loads(full().to_payload()))), json_values)
@settings(max_examples=80)
def test_hostile_fields_raise_nothing_but_record_errors(field: str, value: object) -> None:
    content = json.loads(full().to_payload())
    content[field] = value
    payload = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    try:
        record = OwnershipRecord.from_payload(payload)
    except RecordError:
        return
    assert record.to_payload() == payload


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"revision":1,', b""),
        (b'"claim_status":"asserted",', b""),
        (b'"territories":["WORLD"]', b'"territories":[]'),
        (b',"territories":["WORLD"]', b""),
        (b'"schema":"trackmark/ownership-record/v1"', b'"schema":"trackmark/ownership-record/v2"'),
        (b',"schema"', b',"sch\xc3\xa9ma":1,"schema"'),
        (b'"revision":1', b'"revision":"1"'),
        (b'"revision":1', b'"revision":true'),
        (b'{"ai_involvement"', b'{"a":null,"ai_involvement"'),
    ],
)
def test_missing_unknown_and_mistyped_fields(old: bytes, new: bytes) -> None:
    payload = small().to_payload()
    damaged = payload.replace(old, new)
    assert damaged != payload
    with pytest.raises(RecordError):
        OwnershipRecord.from_payload(damaged)


def asset(**changes: Any) -> Asset:
    return dataclasses.replace(small().asset, **changes)


BROKEN: dict[str, Callable[[], object]] = {
    "record id in capitals": lambda: small(record_id="00112233AABBCCDD"),
    "short record id": lambda: small(record_id="0011"),
    "local time": lambda: small(issued_at="2026-11-22T13:00:00+01:00"),
    "date that does not exist": lambda: small(issued_at="2026-02-30T13:00:00Z"),
    "leap second": lambda: small(issued_at="2016-12-31T23:59:60Z"),
    "unknown status": lambda: small(claim_status="true"),
    "evidenced without evidence": lambda: small(claim_status="evidenced"),
    "first revision supersedes": lambda: small(supersedes="00" * 32),
    "second revision supersedes nothing": lambda: small(revision=2),
    "revision 0": lambda: small(revision=0),
    "no party": lambda: small(parties=(), rights=()),
    "party twice": lambda: small(parties=(Party("owner", "A", "org"), Party("owner", "B", "org"))),
    "unlisted owner": lambda: small(rights=(RightShare("master", "nobody", 1_000_000),)),
    "unlisted contributor": lambda: small(contributions=(Contribution("nobody", "MainArtist"),)),
    "unlisted artist": lambda: small(voice_consents=(VoiceConsent("nobody", "all", "L", "00" * 32, TIME),)),
    "list instead of tuple": lambda: small(parties=[Party("owner", "A", "org")]),
    "empty title": lambda: asset(title=""),
    "blank title": lambda: asset(title=" "),
    "title with a line break": lambda: asset(title="a\nb"),
    "title that reverses its report": lambda: asset(title="a\u202eb"),
    "decomposed title": lambda: asset(title="e\u0301"),
    "surrogate in title": lambda: asset(title="\ud800"),
    "endless title": lambda: asset(title="a" * 1001),
    "no duration": lambda: asset(duration_ms=0),
    "fractional duration": lambda: asset(duration_ms=1.5),
    "boolean channels": lambda: asset(channels=True),
    "isrc with hyphens": lambda: asset(isrc="US-RC1-76-07839"),
    "wrong upc": lambda: asset(upc="036000291453"),
    "hash twice": lambda: asset(sha256_files=("00" * 32, "00" * 32)),
    "short hash": lambda: asset(sha256_pcm="00" * 31),
    "all AI but no lyrics": lambda: AiInvolvement("All", lyrics=RoleInvolvement("None", "declared")),
    "no AI but vocals": lambda: AiInvolvement("None", vocals=RoleInvolvement("Partly", "declared")),
    "unknown level": lambda: AiInvolvement("none"),
    "unknown basis": lambda: RoleInvolvement("All", "guessed"),
    "finished before started": lambda: Generation("P", "S", "1", "created", TIME, "2026-11-22T13:00:01Z"),
    "neither created nor altered": lambda: Generation("P", "S", "1", "made", TIME),
    "role in small letters": lambda: Contribution("owner", "main artist"),
    "zero share": lambda: RightShare("master", "owner", 0),
    "more than everything": lambda: RightShare("master", "owner", 1_000_001),
    "floating share": lambda: RightShare("master", "owner", 0.5),  # type: ignore[arg-type]  # that is what is wrong
    "no territory": lambda: RightShare("master", "owner", 1, ()),
    "territory in words": lambda: RightShare("master", "owner", 1, ("Germany",)),
    "world and more": lambda: RightShare("master", "owner", 1, ("WORLD", "DE")),
    "share ends before it starts": lambda: RightShare("master", "owner", 1, valid_from=TIME, valid_to=TIME),
    "unknown right": lambda: RightShare("sync", "owner", 1),
    "backward span": lambda: Span(5, 5),
    "message of another length": lambda: Mark("a", "1", "00"),
    "basis unknown": lambda: Claim("bought"),
    "keyid too short": lambda: Issuer("A", "00"),
    "ingredient of no known relation": lambda: Ingredient("sample", "00" * 32),
    "ingredient without a hash": lambda: Ingredient("score", ""),
    "ingredient twice": lambda: small(ingredients=(Ingredient("score", "00" * 32),) * 2),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_rule_is_refused(case: str) -> None:
    with pytest.raises(RecordError):
        BROKEN[case]()


def shares(*rows: Any) -> OwnershipRecord:
    return small(
        parties=(Party("a", "A", "org"), Party("b", "B", "org")),
        rights=tuple(RightShare(*row) for row in rows),
    )


def test_shares_sum_by_right_and_territory() -> None:
    shares(("master", "a", 333_333), ("master", "b", 666_667))
    shares(("master", "a", 1_000_000), ("publishing", "b", 1_000_000))
    shares(("master", "a", 1_000_000, ("DE",)), ("master", "b", 1_000_000, ("FR",)))
    for rows in (
        [("master", "a", 333_333), ("master", "b", 666_666)],
        [("master", "a", 1_000_000), ("master", "b", 1)],
        [("master", "a", 500_000), ("publishing", "b", 500_000)],
        [("master", "a", 500_000, ("DE", "FR")), ("master", "b", 500_000, ("DE",))],
    ):
        with pytest.raises(RecordError, match="sum to"):
            shares(*rows)


def test_shares_sum_at_every_time() -> None:
    first, second = "2030-01-01T00:00:00Z", "2030-01-01T00:00:00.000Z"
    shares(
        ("master", "a", 1_000_000, ("WORLD",), None, first), ("master", "b", 1_000_000, ("WORLD",), second)
    )
    with pytest.raises(RecordError, match="2000000"):
        shares(
            ("master", "a", 1_000_000, ("WORLD",), None, "2031-01-01T00:00:00Z"),
            ("master", "b", 1_000_000, ("WORLD",), first),
        )


def test_asset_refuses_unknown_arguments_and_ids_are_drawn_at_random() -> None:
    with pytest.raises(TypeError):
        Asset("t", "00" * 32, 1, 1, 1, "wav", colour="red")  # type: ignore[call-arg]  # that is what is wrong
    drawn = {new_record_id() for _ in range(100)}
    assert len(drawn) == 100
    assert all(len(item) == 16 and int(item, 16) >= 0 for item in drawn)
