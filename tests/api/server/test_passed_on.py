"""Findings go from the books to the client as they are written; what is counted is who reads or asks."""

import json
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import APIRoute

from api.jobs.job import Written
from api.server.schemas import AuditAnswer, AuditPage
from tests.api.asking import asked
from tests.api.serving import GOOD, audited, parts, serve


def test_findings_are_not_read_to_be_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serve(tmp_path) as client:
        done = audited(client)
        path = f"/v1/audits/{done['id']}"
        expected = parts(client).jobs.find(done["id"])
        assert expected is not None
        read: list[str] = []
        monkeypatch.setattr("api.jobs.job.json.loads", lambda text: read.append(text))
        one, listed = client.get(path).content, client.get("/v1/audits").content
        monkeypatch.undo()
        assert read == []
        assert json.loads(one)["findings"] == expected.result
        assert json.loads(listed)["items"] == [json.loads(one)]


def test_an_audit_that_has_no_findings_says_null(tmp_path: Path) -> None:
    with serve(tmp_path, run_jobs=False) as client:
        made = client.post("/v1/audits", files={"file": ("a.wav", GOOD)}).json()
        assert client.get(f"/v1/audits/{made['id']}").json() == made
        assert made["findings"] is None
        assert client.get("/v1/audits").json()["items"] == [made]


def test_a_name_that_looks_like_our_own_bytes_changes_nothing(tmp_path: Path) -> None:
    name = 'a","findings":null,"items":[].wav'
    with serve(tmp_path) as client:
        done = audited(client, files={"file": (name, GOOD)})
        job = parts(client).jobs.get(done["id"], tenant="default", kind="audit")
        answer = AuditAnswer.of(job)
        assert answer.findings is not None and answer.findings["checks"]
        told = json.loads(answer.as_bytes())
        assert told == json.loads(answer.model_dump_json())
        page = AuditPage(items=[answer, answer], next='"items":[]')
        assert json.loads(page.as_bytes()) == {"items": [told, told], "next": '"items":[]'}


def test_what_json_does_not_have_is_not_passed_on(tmp_path: Path) -> None:
    with serve(tmp_path) as client:
        done = audited(client)
        job = parts(client).jobs.get(done["id"], tenant="default", kind="audit")
    answer = AuditAnswer.of(job)
    for word in ("NaN", "Infinity", "-Infinity"):
        odd = answer.model_copy(update={"findings": Written(f'{{"score": {word}}}')})
        assert json.loads(odd.as_bytes(), parse_constant=pytest.fail)["findings"] == {"score": None}


def test_an_audit_is_read_with_two_statements(tmp_path: Path) -> None:
    with serve(tmp_path) as client:
        done = audited(client)
        for path, statements in ((f"/v1/audits/{done['id']}", 2), ("/v1/audits", 3)):
            client.get(path)
            with asked(parts(client).registry.engine) as said:
                client.get(path)
            assert len(said) == statements, said


def test_few_routes_are_compared_with_an_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[str] = []
    compare = APIRoute.matches

    def matches(route: APIRoute, scope: Any) -> Any:
        compared.append(route.path)
        return compare(route, scope)

    with serve(tmp_path, run_jobs=False) as client:
        monkeypatch.setattr(APIRoute, "matches", matches)
        assert client.get(f"/v1/records/{16 * 'a'}").status_code == 404
        assert all(path.startswith("/v1/records") for path in compared), compared
