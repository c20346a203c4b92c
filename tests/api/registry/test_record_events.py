"""Amendments, transfers, disputes, revocation and exports through HTTP."""

import io
import json
import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.server.api_keys import Scope
from provenance.exchange.credential import verify as verify_credential
from provenance.records.folder import verify_folder
from provenance.records.trust import TrustedKeys
from provenance.records.verify import verify_record
from provenance.records.words import conclude
from tests.api.serving import URL, key, parts, register


@pytest.fixture
def root(client: TestClient) -> str:
    return f"/v1/records/{register(parts(client).registry).record_id}"


def test_the_life_of_a_record(client: TestClient, root: str) -> None:
    amended = client.post(f"{root}/amendments", json={"asset": {"isrc": "USRC17607839"}})
    assert (amended.status_code, amended.json()["revision"]) == (201, 2)
    moved = client.post(f"{root}/transfers", json={"to": "A Buyer", "share_ppm": 250_000})
    assert moved.status_code == 201, moved.text
    opened = client.post(f"{root}/disputes", json={"issuer": "A Singer", "reason": "my voice"})
    assert opened.json()["reason"] == "my voice"
    claims = client.get(root).json()["claims"]
    assert (claims["status"], claims["revision"], claims["isrc"]) == ("disputed", 3, "USRC17607839")
    assert {owner["name"]: owner["share"] for owner in claims["owners"]} == {
        "A Label": 0.75,
        "A Buyer": 0.25,
    }
    assert client.post(f"{root}/settlements", json={"issuer": "x", "reason": "y"}).status_code == 201
    stranger = client.post(f"{root}/revocations", json={"issuer": "x", "reason": "y"})
    assert (stranger.status_code, stranger.json()["code"]) == (422, "invalid-request")
    withdrawn = client.post(f"{root}/revocations", json={"issuer": "A Label", "reason": "y"})
    assert withdrawn.status_code == 201
    late = client.post(f"{root}/amendments", json={"asset": {"title": "T"}})
    assert (late.status_code, late.json()["code"]) == (409, "conflict")
    events = client.get(f"{root}/events").json()
    assert events["status"] == "revoked"
    assert [event["type"] for event in events["items"]] == [
        "register", "amend", "transfer", "dispute.open", "dispute.close", "revoke",
    ]  # fmt: skip


def test_every_revision_is_verified_offline(client: TestClient, root: str) -> None:
    client.post(f"{root}/amendments", json={"asset": {"title": "New"}})
    keys = TrustedKeys.from_json(client.get("/.well-known/trackmark-keys.json").content)
    titles = []
    for event in client.get(f"{root}/events").json()["items"]:
        one = client.get(event["links"]["self"]).json()
        envelope = json.dumps(one["envelope"]).encode()
        verified = verify_record(envelope, keys, one["proof"], bytes.fromhex(one["salt"]))
        titles.append(verified.record.asset.title)
    assert titles == ["A Song", "New"]


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("amendments", {"record_id": "ff" * 8}, "invalid-record"),
        ("amendments", {"asset": {"isrc": "wrong"}}, "invalid-record"),
        ("amendments", [], "invalid-request"),
        ("transfers", {}, "invalid-request"),
        ("transfers", {"to": "B", "right": "publishing"}, "invalid-record"),
        ("transfers", {"to": "B", "effective": "tomorrow"}, "invalid-record"),
        ("disputes", {"issuer": "A"}, "invalid-request"),
        ("disputes", {"issuer": "A", "reason": "a\u202eb"}, "invalid-record"),
        ("revocations", {"issuer": "", "reason": "x"}, "invalid-request"),
    ],
)
def test_a_wrong_event_is_refused(client: TestClient, root: str, path: str, body: object, code: str) -> None:
    answer = client.post(f"{root}/{path}", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, code)


def test_readers_cannot_write(client: TestClient, root: str) -> None:
    reader = TestClient(client.app, base_url=URL, headers=key(client, Scope.RECORDS_READ))
    assert reader.get(f"{root}/events").status_code == 200
    answer = reader.post(f"{root}/revocations", json={"issuer": "x", "reason": "y"})
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


def test_a_record_is_exported_in_three_formats(client: TestClient, root: str) -> None:
    client.post(f"{root}/amendments", json={"asset": {"title": "New"}})
    xml = client.get(f"{root}/exports/ddex")
    assert ET.fromstring(xml.content).findtext(".//DisplayTitleText") == "New"
    assert xml.headers["content-disposition"].endswith('.ern.xml"')
    assert ",New," in client.get(f"{root}/exports/csv").text
    keys = TrustedKeys.from_json(client.get("/.well-known/trackmark-keys.json").content)
    token = client.get(f"{root}/exports/credential")
    assert token.headers["content-type"] == "application/vc+jwt"
    assert verify_credential(token.text, keys.record).asset.title == "New"


def test_the_evidence_is_a_zip_that_verifies_offline(client: TestClient, root: str, tmp_path: Path) -> None:
    client.post(f"{root}/disputes", json={"issuer": "A Singer", "reason": "my voice"})
    answer = client.get(f"{root}/exports/evidence")
    assert answer.headers["content-type"] == "application/zip"
    assert answer.content == client.get(f"{root}/exports/evidence").content
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        archive.extractall(tmp_path)
    assert "python -m provenance.records.verify" in (tmp_path / "README.txt").read_text()
    passed, text = conclude(verify_folder(tmp_path))
    assert (passed, text.startswith("CONTESTED: 5 of 5")) == (False, True)
    client.post(f"{root}/settlements", json={"issuer": "A Singer", "reason": "paid"})
    with zipfile.ZipFile(io.BytesIO(client.get(f"{root}/exports/evidence").content)) as archive:
        archive.extractall(tmp_path)
    assert conclude(verify_folder(tmp_path))[0]
