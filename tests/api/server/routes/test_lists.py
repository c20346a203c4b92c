"""Lists over HTTP: paged by one convention, found by what entries say, on both databases."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from lab.audit_rows import entered
from tests.api.serving import GOOD, finished, key, parts, register, serve


@pytest.fixture(scope="module")
def client(either: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with serve(tmp_path_factory.mktemp("home"), **either) as client:
        entered(parts(client).registry.engine, 60)
        for name, files in (("Ada", 1), ("Bea", 2), ("ada lower", 1), ("Émile", 1)):
            voice = [("files", (f"{n}.wav", GOOD + name.encode() + bytes([n]))) for n in range(files)]
            assert client.post("/v1/artists", files=voice, data={"name": name}).status_code == 201
        yield client


def names(client: TestClient, path: str, field: str, **query: Any) -> list[str]:
    """One field of every entry on all pages."""
    found: list[str] = []
    while True:
        answer = client.get(path, params=query)
        assert answer.status_code == 200, answer.text
        body = answer.json()
        found += [item[field] for item in body["items"]]
        if body["next"] is None:
            return found
        query["cursor"] = body["next"]


def test_audits_are_found(client: TestClient) -> None:
    assert len(names(client, "/v1/audits", "id", limit=7)) == 60
    assert names(client, "/v1/audits", "file", isrc="DE-A12-00-00031") == ["master-31.wav"]
    assert names(client, "/v1/audits", "file", state="failed", sort="created_at", limit=1) == [
        "master-7.wav",
        "master-57.wav",
    ]
    rejected = names(client, "/v1/audits", "file", decision="reject", q="elan night", limit=2)
    assert rejected == [f"master-{n}.wav" for n in (49, 29, 9)]
    bounds = {"created_from": "2026-01-01T00:10:00Z", "created_to": "2026-01-01T01:12:00+01:00"}
    assert names(client, "/v1/audits", "file", **bounds) == ["master-11.wav", "master-10.wav"]


@pytest.mark.parametrize(
    "query",
    [
        {"state": "asleep"},
        {"decision": "maybe"},
        {"verdict": "guilty"},
        {"sort": "title"},
        {"isrc": "123"},
        {"sha256": "ab"},
        {"q": "--"},
        {"q": ""},
        {"owner": "\u0301"},
        {"created_from": "2026-01-01T00:00:00"},
        {"created_to": "9999-12-31T23:59:59-23:59"},
        {"created_from": "0001-01-01T00:00:00+23:59"},
        {"limit": 0},
        {"colour": "red"},
    ],
)
def test_what_no_audit_can_have_is_refused(client: TestClient, query: dict[str, Any]) -> None:
    answer = client.get("/v1/audits", params=query)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-request"), answer.text


def test_a_cursor_of_another_tenant_is_refused(client: TestClient) -> None:
    stranger = key(client, tenant="label-c")
    for path in ("/v1/audits", "/v1/records", "/v1/artists", "/v1/keys"):
        if path == "/v1/records":
            for _ in range(2):
                register(parts(client).registry)
        if path == "/v1/keys":
            key(client)
        cursor = client.get(path, params={"limit": 1}).json()["next"]
        assert client.get(path, params={"limit": 1, "cursor": cursor}).status_code == 200, path
        refused = client.get(path, params={"limit": 1, "cursor": cursor}, headers=stranger)
        assert (refused.status_code, refused.json()["code"]) == (422, "invalid-request"), path


def test_taggings_and_records_are_found_by_what_they_say_today(client: TestClient) -> None:
    sent = {"title": "Nachtfahrt, remixed", "owner": "Straße Records", "isrc": "DE-A12-99-00001"}
    made = client.post("/v1/tracks", files={"file": ("n.wav", GOOD + b"night")}, data=sent)
    track = finished(client, made.headers["location"])
    record = track["result"]["record_id"]
    for query in ({"q": "nachtfahrt STRASSE"}, {"isrc": "DEA129900001"}, {"record": record}):
        assert names(client, "/v1/tracks", "id", **query) == [track["id"]], query
    for query in ({"q": "nachtfahrt"}, {"owner": "strasse records"}, {"sha256": track["result"]["sha256"]}):
        assert names(client, "/v1/records", "record_id", **query) == [record], query
    patch = {"asset": {"title": "Tagfahrt"}}
    assert client.post(f"/v1/records/{record}/amendments", json=patch).status_code == 201
    assert names(client, "/v1/records", "record_id", q="nachtfahrt") == []
    assert names(client, "/v1/records", "record_id", title="tagfahrt") == [record]
    assert names(client, "/v1/records", "record_id", sha256=track["result"]["sha256"]) == [record]
    dispute = {"issuer": "Other", "reason": "ours"}
    assert client.post(f"/v1/records/{record}/disputes", json=dispute).status_code == 201
    assert names(client, "/v1/records", "record_id", status="disputed") == [record]
    assert client.delete(f"/v1/records/{record}").status_code == 204
    assert names(client, "/v1/records", "record_id", title="tagfahrt") == []
    assert names(client, "/v1/tracks", "id", q="nachtfahrt") == []


def test_the_old_name_of_a_records_cursor_goes_on_working(client: TestClient) -> None:
    registry = parts(client).registry.for_tenant("label-d")
    made = [register(registry, title=f"Song {n}") for n in range(5)]
    label = key(client, tenant="label-d")
    expected = [one.record_id for one in reversed(made)]
    first = client.get("/v1/records", params={"limit": 2}, headers=label).json()
    rest = client.get("/v1/records", params={"limit": 9, "before": first["next"]}, headers=label).json()
    assert [one["record_id"] for one in first["items"] + rest["items"]] == expected
    numbered = client.get(
        "/v1/records", params={"limit": 2, "before": made[3].leaf_index}, headers=label
    ).json()
    assert [one["record_id"] for one in numbered["items"]] == expected[2:4]
    last = client.get("/v1/records", params={"before": numbered["next"]}, headers=label).json()
    assert ([one["record_id"] for one in last["items"]], last["next"]) == (expected[4:], None)
    for query in ({"before": "7", "q": "song"}, {"before": "9" * 30}, {"before": "7", "cursor": "x"}):
        assert client.get("/v1/records", params=query, headers=label).status_code == 422, query


def test_artists_and_keys_are_paged_and_found(client: TestClient) -> None:
    assert names(client, "/v1/artists", "name") == ["Ada", "ada lower", "Bea", "Émile"]
    assert names(client, "/v1/artists", "name", limit=1, sort="-name") == ["Émile", "Bea", "ada lower", "Ada"]
    assert names(client, "/v1/artists", "name", limit=3, sort="-created_at")[0] == "Émile"
    assert names(client, "/v1/artists", "name", q="ADA") == ["Ada", "ada lower"]
    assert names(client, "/v1/artists", "name", name="emile") == ["Émile"]
    for number in range(3):
        made = client.post("/v1/keys", json={"name": f"desk {number}", "scopes": ["records:read"]}).json()
    client.delete(f"/v1/keys/{made['id']}")
    assert names(client, "/v1/keys", "name", q="desk", limit=1) == ["desk 0", "desk 1", "desk 2"]
    assert names(client, "/v1/keys", "name", q="desk", state="revoked") == ["desk 2"]
    assert names(client, "/v1/keys", "name", q="desk", scope="admin") == []
    assert names(
        client, "/v1/tenants/default/keys", "name", q="desk", state="active", sort="-created_at"
    ) == [
        "desk 1",
        "desk 0",
    ]
