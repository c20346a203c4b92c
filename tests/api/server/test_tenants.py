"""Every route that names an entry answers another tenant as if the entry did not exist."""

import re
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import insert

from api import database
from api.database.tables import Manifest
from api.outbox.outbox import tell
from api.server.routes.policies import EXAMPLE as POLICY
from core import clock
from tests.api.serving import GOOD, audited, finished, key, parts

PUBLIC = re.compile(
    r"^/(oauth/|v1/log/|v1/verify|healthz|readyz|\.well-known/|c2pa/v1/services/capabilities)"
)
NOT_LISTS = (
    "/v1/keys",
    "/c2pa/v1/matches/byBinding",
    "/c2pa/v1/services/supportedAlgorithms",
    "/v1/whoami",
    "/v1/notices/forms",
    "/v1/audit-events",
    "/metrics",
    "/v1/retention",
    "/v1/tenants",
)


@pytest.fixture(scope="module")
def entries(client: TestClient) -> Iterator[dict[str, str]]:
    track = client.post("/v1/tracks", files={"file": ("a.wav", GOOD)}, data={"title": "T", "owner": "O"})
    tagged = finished(client, track.headers["location"])
    registry = parts(client).registry
    with database.writing(registry.engine) as connection:
        row = {"manifest_id": "urn:c2pa:0", "record_id": tagged["result"]["record_id"], "store": b"x"}
        table = Manifest.metadata.tables["manifests"]
        connection.execute(insert(table).values(**row, tenant=registry.tenant, created_at=clock.now()))
    artist = client.post("/v1/artists", files={"files": ("v.wav", GOOD)}, data={"name": "Ada"})
    assert artist.status_code == 201
    made = client.post("/v1/keys", json={"name": "x", "scopes": ["audits:read"]}).json()
    hook = client.post("/v1/webhooks", json={"url": "https://8.8.8.8/", "events": ["record.event"]}).json()
    with database.writing(registry.engine) as connection:
        tell(connection, registry.tenant, "record.event", {})
    (message,) = client.get(f"/v1/webhooks/{hook['id']}/deliveries").json()["items"]
    client.post(f"/v1/webhooks/{hook['id']}:disable")
    case = client.post("/v1/cases", json={"subject": "a song", "reason": "a call"}).json()
    notice = client.post("/v1/notices", json={"form": "dmca", "elements": {"material": "a song"}}).json()
    place = client.post("/v1/exports", json={"what": "cases"}).headers["location"]
    export = finished(client, place)
    hold = client.post("/v1/holds", json={"kind": "case", "id": case["id"], "reason": "x"}).json()
    policy = client.post("/v1/policies", json={"text": POLICY}).json()
    client.post("/c2pa/v1/matches/byContent", content=GOOD, headers={"Content-Type": "audio/wav"})
    jobs = parts(client).jobs.newest(tenant="default", state=None, limit=50)
    head = {"Tus-Resumable": "1.0.0", "Upload-Length": "4"}
    upload = client.post("/v1/uploads", headers=head).headers["location"]
    batch = client.post("/v1/batches", json={"items": [{"upload_id": upload}]})
    member = client.post("/v1/members", json={"email": "ada@label.example", "role": "label"}).json()
    yield {
        "upload_id": upload.rpartition("/")[2],
        "batch_id": batch.json()["id"],
        "enrolment_id": next(job.id for job in jobs if job.kind == "enrolment"),
        "lookup_id": next(job.id for job in jobs if job.kind == "lookup"),
        "webhook_id": hook["id"],
        "delivery_id": message["id"],
        "case_id": case["id"],
        "notice_id": notice["id"],
        "policy_id": policy["id"],
        "hold_id": hold["id"],
        "export_id": export["id"],
        "audit_id": audited(client, files={"file": ("a.flac", GOOD)}, data={"retain": "true"})["id"],
        "comparison_id": _compared(client),
        "role": "suspect",
        "track_id": tagged["id"],
        "record_id": tagged["result"]["record_id"],
        "leaf_index": str(tagged["result"]["leaf_index"]),
        "manifest_id": "urn:c2pa:0",
        "name": "Ada",
        "key_id": made["id"],
        "member_id": member["id"],
        "tenant": "default",
    }


def _compared(client: TestClient) -> str:
    files = {"original": ("a.wav", GOOD), "suspect": ("b.wav", GOOD)}
    made = client.post("/v1/comparisons", files=files, data={"retain": "true"})
    return str(finished(client, made.headers["location"])["id"])


def operations(client: TestClient) -> list[tuple[str, str]]:
    paths = client.get("/openapi.json").json()["paths"]
    return [
        (method.upper(), path)
        for path, methods in paths.items()
        for method in methods
        if not PUBLIC.match(path)
    ]


def test_another_tenant_finds_nothing(client: TestClient, entries: dict[str, str]) -> None:
    stranger = TestClient(client.app, base_url="http://127.0.0.1", headers=key(client, tenant="stranger"))
    named = [(method, path) for method, path in operations(client) if "{" in path]
    assert len(named) >= 10
    for method, path in named:
        url = re.sub(r"\{(\w+)\}", lambda found: entries[found[1]], path)
        answer = stranger.request(method, url)
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found"), (method, path)
        assert client.request("GET", url).status_code != 404 or method != "GET", (method, path)


def test_another_tenants_lists_are_empty(client: TestClient, entries: dict[str, str]) -> None:
    stranger = TestClient(client.app, base_url="http://127.0.0.1", headers=key(client, tenant="stranger-2"))
    lists = [
        path
        for method, path in operations(client)
        if method == "GET" and "{" not in path and path not in NOT_LISTS
    ]
    assert {"/v1/audits", "/v1/tracks", "/v1/records", "/v1/artists"} <= set(lists)
    for path in lists:
        assert stranger.get(path).json()["items"] == [], path
        assert client.get(path).json()["items"] != [], path


def test_every_private_route_asks_for_a_key(client: TestClient, entries: dict[str, str]) -> None:
    anyone = TestClient(client.app, base_url="http://127.0.0.1")
    for method, path in operations(client):
        url = re.sub(r"\{(\w+)\}", lambda found: entries[found[1]], path)
        assert anyone.request(method, url, json={"name": "x", "scopes": ["admin"]}).status_code == 401, (
            method,
            path,
        )


def test_pages_keep_tenants_apart(client: TestClient, entries: dict[str, str]) -> None:
    stranger = TestClient(client.app, base_url="http://127.0.0.1", headers=key(client, tenant="stranger-3"))
    assert stranger.get(f"/audits/{entries['audit_id']}").status_code == 404
    assert entries["audit_id"] not in stranger.get("/").text
    assert entries["audit_id"] in client.get("/").text
    assert parts(client).settings.allow_anonymous is False
