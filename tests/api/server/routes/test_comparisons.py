"""Two files are sent, compared by a worker, and heard again only where that was asked for."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.report.report import verify_report
from provenance.records.trust import TrustedKeys
from tests.api.compare import pairs
from tests.api.serving import finished, parts, serve


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with serve(tmp_path_factory.mktemp("home"), pairs.engines()) as client:
        yield client


def sent(client: TestClient, original: bytes, suspect: bytes, **options: Any) -> Any:
    files = {"original": ("song.wav", original), "suspect": ("copy.wav", suspect)}
    return client.post("/v1/comparisons", **{"files": files, **options})


@pytest.fixture(scope="module")
def made(client: TestClient) -> dict[str, Any]:
    answer = sent(client, pairs.SONG, pairs.COPY, data={"retain": "true"})
    assert answer.status_code == 202, answer.text
    return finished(client, answer.headers["location"])


def test_a_copy_is_found_in_the_original(client: TestClient, made: dict[str, Any]) -> None:
    assert (made["original"]["file"], made["suspect"]["file"]) == ("song.wav", "copy.wav")
    found = made["comparison"]
    (part,) = found["alignment"]["stretches"]
    assert part["speed"] == pytest.approx(pairs.SPEED, abs=0.005)
    assert found["suspect"]["file"] == "copy.wav"
    assert found["suspect"]["sha256"] == made["suspect"]["sha256"]
    assert made["audio_deleted_at"] is None


def test_both_are_heard_and_drawn(client: TestClient, made: dict[str, Any]) -> None:
    for role in ("original", "suspect"):
        sound = client.get(f"{made['links']['self']}/{role}/sound")
        assert sound.headers["content-type"] == "audio/mpeg" and len(sound.content) > 1000
        outline = client.get(f"{made['links']['self']}/{role}/outline").json()
        assert outline["duration_s"] == made["comparison"][role]["duration_s"]
    assert client.get(f"{made['links']['self']}/third/sound").status_code == 422


def test_audio_is_erased_unless_it_was_to_be_kept(client: TestClient) -> None:
    gone = finished(client, sent(client, pairs.SONG, pairs.OTHER).headers["location"])
    assert gone["comparison"]["alignment"]["stretches"] == []
    assert gone["audio_deleted_at"] is not None
    job = parts(client).jobs.get(gone["id"], tenant="default", kind="comparison")
    assert not any(path.exists() for path in parts(client).worker.files.received(job))
    assert client.get(f"{gone['links']['self']}/suspect/sound").status_code == 404


def test_what_cannot_be_read_says_which_of_the_two(client: TestClient) -> None:
    failed = finished(client, sent(client, pairs.SONG, pairs.BAD).headers["location"])
    assert failed["state"] == "failed"
    assert failed["problem"]["detail"] == "the suspect: not audio"
    assert failed["comparison"] is None


def test_lists_find_either_file(client: TestClient, made: dict[str, Any]) -> None:
    for asked in ({"q": "copy"}, {"q": "SONG"}, {"sha256": made["suspect"]["sha256"]}):
        items = client.get("/v1/comparisons", params=asked).json()["items"]
        assert made["id"] in [one["id"] for one in items], asked
    assert client.get("/v1/comparisons", params={"q": "nothing"}).json()["items"] == []


@pytest.mark.parametrize(
    ("files", "data", "said"),
    [
        ({"original": ("a.wav", b"a")}, {}, "send one file in the form field 'suspect'; got 0"),
        ({"original": ("a.wav", b"a"), "suspect": ("b.wav", b"b")}, {"speed": "1"}, "unknown form fields"),
        (
            {"original": ("a.wav", b"a"), "suspect": ("b.wav", b"b")},
            {"suspect_upload_id": "0" * 32},
            "send either 'suspect' or 'suspect_upload_id'",
        ),
    ],
)
def test_what_is_missing_or_too_much_is_said_and_nothing_is_kept(
    client: TestClient, files: Any, data: Any, said: str
) -> None:
    before = set(parts(client).settings.uploads.iterdir())
    answer = client.post("/v1/comparisons", files=files, data=data)
    assert answer.status_code == 422
    assert said in answer.json()["detail"]
    assert set(parts(client).settings.uploads.iterdir()) == before


def test_complete_uploads_take_the_place_of_files(client: TestClient) -> None:
    head = {"Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream"}

    def upload(name: str, content: bytes) -> str:
        told = {**head, "Upload-Length": str(len(content)), "Upload-Metadata": f"filename {name}"}
        made = client.post("/v1/uploads", headers=told, content=content)
        return str(made.headers["location"]).rpartition("/")[2]

    ids = {
        "original_upload_id": upload("YS53YXY=", pairs.SONG),
        "suspect_upload_id": upload("Yi53YXY=", pairs.COPY),
    }
    answer = client.post("/v1/comparisons", files={name: (None, value) for name, value in ids.items()})
    assert answer.status_code == 202, answer.text
    found = finished(client, answer.headers["location"])
    assert (found["original"]["file"], found["suspect"]["file"]) == ("a.wav", "b.wav")
    assert len(found["comparison"]["alignment"]["stretches"]) == 1


def test_a_repeated_request_is_done_once(client: TestClient) -> None:
    key = {"Idempotency-Key": "pair-1"}
    first, again = (sent(client, pairs.SONG, pairs.COPY, headers=key) for _ in range(2))
    assert first.json()["id"] == again.json()["id"]
    assert again.headers["idempotency-replayed"] == "true"
    other = sent(client, pairs.SONG, pairs.OTHER, headers=key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")


def test_the_signed_report_verifies_offline_and_by_the_server(
    client: TestClient, made: dict[str, Any], tmp_path: Path
) -> None:
    path = tmp_path / "x.report.dsse.json"
    answer = client.get(made["links"]["report"])
    assert answer.headers["content-disposition"] == f'attachment; filename="{made["id"]}.report.dsse.json"'
    path.write_bytes(answer.content)
    files = []
    for name, content in (("song.wav", pairs.SONG), ("copy.wav", pairs.COPY)):
        files.append(tmp_path / name)
        files[-1].write_bytes(content)
    keys = TrustedKeys.from_json(client.get("/.well-known/trackmark-keys.json").content)
    checked = verify_report(path, keys, audio=files)
    assert checked.audio_checked
    assert checked.report["findings"]["alignment"] == made["comparison"]["alignment"]
    said = client.post("/v1/verify", content=path.read_bytes(), headers={"Content-Type": "application/json"})
    assert said.status_code == 200, said.text
    told = said.json()
    assert (told["verified"], told["kind"], told["decision"]) == (True, "comparison", None)
    assert told["alignment"] == made["comparison"]["alignment"]
    assert told["compared_files"]["suspect"]["name"] == "copy.wav"
    envelope = json.loads(path.read_bytes())
    envelope["payloadType"] = "application/vnd.trackmark.report+json"
    refused = client.post("/v1/verify", json=envelope)
    assert (refused.status_code, refused.json()["code"]) == (422, "signature-invalid")


def test_the_report_is_a_page_or_a_pdf_in_either_language(client: TestClient, made: dict[str, Any]) -> None:
    report = made["links"]["report"]
    page = client.get(report, params={"format": "html", "lang": "de"})
    assert "Vergleichsbericht" in page.text and page.headers["content-language"] == "de"
    name = f"{made['id']}.report.dsse.json"
    assert f"trackmark verify-report {name} --keys keys.json --audio song.wav --audio copy.wav" in page.text
    first, second = (client.get(report, headers={"Accept": "application/pdf"}).content for _ in range(2))
    assert b"<pdfaid:part>3<" in first and name.encode() in first and first == second


def test_a_comparison_that_failed_answers_with_its_problem_and_one_without_a_report_says_so(
    client: TestClient,
) -> None:
    failed = finished(client, sent(client, pairs.SONG, pairs.BAD).headers["location"])
    assert "report" not in failed["links"]
    gone = client.get(f"{failed['links']['self']}/report")
    assert gone.json()["detail"] == "the suspect: not audio"
    former = finished(client, sent(client, pairs.SONG, pairs.OTHER).headers["location"])
    job = parts(client).jobs.get(former["id"], tenant="default", kind="comparison")
    (parts(client).worker.files.output(job) / "report.dsse.json").unlink()  # an earlier release made none
    for form in ("dsse", "html", "pdf"):
        answer = client.get(former["links"]["report"], params={"format": form})
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


def test_an_erased_comparison_leaves_nothing(client: TestClient) -> None:
    made = finished(client, sent(client, pairs.SONG, pairs.COPY, data={"retain": "1"}).headers["location"])
    assert client.get(made["links"]["report"]).status_code == 200
    assert client.delete(made["links"]["self"]).status_code == 204
    assert client.get(made["links"]["self"]).status_code == 404
    assert client.get(made["links"]["report"]).status_code == 404
    assert not (parts(client).settings.outputs / made["id"]).exists()
