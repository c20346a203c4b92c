"""Who holds a file learns who claims it in public: by its digest alone, of what was made public alone."""

from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from api import database
from tests.api.serving import URL, key, parts, register

FILE = sha256(b"the very file").hexdigest()


def asked(client: TestClient, digest: str = FILE) -> Any:
    """What somebody without a key is told."""
    return TestClient(client.app, base_url=URL).post("/v1/verify/claims", json={"sha256": digest})


@pytest.fixture
def record(client: TestClient) -> Iterator[str]:
    """A private record of the file."""
    registry = parts(client).registry
    found = register(registry, title="Night Drive")
    registry.records.add_file(found.record_id, FILE)
    yield found.record_id
    client.delete(f"/v1/records/{found.record_id}/publication")


def test_a_record_is_private_until_its_owner_says_otherwise(client: TestClient, record: str) -> None:
    assert asked(client).json() == {"sha256": FILE, "claims": [], "more": False}
    assert client.get(f"/v1/records/{record}/publication").json()["since"] is None
    since = client.put(f"/v1/records/{record}/publication").json()["since"]
    (told,) = asked(client).json()["claims"]
    dated = {"leaf_index", "logged_at", "revision", "revision_index"}
    assert told.keys() == {"record_id", "title", "owners", "status"} | dated
    assert (told["record_id"], told["title"], told["owners"]) == (record, "Night Drive", ["A Label"])
    assert told["status"] == "asserted"
    assert client.put(f"/v1/records/{record}/publication").json()["since"] == since
    assert client.delete(f"/v1/records/{record}/publication").status_code == 204
    assert asked(client).json()["claims"] == []


def test_unknown_and_private_files_are_answered_alike(client: TestClient, record: str) -> None:
    private, unknown = asked(client), asked(client, "0" * 64)
    assert (private.status_code, private.json()["claims"]) == (unknown.status_code, unknown.json()["claims"])


def test_a_dispute_is_told_and_a_new_owner_is_private_again(client: TestClient, record: str) -> None:
    client.put(f"/v1/records/{record}/publication").raise_for_status()
    parts(client).registry.events.dispute(record, issuer="A Singer", reason="the vocals are mine")
    (told,) = asked(client).json()["claims"]
    assert told["status"] == "disputed"
    assert "A Singer" not in str(told)  # who disputes said so to the registry, not to everybody
    parts(client).registry.events.transfer(record, to="A Buyer")
    assert asked(client).json()["claims"] == []
    assert client.get(f"/v1/records/{record}/publication").json()["since"] is None


def test_a_new_title_stays_public(client: TestClient, record: str) -> None:
    client.put(f"/v1/records/{record}/publication").raise_for_status()
    parts(client).registry.events.amend(record, {"asset": {"title": "Day Drive"}})
    assert [one["title"] for one in asked(client).json()["claims"]] == ["Day Drive"]


def test_other_tenants_claims_are_told_too_and_nobody_publishes_for_others(
    client: TestClient, record: str
) -> None:
    theirs = parts(client).registry.for_tenant("label-b")
    other = register(theirs, title="Their Drive", owner="Label B").record_id
    theirs.records.add_file(other, FILE)
    assert client.put(f"/v1/records/{other}/publication").status_code == 404
    assert (
        client.put(f"/v1/records/{record}/publication", headers=key(client, tenant="label-b")).status_code
        == 404
    )
    client.put(f"/v1/records/{record}/publication").raise_for_status()
    theirs.publications.publish(other)
    assert [one["owners"] for one in asked(client).json()["claims"]] == [["A Label"], ["Label B"]]
    theirs.publications.withdraw(other)


def test_where_one_claim_does_not_verify_none_is_told(client: TestClient, record: str) -> None:
    registry = parts(client).registry
    sound = register(registry, title="Sound").record_id
    registry.records.add_file(sound, FILE)
    for one in (record, sound):
        registry.publications.publish(one)
    spoil = text("UPDATE records SET salt = :salt WHERE record_id = :one")
    with database.writing(registry.engine) as connection:
        kept = connection.execute(text("SELECT salt FROM records WHERE record_id = :one"), {"one": record})
        salt = kept.scalar_one()
        connection.execute(spoil, {"salt": b"\0" * len(salt), "one": record})
    answer = asked(client)
    with database.writing(registry.engine) as connection:
        connection.execute(spoil, {"salt": salt, "one": record})
    registry.publications.withdraw(sound)
    assert answer.status_code == 422
    assert answer.json()["code"] in ("proof-invalid", "signature-invalid")
    assert "Sound" not in answer.text


def test_of_many_claims_the_first_are_told(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    registry, digest = parts(client).registry, sha256(b"claimed by many").hexdigest()
    monkeypatch.setattr("api.registry.publications.MOST", 2)
    made = [register(registry, title=f"Song {number}").record_id for number in range(3)]
    for one in made:
        registry.records.add_file(one, digest)
        registry.publications.publish(one)
    said = asked(client, digest).json()
    assert ([one["record_id"] for one in said["claims"]], said["more"]) == (made[:2], True)


def test_an_erased_record_is_told_no_more(client: TestClient, record: str) -> None:
    client.put(f"/v1/records/{record}/publication").raise_for_status()
    client.delete(f"/v1/records/{record}").raise_for_status()
    assert asked(client).json()["claims"] == []


@pytest.mark.parametrize("sent", [{}, {"sha256": "AB" * 32}, {"sha256": "ab"}, {"sha256": None}, []])
def test_what_names_no_file_is_refused(client: TestClient, sent: Any) -> None:
    answer = TestClient(client.app, base_url=URL).post("/v1/verify/claims", json=sent)
    assert answer.status_code == 422


def test_nothing_is_kept_of_what_was_asked(client: TestClient) -> None:
    digest = sha256(b"nobody's").hexdigest()
    asked(client, digest)
    with database.reading(parts(client).registry.engine) as connection:
        dump = [
            str(row)
            for (table,) in connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'"))
            for row in connection.execute(text(f'SELECT * FROM "{table}"'))
        ]
    assert not [row for row in dump if digest in row]
