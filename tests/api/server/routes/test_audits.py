"""Audits through HTTP: accepted, followed, fetched, forgotten."""

import base64
import json
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.jobs.work import as_wished
from api.report.report import verify_report
from core.errors import SignatureError
from provenance.records.trust import TrustedKeys
from tests import fakes
from tests.api.killing import answer_lost
from tests.api.serving import BAD, GOOD, audited, finished, parts


def test_an_audit_is_accepted_followed_and_finished(client: TestClient) -> None:
    answer = client.post("/v1/audits", files={"file": ("my song.wav", GOOD)})
    assert answer.status_code == 202
    assert answer.headers["retry-after"] == "2"
    assert answer.json()["state"] == "queued"
    done = finished(client, answer.headers["location"])
    assert done["state"] == "succeeded"
    assert done["file"] == "my song.wav"
    assert done["findings"]["decision"]["action"] in ("accept", "review", "reject")
    assert done["progress"] == 1.0


def test_the_report_verifies_offline_and_a_changed_one_does_not(client: TestClient, tmp_path: Path) -> None:
    done = audited(client)
    report = tmp_path / "report.json"
    report.write_bytes(client.get(done["links"]["report"]).content)
    keys = TrustedKeys.from_json(client.get("/.well-known/trackmark-keys.json").content)
    checked = verify_report(report, keys)
    assert checked.report["file"]["name"] == "song.wav"
    envelope = json.loads(report.read_text())
    payload = base64.b64decode(envelope["payload"]).replace(b"song.wav", b"sung.wav")
    envelope["payload"] = base64.b64encode(payload).decode()
    report.write_text(json.dumps(envelope))
    with pytest.raises(SignatureError):
        verify_report(report, keys)


def test_the_picture_is_a_png(client: TestClient) -> None:
    picture = client.get(audited(client, files={"file": ("song.flac", GOOD)})["links"]["picture"])
    assert picture.headers["content-type"] == "image/png"
    assert picture.content.startswith(b"\x89PNG")


def test_the_audio_is_erased_unless_it_is_to_be_retained(client: TestClient) -> None:
    erased, kept = audited(client), audited(client, data={"retain": "true"})
    books = parts(client)
    for audit, stays in ((erased, False), (kept, True)):
        job = books.jobs.find(audit["id"])
        assert job is not None
        assert books.worker.files.has_upload(job) is stays
        assert (client.get(audit["links"]["self"]).json()["audio_deleted_at"] is None) is stays


def test_the_same_idempotency_key_makes_one_audit(client: TestClient) -> None:
    headers = {"Idempotency-Key": "delivery-1"}
    first, again = (client.post("/v1/audits", files={"file": ("a.wav", GOOD)}, headers=headers) for _ in "12")
    assert first.json()["id"] == again.json()["id"]
    other = client.post("/v1/audits", files={"file": ("a.wav", GOOD + b"!")}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")
    finished(client, first.headers["location"])
    left = {file.name for file in parts(client).settings.uploads.iterdir()}
    kept = {
        str(j.request["stored"]) for j in parts(client).jobs.newest(tenant="default", state=None, limit=200)
    }
    assert left <= kept


def test_an_audit_whose_entry_was_not_answered_keeps_its_file(client: TestClient) -> None:
    with answer_lost(parts(client).registry.engine, "INSERT INTO jobs"):
        answer = client.post("/v1/audits", files={"file": ("unanswered.wav", GOOD)})
    assert answer.status_code == 503
    (entered,) = parts(client).jobs.newest(tenant="default", state=None, limit=1)
    assert entered.file_name == "unanswered.wav"
    assert finished(client, f"/v1/audits/{entered.id}")["state"] == "succeeded"


def test_lists_go_page_by_page_without_gaps(client: TestClient) -> None:
    made = {audited(client)["id"] for _ in range(3)}
    seen, cursor = [], None
    while True:
        page = client.get("/v1/audits", params={"limit": 2, **({"cursor": cursor} if cursor else {})}).json()
        seen += [audit["id"] for audit in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert made <= set(seen)
    assert len(seen) == len(set(seen))
    assert client.get("/v1/audits", params={"cursor": "bm9uc2Vuc2U="}).json()["code"] == "invalid-request"


def test_a_finished_audit_can_be_erased(client: TestClient) -> None:
    audit = audited(client)
    assert client.delete(audit["links"]["self"]).status_code == 204
    assert client.get(audit["links"]["self"]).status_code == 404
    assert not (parts(client).settings.outputs / audit["id"]).exists()


@pytest.mark.parametrize(
    ("data", "files", "code"),
    [
        ({}, {"other": ("a.wav", GOOD)}, "invalid-request"),
        ({}, {"file": ("a.wav", BAD)}, "unreadable-audio"),
        ({"checks": "smell"}, {"file": ("a.wav", GOOD)}, "invalid-request"),
        ({"checks": "originality,smell"}, {"file": ("a.wav", GOOD)}, "invalid-request"),
        ({"policy": "this is = not [toml"}, {"file": ("a.wav", GOOD)}, "invalid-request"),
        ({"colour": "red"}, {"file": ("a.wav", GOOD)}, "invalid-request"),
        ({"retain": "perhaps"}, {"file": ("a.wav", GOOD)}, "invalid-request"),
        ({"artist": "Nobody"}, {"file": ("a.wav", GOOD)}, "not-found"),
    ],
)
def test_a_wrong_request_is_refused_and_leaves_no_file(
    client: TestClient, data: dict[str, str], files: dict[str, tuple[str, bytes]], code: str
) -> None:
    before = set(parts(client).settings.uploads.iterdir())
    answer = client.post("/v1/audits", data=data, files=files)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == code
    assert 400 <= answer.status_code < 500
    assert set(parts(client).settings.uploads.iterdir()) <= before


def test_only_forms_are_taken(client: TestClient) -> None:
    answer = client.post("/v1/audits", content=GOOD, headers={"Content-Type": "audio/wav"})
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported-media-type")


def test_a_form_that_ends_in_the_middle_is_refused(client: TestClient) -> None:
    body = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\nRIFF'
    before = set(parts(client).settings.uploads.iterdir())
    answer = client.post(
        "/v1/audits", content=body, headers={"Content-Type": "multipart/form-data; boundary=b"}
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-request")
    assert set(parts(client).settings.uploads.iterdir()) <= before


def test_an_audit_that_fails_tells_why(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_args: object, **_options: object) -> None:
        raise RuntimeError("secret path /home/somebody")

    monkeypatch.setattr("api.jobs.work.audit", broken)
    failed = audited(client)
    assert failed["state"] == "failed"
    assert failed["problem"]["code"] == "internal"
    assert "somebody" not in json.dumps(failed)
    report = client.get(f"/v1/audits/{failed['id']}/report")
    assert (report.status_code, report.headers["content-type"]) == (409, "application/problem+json")


def test_an_upload_chooses_how_far_the_mark_is_looked_for(client: TestClient) -> None:
    for wished in ("quick", "full"):
        answer = client.post("/v1/audits", files={"file": ("a.wav", GOOD)}, data={"search": wished})
        assert answer.status_code == 202
        assert as_wished(fakes.SETTINGS, wished).watermark_search == wished
    assert as_wished(fakes.SETTINGS, None) is fakes.SETTINGS
    refused = client.post("/v1/audits", files={"file": ("a.wav", GOOD)}, data={"search": "deep"})
    assert refused.status_code == 422 and "quick, full" in refused.text
