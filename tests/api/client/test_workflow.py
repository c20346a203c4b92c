"""A customer's way through the real service, over HTTP, by the client alone."""

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.client import Client, Conflict, Invalid, NotFound, Outdated
from api.report.report import verify_report
from provenance.records.trust import TrustedKeys
from tests.api.serving import BAD, ENGINES, GOOD, listening


def soon(_seconds: float) -> None:
    """Jobs of stand-ins end at once, so they are asked after more often than the server says."""
    time.sleep(0.02)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with (
        listening(tmp_path_factory.mktemp("home"), ENGINES) as (url, key),
        Client(url, api_key=key, rest=soon) as client,
    ):
        yield client


def test_from_an_upload_to_a_decided_case(client: Client, tmp_path: Path) -> None:
    master = tmp_path / "master.wav"
    master.write_bytes(GOOD * 3000)

    # a track becomes a record
    tagged = client.wait(
        client.create_track(
            upload_id=client.upload(master, piece_bytes=40_000),
            title="Night Drive",
            owner="A Label",
            ai="none",
        )
    )
    result = tagged["result"]
    assert tagged["state"] == "succeeded" and result is not None
    copy = client.get_track_file(tagged["id"]).save(tmp_path / "tagged.wav")
    assert copy.read_bytes() == b"tagged " + master.read_bytes()

    # a delivery is audited, and the report verifies offline
    audit = client.wait(client.create_audit(file=copy, priority="high"))
    assert audit["findings"] is not None and audit["file"] == "tagged.wav"
    report = client.get_audit_report(audit["id"]).save(tmp_path / "report.json")
    keys = TrustedKeys.from_json(json.dumps(client.get_public_keys()).encode())
    assert verify_report(report, keys, audio=[copy]).audio_checked
    assert client.verify_report(report=report.read_bytes())["verified"]
    page = client.get_audit_report(audit["id"], format="html")
    assert page.media_type == "text/html" and b"<html" in page.read()

    # people decide
    case = client.create_case(audit_id=audit["id"], reason="the label asked")
    case = client.decide_case(
        case["id"], decision="accept", reason="cleared", if_match=f'"{case["version"]}"'
    )
    assert case["state"] == "decided" and case["decision"] == "accept"
    with pytest.raises(Conflict):
        client.decide_case(case["id"], decision="reject", reason="twice")
    with pytest.raises(Outdated):
        client.appeal_case(case["id"], by="the artist", reason="no", if_match='"1"')
    steps = [step["type"] for step in client.list_case_steps(case["id"])["items"]]
    assert steps[0] == "open" and "decide" in steps

    # the record lives on
    record_id = result["record_id"]
    client.amend_record(record_id, patch={"asset": {"title": "Night Drive (live)"}})
    client.dispute_record(record_id, issuer="Another Label", reason="ours")
    types = [event["type"] for event in client.list_record_events(record_id)["items"]]
    assert len(types) == 3
    assert [one["record_id"] for one in client.list_records(status="disputed")] == [record_id]


def test_lists_and_errors_and_webhooks(client: Client) -> None:
    for number in range(3):
        client.wait(client.create_audit(file=(f"song-{number}.wav", GOOD + bytes([number]))))
    named = [audit["file"] for audit in client.list_audits(limit=1, q="song", sort="created_at")]
    assert named == [f"song-{number}.wav" for number in range(3)]
    with pytest.raises(Invalid) as raised:
        client.create_audit(file=("notes.zip", BAD))
    assert raised.value.code == "unreadable-audio" and raised.value.request_id
    with pytest.raises(NotFound):
        client.get_audit("0b8f6a52-6d1c-4a0e-9a39-6f0f7f6f8c11")
    hook = client.create_webhook(
        url="https://label.example/client", events=["audit.completed"], scheme="ed25519"
    )
    assert hook["secret"].startswith("whpk_")
    assert hook["id"] in [one["id"] for one in client.list_webhooks(limit=1)]
    with pytest.raises(Invalid, match="https"):
        client.create_webhook(url="http://label.example", events=["audit.completed"])
    assert client.get_caller()["tenant"] == "default"


def test_the_same_key_is_the_same_request(client: Client) -> None:
    asked = {"reason": "twice", "subject": "a delivery", "idempotency_key": "case-1"}
    first, second = client.create_case(**asked), client.create_case(**asked)
    assert first["id"] == second["id"]


def test_whoever_was_not_waited_for_is_waited_for(client: Client) -> None:
    begun = client.enrol_artist(
        files=[("a.wav", GOOD), ("b.wav", GOOD + b"b")], name="Ada", prefer="respond-async"
    )
    assert "state" in begun
    artist = client.wait(client.get_enrolment(begun["id"]))["artist"]
    assert artist is not None and artist["name"] == "Ada"
    consent = client.add_consent("Ada", scope=["singing"], from_="2026-01-01")
    assert consent["from"] == "2026-01-01"
    assert [one["id"] for one in client.list_consents("Ada")["items"]] == [consent["id"]]


def test_a_batch_ends_with_its_rows(client: Client, tmp_path: Path) -> None:
    song = tmp_path / "song.wav"
    song.write_bytes(GOOD + b"batch")
    batch = client.create_batch(
        items=[{"reference": "EX-1", "upload_id": client.upload(song)}, {"reference": "EX-2"}]
    )
    batch = client.wait(batch)
    rows = {row["reference"]: row["state"] for row in client.list_batch_results(batch["id"])}
    assert rows == {"EX-1": "succeeded", "EX-2": "refused"}
    assert client.get_batch_table(batch["id"], format="csv").read().count(b"\n") == 3


def test_what_the_documentation_shows_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (Path(__file__).parents[3] / "docs" / "api.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    monkeypatch.chdir(tmp_path)
    Path("song.wav").write_bytes(GOOD)
    with listening(tmp_path / "home", ENGINES) as (url, key):
        exec(shown.replace("http://127.0.0.1:8000", url), {"KEY": key})
    assert Path("song.report.dsse.json").stat().st_size > 1000
