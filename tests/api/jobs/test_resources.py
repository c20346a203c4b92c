"""Tracks, records, artists, the log and the public keys through HTTP."""

import base64
from hashlib import sha256
from typing import Any

import pytest
from fastapi.testclient import TestClient

from provenance.records.checkpoint import NoteKey, checkpoint_of, verify_checkpoint
from provenance.records.log import leaf_hash, verify_consistency, verify_inclusion
from provenance.records.trust import TrustedKeys
from provenance.records.verify import verify_record
from tests.api.serving import GOOD, URL, finished, parts, register


def tag(client: TestClient, **fields: str) -> dict[str, Any]:
    data = {"title": "Night Drive", "owner": "A Label", **fields}
    answer = client.post("/v1/tracks", files={"file": ("a.wav", GOOD)}, data=data)
    assert answer.status_code == 202, answer.text
    return finished(client, answer.headers["location"])


def test_a_track_is_tagged_and_given_back(client: TestClient) -> None:
    done = tag(client, ai="all", generator="MusicGen 1.3", isrc="de-a12-34-56789", format="flac")
    assert done["state"] == "succeeded", done
    file = client.get(done["links"]["file"])
    assert file.headers["content-type"] == "audio/flac"
    assert file.content == b"tagged " + GOOD
    assert done["result"]["record_id"] in file.headers["content-disposition"]
    record = client.get(done["links"]["record"]).json()
    assert record["claims"]["title"] == "Night Drive"
    found = client.get("/v1/records", params={"sha256": done["result"]["sha256"]}).json()["items"]
    assert [item["record_id"] for item in found] == [done["result"]["record_id"]]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"title": ""}, "invalid-request"),
        ({"isrc": "not an isrc"}, "invalid-request"),
        ({"ai": "maybe"}, "invalid-request"),
        ({"format": "exe"}, "invalid-request"),
        ({"strength": "nan"}, "invalid-request"),
        ({"strength": "99"}, "invalid-request"),
        ({"title": "a\x07b"}, "invalid-request"),
    ],
)
def test_a_wrong_declaration_is_refused(client: TestClient, fields: dict[str, str], code: str) -> None:
    data = {"title": "T", "owner": "O", **fields}
    answer = client.post("/v1/tracks", files={"file": ("a.wav", GOOD)}, data=data)
    assert (answer.status_code, answer.json()["code"]) == (422, code)


def test_a_record_is_verified_with_what_the_api_gives_out(client: TestClient) -> None:
    done = tag(client)
    links = client.get(done["links"]["record"]).json()
    keys = TrustedKeys.from_json(client.get("/.well-known/trackmark-keys.json").content)
    envelope = client.get(links["links"]["envelope"]).content
    proof = client.get(links["links"]["proof"])
    assert proof.headers["content-type"].startswith("text/plain")
    verified = verify_record(envelope, keys, proof.text, bytes.fromhex(links["salt"]))
    assert verified.record.asset.title == "Night Drive"


def test_the_log_is_public_and_consistent(client: TestClient) -> None:
    anyone = TestClient(client.app, base_url=URL)
    registry = parts(client).registry
    register(registry)
    old = checkpoint_of(anyone.get("/v1/log/checkpoint").text)
    for _ in range(3):
        register(registry)
    vkey = NoteKey.from_vkey(anyone.get("/v1/log/key").text)
    new = verify_checkpoint(anyone.get("/v1/log/checkpoint").text, [vkey]).checkpoint
    path = anyone.get("/v1/log/proofs/consistency", params={"old_size": old.size}).json()
    hashes = [base64.b64decode(node) for node in path["hashes"]]
    verify_consistency(old.size, new.size, old.root_hash, new.root_hash, hashes)
    entry = anyone.get(f"/v1/log/entries/{old.size - 1}").content
    path = anyone.get("/v1/log/proofs/inclusion", params={"index": old.size - 1}).json()
    hashes = [base64.b64decode(node) for node in path["hashes"]]
    verify_inclusion(leaf_hash(entry), old.size - 1, new.size, hashes, new.root_hash)
    assert b"A Label" not in entry


