"""Exports: what a tenant has, as a file with its digest, for who may read it, for a while."""

import csv
import hashlib
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from api import database
from api.jobs import exporting
from api.server.api_keys import Scope
from core import clock
from tests.api.server.test_digests import digest
from tests.api.server.test_trailing import events
from tests.api.serving import audited, finished, key, parts, register, serve


@pytest.fixture(scope="module")
def client(either: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with serve(tmp_path_factory.mktemp("home"), **either) as client:
        yield client


def tenant(client: TestClient, name: str, *scopes: Scope) -> TestClient:
    return TestClient(client.app, base_url=str(client.base_url), headers=key(client, *scopes, tenant=name))


def exported(client: TestClient, what: str, form: str, **more: Any) -> tuple[dict[str, Any], bytes]:
    """A finished export and its file, which is what the answers say of it."""
    sent = client.post("/v1/exports", json={"what": what, "format": form, **more})
    assert sent.status_code == 202, sent.text
    told = finished(client, sent.headers["location"])
    assert told["state"] == "succeeded", told["problem"]
    answer = client.get(told["links"]["file"])
    assert answer.status_code == 200
    assert hashlib.sha256(answer.content).hexdigest() == told["sha256"]
    assert answer.headers["content-digest"] == digest(answer.content)
    assert f'filename="{what}.{form}"' in answer.headers["content-disposition"]
    assert told["size_bytes"] == len(answer.content)
    return told, answer.content


def rows_of(form: str, content: bytes) -> list[dict[str, Any]]:
    if form == "csv":
        return list(csv.DictReader(io.StringIO(content.decode())))
    if form == "jsonl":
        return [json.loads(line) for line in content.splitlines()]
    from pyarrow import parquet  # type: ignore[import-untyped]

    return list(parquet.read_table(io.BytesIO(content)).to_pylist())


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_audits_are_told_with_what_decided_them(client: TestClient, form: str) -> None:
    mine = tenant(client, f"audits-{form}")
    ids = [audited(mine, files={"file": (f"={n}.wav", b"RIFF")})["id"] for n in "12"]
    broken = mine.post("/v1/audits", files={"file": ("a.wav", b"RIFF")}, data={"artist": ""})
    ids.append(finished(mine, broken.headers["location"])["id"])
    audited(tenant(client, "audits-not-mine"))
    told, content = exported(mine, "audits", form)
    rows = rows_of(form, content)
    assert told["rows"] == 3 and [row["audit_id"] for row in rows] == ids
    first, answer = rows[0], mine.get(f"/v1/audits/{ids[0]}").json()
    assert first["file"] == ("'=1.wav" if form == "csv" else "=1.wav")  # no spreadsheet runs it
    for name in ("decision", "policy", "policy_sha256"):
        said = answer["findings"]["decision"]
        assert first[name] == said["action" if name == "decision" else name]
    assert first["ownership"] == answer["findings"]["ownership"]["status"]
    moment = first["created_at"]
    at = moment if isinstance(moment, datetime) else datetime.fromisoformat(moment)
    assert abs(at - datetime.fromisoformat(answer["created_at"])) < timedelta(seconds=1)


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_records_are_told_as_they_stand_today(client: TestClient, form: str) -> None:
    mine = tenant(client, f"records-{form}")
    registry = parts(client).registry.for_tenant(f"records-{form}")
    made = [register(registry, title=title, owner="A, B").record_id for title in ("Élan", "Two")]
    with database.writing(parts(client).registry.engine) as connection:
        harm = text("UPDATE records SET envelope = replace(envelope, :was, :now) WHERE record_id = :id")
        stored = registry.records.verified(made[1]).events[0].envelope.to_json()
        signature = json.loads(stored)["signatures"][0]["sig"]
        other = ("B" if signature[0] != "B" else "C") + signature[1:]
        connection.execute(harm, {"was": signature, "now": other, "id": made[1]})
    _, content = exported(mine, "records", form)
    good, bad = rows_of(form, content)
    assert (good["record_id"], good["title"], good["owners"]) == (made[0], "Élan", "A, B")
    assert str(good["verified"]) == "True" and good["status"] == "asserted"
    assert bad["record_id"] == made[1] and str(bad["verified"]) == "False"
    assert not bad["title"] and not bad["owners"] and bad["problem"]


def test_cases_are_told_and_an_empty_export_is_a_table_too(client: TestClient) -> None:
    mine = tenant(client, "cases")
    for form in ("csv", "jsonl", "parquet"):
        told, content = exported(mine, "cases", form)
        assert told["rows"] == 0 and rows_of(form, content) == []
    case = mine.post("/v1/cases", json={"subject": "a song", "reason": "a call"}).json()
    _, content = exported(mine, "cases", "jsonl")
    (row,) = rows_of("jsonl", content)
    assert (row["case_id"], row["state"], row["version"]) == (case["id"], "open", 1)


def test_more_than_one_group_is_told_once_and_in_order(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "AT_ONCE", 2)
    mine = tenant(client, "groups")
    made = [mine.post("/v1/cases", json={"subject": str(n), "reason": "x"}).json() for n in range(5)]
    same = made[2]["created_at"]
    with database.writing(parts(client).registry.engine) as connection:  # a group ends between equal moments
        chosen = text("UPDATE cases SET created_at = :at WHERE id IN (:a, :b)")
        moment = datetime.fromisoformat(same)
        if connection.dialect.name == "sqlite":
            moment = moment.replace(tzinfo=None)
        connection.execute(chosen, {"at": moment, "a": made[1]["id"], "b": made[2]["id"]})
    _, content = exported(mine, "cases", "csv")
    assert sorted(row["case_id"] for row in rows_of("csv", content)) == sorted(one["id"] for one in made)
    _, content = exported(mine, "cases", "csv", created_from=made[3]["created_at"])
    assert [row["subject"] for row in rows_of("csv", content)] == ["3", "4"]
    _, content = exported(mine, "cases", "csv", created_to=made[1]["created_at"])
    assert [row["subject"] for row in rows_of("csv", content)] == ["0"]


def test_only_who_may_read_something_exports_and_fetches_it(client: TestClient) -> None:
    audits, records = (tenant(client, "scopes", one) for one in (Scope.AUDITS_READ, Scope.RECORDS_READ))
    assert audits.post("/v1/exports", json={"what": "records"}).status_code == 403
    assert records.post("/v1/exports", json={"what": "cases"}).status_code == 403
    told, _ = exported(audits, "cases", "csv")
    for path in (told["links"]["self"], told["links"]["file"]):
        assert records.get(path).status_code == 403
    assert records.delete(told["links"]["self"]).status_code == 403
    assert records.get("/v1/exports").json()["items"] == []
    assert [one["id"] for one in audits.get("/v1/exports").json()["items"]] == [told["id"]]
    stranger = tenant(client, "scopes-not")
    for path in (told["links"]["self"], told["links"]["file"]):
        assert stranger.get(path).status_code == 404
    assert stranger.delete(told["links"]["self"]).status_code == 404
    assert audits.delete(told["links"]["self"]).status_code == 204
    assert audits.get(told["links"]["file"]).status_code == 404


def test_an_export_expires_with_its_file(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    told, _ = exported(client, "cases", "csv")
    folder = parts(client).settings.outputs / told["id"]
    ends = datetime.fromisoformat(told["expires_at"])
    made = datetime.fromisoformat(told["finished_at"])
    assert ends - made == timedelta(hours=parts(client).settings.export_hours)
    sweep = parts(client).worker._sweep
    sweep.exports()
    assert folder.is_dir() and client.get(told["links"]["self"]).status_code == 200
    monkeypatch.setattr(clock, "now", lambda: ends + timedelta(seconds=1))
    sweep.exports()
    assert not folder.exists()
    monkeypatch.undo()
    assert client.get(told["links"]["self"]).status_code == 404


def test_who_fetched_an_export_is_in_the_trail(client: TestClient) -> None:
    told, _ = exported(client, "cases", "jsonl")
    (read,) = [one for one in events(client, of=told["links"]["file"]) if one["phase"] == "read"]
    assert read["outcome"] == 200 and read["who"] == client.get("/v1/whoami").json()["name"]


def test_what_cannot_be_meant_is_refused_and_a_request_makes_one_export(client: TestClient) -> None:
    mine = tenant(client, "refused")
    late = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    for sent in (
        {},
        {"what": "keys"},
        {"what": "cases", "format": "xlsx"},
        {"what": "cases", "created_from": late},
        {"what": "cases", "created_from": "2026-01-02T00:00:00Z", "created_to": "2026-01-01T00:00:00Z"},
        {"what": "cases", "created_from": "2026-01-02T00:00:00"},
    ):
        answer = mine.post("/v1/exports", json=sent)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid-request"), sent
    repeated = {"Idempotency-Key": "one"}
    places = {
        mine.post("/v1/exports", json={"what": "cases"}, headers=repeated).headers["location"] for _ in "12"
    }
    assert len(places) == len(mine.get("/v1/exports").json()["items"]) == 1


def test_a_tenant_has_few_under_way(tmp_path: Path) -> None:
    with serve(tmp_path / "home", run_jobs=False) as waiting:
        codes = [waiting.post("/v1/exports", json={"what": "cases"}).status_code for _ in range(5)]
        assert codes == [202, 202, 202, 202, 429]
        (one, *_) = waiting.get("/v1/exports").json()["items"]
        assert "file" not in one["links"] and one["rows"] is None
        early = waiting.get(f"{one['links']['self']}/file")
        assert (early.status_code, early.json()["code"]) == (409, "conflict")
