"""A report to read, through HTTP: as a page or a PDF, by `format` or `Accept`."""

import json

import pytest
from fastapi.testclient import TestClient

from api.report import pdf
from tests.api.serving import audited, parts, register

PAGE, PDF = "text/html; charset=utf-8", "application/pdf"
FIREFOX = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.fixture(scope="module")
def report(client: TestClient) -> str:
    """The address of a report."""
    return str(audited(client)["links"]["report"])


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        ("*/*", "application/json"),
        ("application/json, text/html;q=0.9", "application/json"),
        ("application/*, application/pdf", "application/json"),
        ("text/html;q=0, */*", "application/json"),
        ("text/html;q=often", "application/json"),
        (FIREFOX, PAGE),
        ("text/html", PAGE),
        ("application/pdf", PDF),
        ("text/html;q=0.5, application/pdf", PDF),
    ],
)
def test_accept_chooses_and_without_a_preference_the_signed_file_comes(
    client: TestClient, report: str, accept: str, media: str
) -> None:
    answer = client.get(report, headers={"Accept": accept})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == media
    assert answer.headers["vary"] == "Accept"


def test_format_comes_before_accept(client: TestClient, report: str) -> None:
    signed = client.get(report, params={"format": "dsse"}, headers={"Accept": FIREFOX})
    assert signed.headers["content-type"] == "application/json"
    assert "attachment" in signed.headers["content-disposition"]
    assert client.get(report, params={"format": "html"}).headers["content-type"] == PAGE
    assert client.get(report, params={"format": "docx"}).status_code == 422


def test_page_and_pdf_repeat_the_report_under_the_names_of_the_download(
    client: TestClient, report: str
) -> None:
    signed = client.get(report).content
    keyid = json.loads(signed)["signatures"][0]["keyid"]
    name = client.get(report).headers["content-disposition"].partition("=")[2].strip('"')
    page = client.get(report, params={"format": "html"})
    assert keyid in page.text
    assert f"trackmark verify-report {name} --keys keys.json --audio song.wav" in page.text
    assert "The signature was checked" in page.text
    assert "style-src 'unsafe-inline'" in page.headers["content-security-policy"]
    made = client.get(report, params={"format": "pdf"})
    assert b"<pdfaid:part>3<" in made.content
    assert name.encode() in made.content
    assert client.get(report, params={"format": "pdf"}).content == made.content


def test_a_report_that_is_not_there_is_a_problem_in_every_form(client: TestClient) -> None:
    gone = client.get("/v1/audits/none/report", params={"format": "pdf"})
    assert (gone.status_code, gone.headers["content-type"]) == (404, "application/problem+json")


def test_a_report_that_was_changed_on_the_disk_is_not_shown(client: TestClient) -> None:
    done = audited(client)
    job = parts(client).jobs.find(done["id"])
    assert job is not None
    path = parts(client).worker.files.output(job) / "report.dsse.json"
    envelope = json.loads(path.read_bytes())
    envelope["signatures"][0]["sig"] = "AAAA"
    path.write_text(json.dumps(envelope))
    answer = client.get(done["links"]["report"], params={"format": "html"})
    assert (answer.status_code, answer.json()["code"]) == (422, "signature-invalid")


def test_a_pdf_that_cannot_be_made_is_said_and_the_page_stays(
    client: TestClient, report: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pdf, "_START", "import os; os.abort()")
    answer = client.get(report, params={"format": "pdf"})
    assert (answer.status_code, answer.json()["code"]) == (500, "typesetting-failed")
    assert client.get(report, params={"format": "html"}).status_code == 200


def test_a_record_s_certificate_is_a_pdf_or_a_page(client: TestClient) -> None:
    record_id = register(parts(client).registry, title="Certified").record_id
    made = client.get(f"/v1/records/{record_id}/certificate")
    assert made.headers["content-type"] == PDF
    assert b"<pdfaid:part>3<" in made.content
    page = client.get(f"/v1/records/{record_id}/certificate", params={"format": "html"})
    assert "Certificate of registration" in page.text
    assert "“Certified”" in page.text
    gone = client.get("/v1/records/0123456789abcdef/certificate")
    assert (gone.status_code, gone.json()["code"]) == (404, "not-found")
    assert client.get(f"/v1/records/{record_id}/certificate", params={"format": "dsse"}).status_code == 422