def test_tiles_hold_entries_and_hashes(client: TestClient) -> None:
    register(parts(client).registry)
    size = checkpoint_of(client.get("/v1/log/checkpoint").text).size
    bundle = client.get(f"/v1/log/tile/entries/000.p/{size}").content
    hashes = client.get(f"/v1/log/tile/0/000.p/{size}").content
    entries = []
    while bundle:
        length = int.from_bytes(bundle[:2], "big")
        entries.append(bundle[2 : 2 + length])
        bundle = bundle[2 + length :]
    assert b"".join(leaf_hash(entry) for entry in entries) == hashes


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/000",
        "tile/9/000.p/1",
        "tile/0/1.p/1",
        "tile/0/x000.p/1",
        "tile/0/000.p/999",
        "entries/999999",
        "proofs/inclusion?index=99999",
    ],
)
def test_what_the_log_does_not_hold_is_not_found(client: TestClient, path: str) -> None:
    answer = client.get(f"/v1/log/{path}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


def test_artists_are_enrolled_listed_compared_and_erased(client: TestClient) -> None:
    files = [("files", ("a.wav", GOOD)), ("files", ("b.wav", GOOD + b"2"))]
    made = client.post("/v1/artists", files=files, data={"name": "Ada", "consent": "contract 17"})
    assert made.status_code == 201 and made.json()["warnings"] == []
    assert parts(client).registry.artists.all()[0].voiceprint == b"".join(
        sha256(sent).digest() for sent in (GOOD, GOOD + b"2")
    )
    again = client.post("/v1/artists", files=files, data={"name": "Ada"})
    assert (again.status_code, again.json()["code"]) == (409, "conflict")
    assert [artist["name"] for artist in client.get("/v1/artists").json()["items"]] == ["Ada"]
    assert client.delete("/v1/artists/Ada").status_code == 204
    assert client.delete("/v1/artists/Ada").status_code == 404
    assert list(parts(client).settings.uploads.iterdir()) == []


def test_recordings_are_needed_and_counted(client: TestClient) -> None:
    none = client.post("/v1/artists", data={"name": "Ada"}, files={"other": ("a.wav", GOOD)})
    many = client.post("/v1/artists", data={"name": "Ada"}, files=[("files", ("a.wav", GOOD))] * 11)
    assert (none.status_code, many.status_code) == (422, 422)


def test_the_public_keys_name_every_purpose(client: TestClient) -> None:
    body = TestClient(client.app, base_url=URL).get("/.well-known/trackmark-keys.json").json()
    assert {one["purpose"] for one in body["keys"]} == {"record", "log", "report"}
    assert "PRIVATE" not in str(body)
    assert body["c2pa_trust_anchor"].startswith("-----BEGIN CERTIFICATE")


def test_the_server_tells_that_it_is_well(client: TestClient) -> None:
    anyone = TestClient(client.app, base_url=URL)
    assert anyone.get("/healthz").json() == anyone.get("/readyz").json() == {"status": "ok"}


def test_every_failure_is_a_problem(client: TestClient) -> None:
    for method, path, status in (
        ("GET", "/nothing/here", 404),
        ("PUT", "/v1/audits", 405),
        ("GET", "/v1/audits/x", 404),
        ("GET", "/v1/records/zz", 422),
        ("POST", "/v1/keys", 422),
    ):
        answer = client.request(method, path)
        assert answer.status_code == status, path
        assert answer.headers["content-type"] == "application/problem+json"
        assert {"type", "title", "status", "code", "detail", "instance"} <= set(answer.json())


def test_the_openapi_document_is_complete(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    seen = set()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            assert operation["operationId"] not in seen, (method, path)
            seen.add(operation["operationId"])
            assert operation["summary"]
            assert operation["tags"]
    expected = {
        "createAudit",
        "getAudit",
        "getAuditReport",
        "getAuditPicture",
        "listAudits",
        "createTrack",
        "getTrackFile",
        "getRecord",
        "getRecordEnvelope",
        "getRecordProof",
        "enrolArtist",
        "deleteArtist",
        "getCheckpoint",
        "getInclusionProof",
        "getConsistencyProof",
        "createKey",
        "getPublicKeys",
    }
    assert expected <= seen
    known = {
        f"#/components/{kind}/{name}" for kind, named in document["components"].items() for name in named
    }
    assert set(_references(document)) <= known


def _references(value: object) -> set[str]:
    if isinstance(value, dict):
        own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
        return own.union(*map(_references, value.values()))
    if isinstance(value, list):
        return set().union(*map(_references, value))
    return set()
