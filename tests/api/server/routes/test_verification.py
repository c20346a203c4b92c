"""Everybody may check a report; what does not verify is refused, and nothing is kept of what was sent."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from fastapi.testclient import TestClient

from tests.api.serving import URL, audited, parts


@pytest.fixture(scope="module")
def report(client: TestClient) -> bytes:
    """A signed report of this server's."""
    audit = audited(client)
    return client.get(f"/v1/audits/{audit['id']}/report").content


def everybody(client: TestClient) -> TestClient:
    """Somebody without a key."""
    return TestClient(client.app, base_url=URL, headers={"Content-Type": "application/json"})


def test_whoever_holds_a_report_learns_that_it_is_ours(client: TestClient, report: bytes) -> None:
    answer = everybody(client).post("/v1/verify", content=report)
    assert answer.status_code == 200
    said = answer.json()
    assert said["verified"] is True
    assert said["audited_file"]["name"] == "song.wav"
    assert said["keyid"] in {key.keyid for key in parts(client).registry.keys.published.trusted().report}


def test_a_changed_statement_is_refused(client: TestClient, report: bytes) -> None:
    envelope = json.loads(report)
    statement = json.loads(base64.b64decode(envelope["payload"]))
    statement["findings"]["decision"]["action"] = "accept" if "reject" in report.decode() else "reject"
    envelope["payload"] = base64.b64encode(rfc8785.dumps(statement)).decode()
    answer = everybody(client).post("/v1/verify", content=json.dumps(envelope))
    assert (answer.status_code, answer.json()["code"]) == (422, "signature-invalid")


@pytest.mark.parametrize(
    "sent",
    [{}, {"payload": "x"}, {"payload": "", "payloadType": "a", "signatures": []}, {"a": [[[[[]]]]]}],
)
def test_what_is_no_report_is_told_so(client: TestClient, sent: dict[str, Any]) -> None:
    answer = everybody(client).post("/v1/verify", json=sent)
    assert (answer.status_code, answer.json()["code"]) == (422, "unreadable-report")


@pytest.mark.parametrize(
    ("sent", "status"), [(b"", 422), (b"[]", 422), (b"RIFF", 422), (b" " * (1 << 21), 413)]
)
def test_what_is_no_json_object_is_refused(client: TestClient, sent: bytes, status: int) -> None:
    assert everybody(client).post("/v1/verify", content=sent).status_code == status


def test_nothing_is_kept(client: TestClient, report: bytes) -> None:
    home = parts(client).settings.home

    def kept() -> dict[Path, int]:
        return {p: p.stat().st_size for p in home.rglob("*") if p.is_file() and ".db" not in p.name}

    before = kept()
    marked = json.loads(report) | {"unheard-of": "kept-nowhere"}
    everybody(client).post("/v1/verify", content=json.dumps(marked))
    assert kept() == before
    assert all(b"kept-nowhere" not in path.read_bytes() for path in home.rglob("*") if path.is_file())
