"""Consents and readings of voices through HTTP."""

import pytest
from fastapi.testclient import TestClient

from tests.api.serving import GOOD, audited, key, parts

TERMS = {
    "scope": ["singing"],
    "from": "2026-01-01",
    "until": "2028-12-31",
    "territory": ["DE"],
    "licence": "L-1",
}


@pytest.fixture(scope="module")
def ada(client: TestClient) -> str:
    files = [("files", ("a.wav", GOOD)), ("files", ("b.wav", GOOD + b"2"))]
    made = client.post("/v1/artists", files=files, data={"name": "Ada / Example"})
    assert made.status_code == 201
    return str(made.json()["id"])


def test_a_consent_is_added_listed_and_revoked_with_a_reason(client: TestClient, ada: str) -> None:
    where = f"/v1/artists/{ada}/consents"
    made = client.post(where, json=TERMS)
    assert made.status_code == 201 and TERMS.items() <= made.json().items() and made.json()["flags"] == []
    endless = client.post(where, json={"scope": "training", "from": "2026-01-01"}).json()
    assert endless["territory"] == ["WORLD"] and "ten years" in endless["flags"][0]
    assert [one["id"] for one in client.get(where).json()["items"]] == [made.json()["id"], endless["id"]]
    end = {"id": made.json()["id"], "reason": "the contract was ended"}
    revoked = client.post(f"{where}/revocations", json=end)
    assert (revoked.status_code, revoked.json()["state"]) == (200, "revoked")
    assert revoked.json()["revoked_reason"] == "the contract was ended" and revoked.json()["revoked_at"]
    assert client.post(f"{where}/revocations", json=end).status_code == 409
    assert client.post(f"{where}/revocations", json={**end, "id": "0" * 16}).status_code == 404


@pytest.mark.parametrize(
    "wrong",
    [
        {"scope": ["dancing"]},
        {"scope": []},
        {"until": "2025-01-01"},
        {"from": "yesterday"},
        {"territory": ["Germany"]},
    ],
)
def test_terms_that_are_none_are_refused(client: TestClient, ada: str, wrong: dict[str, object]) -> None:
    answer = client.post(f"/v1/artists/{ada}/consents", json={**TERMS, **wrong})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-request")


def test_nobody_else_reads_or_writes_them(client: TestClient, ada: str) -> None:
    stranger = TestClient(client.app, base_url="http://127.0.0.1", headers=key(client, tenant="stranger"))
    assert stranger.get(f"/v1/artists/{ada}/consents").status_code == 404
    assert stranger.post(f"/v1/artists/{ada}/consents", json=TERMS).status_code == 404
    assert stranger.post(f"/v1/artists/{ada}/consents/revocations", json={}).status_code == 404
    assert stranger.get(f"/v1/artists/{ada}/reads").status_code == 404


def test_an_audit_is_on_record_with_the_key_that_asked_for_it(client: TestClient, ada: str) -> None:
    made = client.post("/v1/keys", json={"name": "x", "scopes": ["audits:read", "audits:write"]}).json()
    asker = TestClient(
        client.app, base_url="http://127.0.0.1", headers={"Authorization": f"Bearer {made['secret']}"}
    )
    audit = audited(asker, files={"file": ("a.flac", GOOD)})
    read = client.get(f"/v1/artists/{ada}/reads").json()["items"]
    assert [(one["who"], one["purpose"]) for one in read] == [
        (f"API key {made['id']}", f"audit {audit['id']}")
    ]
    listed = {one["id"]: one for one in client.get("/v1/artists").json()["items"]}
    assert "voiceprint" not in listed[ada] and len(parts(client).registry.artists.readings()) == 1


def test_an_artist_with_a_slash_in_the_name_is_erased_by_id(client: TestClient, ada: str) -> None:
    assert client.delete(f"/v1/artists/{ada}").status_code == 204
    assert client.get(f"/v1/artists/{ada}/consents").status_code == 404
