"""Webhooks over HTTP: made by admins, told of what happens, signed, listed, sent again; on both databases."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from queue import Queue
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.server.api_keys import EVERYDAY
from api.webhooks import signing
from core.clip import Clip
from core.errors import UnreadableAudio
from core.limits import Limits
from tests.api.serving import ENGINES, Decoder, audited, key, parts, register, serve

Message = tuple[dict[str, str], bytes]
HOOK = {"url": "https://label.example/hook", "events": ["audit.completed"]}


class Receiver:
    """Takes messages on a port of this machine."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/hook"
        self.came: Queue[Message] = Queue()


@contextmanager
def receiving() -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            taken.came.put((dict(self.headers), self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    taken = Receiver(server.server_port)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield taken
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one


@pytest.fixture(scope="module")
def client(
    either: dict[str, Any], tmp_path_factory: pytest.TempPathFactory, receiver: Receiver
) -> Iterator[TestClient]:
    trusted = (receiver.url.split("/")[2],)
    with serve(tmp_path_factory.mktemp("home"), webhook_trusted=trusted, **either) as client:
        yield client


def made(client: TestClient, url: str, *events: str, **more: Any) -> dict[str, Any]:
    answer = client.post("/v1/webhooks", json={"url": url, "events": events, **more})
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    return told


def settled(client: TestClient, hook: str, state: str, count: int) -> list[dict[str, Any]]:
    """The messages of an endpoint, once so many are in that state."""
    while True:
        found = client.get(f"/v1/webhooks/{hook}/deliveries", params={"state": state}).json()["items"]
        if len(found) == count:
            return list(found)
        time.sleep(0.05)


@pytest.mark.parametrize("scheme", ["hmac", "ed25519"])
def test_what_happens_is_told_and_can_be_checked(client: TestClient, receiver: Receiver, scheme: str) -> None:
    events = ("audit.completed", "audit.failed", "record.registered", "record.event")
    hook = made(client, receiver.url, *events, scheme=scheme)
    good = audited(client)
    record = register(parts(client).registry)
    dispute = {"issuer": "Other", "reason": "ours"}
    assert client.post(f"/v1/records/{record.record_id}/disputes", json=dispute).status_code == 201
    told: dict[str, list[dict[str, Any]]] = {}
    for _ in range(3):
        headers, body = receiver.came.get()
        signing.verify(headers, body, hook["secret"], now=int(time.time()))
        message = json.loads(body)
        told.setdefault(message["type"], []).append(message["data"])
    assert {one["audit_id"] for one in told["audit.completed"]} == {good["id"]}
    assert told["audit.completed"][0]["decision"] in ("accept", "review", "reject")
    assert [one["record_id"] for one in told["record.registered"]] == [record.record_id]
    assert [one["type"] for one in told["record.event"]] == ["dispute.open"]
    for said in (one for many in told.values() for one in many):
        assert client.get(said["url"]).status_code == 200, said
    assert {one["status"] for one in settled(client, hook["id"], "delivered", 3)} == {204}
    assert client.delete(f"/v1/webhooks/{hook['id']}").status_code == 204


class Deaf(Decoder):
    """Takes an upload and cannot decode it when it is its turn."""

    def decode(self, path: Path, limits: Limits) -> Clip:
        raise UnreadableAudio(f"{path.name}: not audio")


def test_an_audit_that_fails_is_told_with_its_code(tmp_path: Path, receiver: Receiver) -> None:
    trusted = (receiver.url.split("/")[2],)
    with serve(tmp_path, replace(ENGINES, decoder=Deaf()), webhook_trusted=trusted) as client:
        made(client, receiver.url, "audit.failed", "audit.completed")
        failed = audited(client)
        _, body = receiver.came.get()
        message = json.loads(body)
    assert message["type"] == "audit.failed"
    assert (message["data"]["audit_id"], message["data"]["code"]) == (failed["id"], failed["problem"]["code"])


def test_a_secret_is_told_once(client: TestClient) -> None:
    headers = {"Idempotency-Key": "hook-1"}
    first, again = (client.post("/v1/webhooks", json=HOOK, headers=headers) for _ in "12")
    assert first.json() == again.json() and again.headers["idempotency-replayed"] == "true"
    hook = first.json()
    assert hook["secret"].startswith("whsec_")
    listed = client.get("/v1/webhooks", params={"name": HOOK["url"]})
    assert [one["id"] for one in listed.json()["items"]] == [hook["id"]]
    shown = client.get(f"/v1/webhooks/{hook['id']}")
    assert "secret" not in shown.text + listed.text
    other = made(client, "https://label.example/2", "record.event", scheme="ed25519")
    assert other["secret"].startswith("whpk_")
    rotated = client.post(f"/v1/webhooks/{hook['id']}:rotate", json={"overlap_s": 60}).json()
    assert rotated["secret"] != hook["secret"] and rotated["id"] == hook["id"]
    for one in (hook, other):
        assert client.delete(f"/v1/webhooks/{one['id']}").status_code == 204
        assert client.get(f"/v1/webhooks/{one['id']}").status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {**HOOK, "url": "http://label.example/"},
        {**HOOK, "url": "https://127.0.0.1/"},
        {**HOOK, "url": "https://169.254.169.254/latest/meta-data"},
        {**HOOK, "url": "https://[::1]/"},
        {**HOOK, "url": "https://me:secret@label.example/"},
        {**HOOK, "url": "not an address"},
        {**HOOK, "events": []},
        {**HOOK, "events": ["audit.imagined"]},
        {**HOOK, "scheme": "none"},
        {**HOOK, "description": "a\nb"},
        {**HOOK, "secret": "whsec_mine"},
        {"url": HOOK["url"]},
    ],
)
def test_what_cannot_be_is_refused(client: TestClient, body: dict[str, Any]) -> None:
    answer = client.post("/v1/webhooks", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-request"), answer.text


def test_a_name_that_leads_inside_is_told_and_not_followed(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = socket.getaddrinfo

    def looked_up(host: Any, *args: Any, **more: Any) -> Any:
        return really("127.0.0.1" if host == "inside.example" else host, *args, **more)

    monkeypatch.setattr(socket, "getaddrinfo", looked_up)
    assert client.post("/v1/webhooks", json={**HOOK, "url": "https://localhost/admin"}).status_code == 422
    hook = made(client, "https://inside.example/admin", "record.event")
    record = register(parts(client).registry)
    client.post(f"/v1/records/{record.record_id}/disputes", json={"issuer": "Other", "reason": "ours"})
    while True:
        (one,) = client.get(f"/v1/webhooks/{hook['id']}/deliveries").json()["items"]
        if one["attempts"] and one["problem"]:
            break
        time.sleep(0.05)
    assert (one["state"], one["status"]) == ("pending", None)
    assert one["problem"] == "inside.example has an address that is not public"
    client.delete(f"/v1/webhooks/{hook['id']}")


def test_a_message_is_sent_again_by_hand(client: TestClient, receiver: Receiver) -> None:
    hook = made(client, receiver.url, "record.registered")
    for _ in range(3):
        register(parts(client).registry)
    came = {receiver.came.get()[0]["webhook-id"] for _ in range(3)}
    listed = settled(client, hook["id"], "delivered", 3)
    assert {one["id"] for one in listed} == came
    page = client.get(f"/v1/webhooks/{hook['id']}/deliveries", params={"limit": 2}).json()
    rest = client.get(
        f"/v1/webhooks/{hook['id']}/deliveries", params={"limit": 2, "cursor": page["next"]}
    ).json()
    assert [one["id"] for one in page["items"] + rest["items"]] == [one["id"] for one in listed]
    foreign = client.get("/v1/webhooks", params={"limit": 1, "cursor": page["next"]})
    assert foreign.status_code == 422
    again = f"/v1/webhooks/{hook['id']}/deliveries/{listed[1]['id']}:replay"
    assert client.post(f"/v1/webhooks/{hook['id']}:disable").json()["disabled_reason"] == "by its owner"
    assert client.post(again).json()["code"] == "conflict"
    assert client.post(f"/v1/webhooks/{hook['id']}:enable").json()["disabled_at"] is None
    assert client.post(again).json()["state"] == "pending"
    assert receiver.came.get()[0]["webhook-id"] == listed[1]["id"]
    assert client.post(again.replace(listed[1]["id"], "msg_0")).status_code == 404
    client.delete(f"/v1/webhooks/{hook['id']}")


def test_a_tenant_has_a_limited_number(client: TestClient) -> None:
    label = key(client, tenant="label-many")
    answers = [client.post("/v1/webhooks", json=HOOK, headers=label).status_code for _ in range(21)]
    assert answers == [201] * 20 + [409]


def test_only_admins_govern_webhooks(client: TestClient) -> None:
    everyday = key(client, *EVERYDAY)
    assert client.post("/v1/webhooks", json=HOOK, headers=everyday).json()["code"] == "forbidden"
    for method, path in (
        ("GET", ""),
        ("GET", "/x"),
        ("DELETE", "/x"),
        ("POST", "/x:enable"),
        ("POST", "/x:disable"),
        ("POST", "/x:rotate"),
        ("GET", "/x/deliveries"),
        ("POST", "/x/deliveries/y:replay"),
    ):
        assert client.request(method, f"/v1/webhooks{path}", headers=everyday).status_code == 403, path
        assert client.request(method, f"/v1/webhooks{path}").status_code in (200, 404), path
