"""Numbers for whoever watches the service: of all that is asked and kept, and of nobody in particular."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from api import database
from api.backup import archive
from api.server.api_keys import Scope
from api.server.stored_metrics import Stored
from core import clock
from tests.api.serving import GOOD, audited, key, parts, register, serve
from tests.postgres import Cluster

Labels = tuple[tuple[str, str], ...]


def numbers(client: TestClient, **options: Any) -> dict[tuple[str, Labels], float]:
    """Every number by its name and labels, as Prometheus' own parser reads them."""
    answer = client.get("/metrics", **options)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def of(found: dict[tuple[str, Labels], float], name: str, **labels: str) -> float | None:
    return found.get((name, tuple(sorted(labels.items()))))


def test_requests_are_counted_by_route_and_status(client: TestClient) -> None:
    before = numbers(client)
    client.get("/v1/records/0000000000000000")
    client.get("/v1/records/0000000000000001")
    client.get("/nowhere/at/all")
    client.request("BREW", "/v1/records")
    client.get("/v1/%ff")
    client.head("/healthz")
    after = numbers(client)

    def grown(method: str, route: str, status: str) -> float:
        labels = {"method": method, "route": route, "status": status}
        name = "trackmark_http_requests_total"
        return (of(after, name, **labels) or 0) - (of(before, name, **labels) or 0)

    assert grown("GET", "/v1/records/{record_id}", "404") == 2
    assert grown("GET", "other", "404") == 1
    assert grown("GET", "other", "422") == 1
    assert sum(grown("other", route, "405") for route in ("other", "/v1/records")) == 1
    assert grown("HEAD", "/healthz", "200") == 1
    assert grown("GET", "/metrics", "200") == 1  # each is counted once it has ended
    taken = "trackmark_http_request_duration_seconds_count"
    route = {"route": "/v1/records/{record_id}"}
    assert (of(after, taken, **route) or 0) - (of(before, taken, **route) or 0) == 2
    assert of(after, "process_resident_memory_bytes") is not None


def test_a_request_that_the_server_failed_is_counted(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(parts(client).jobs), "get", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        client.get("/v1/audits/a")
    name = "trackmark_http_requests_total"
    assert of(numbers(client), name, method="GET", route="/v1/audits/{audit_id}", status="500") == 1


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_jobs_audits_and_the_log_are_counted_over_all_tenants(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    options: dict[str, Any] = {}
    if kind == "postgresql":
        cluster: Cluster = request.getfixturevalue("postgres")
        options["database_url"] = cluster.database()
    with serve(tmp_path / "home", **options) as client:
        assert of(numbers(client), "trackmark_log_entries") == 0
        audited(client)
        audited(client, headers=key(client, tenant="secretive-label"))
        register(parts(client).registry)
        found = numbers(client)
        assert of(found, "trackmark_database_up") == 1
        assert of(found, "trackmark_jobs", kind="audit", state="succeeded") == 2
        assert of(found, "trackmark_audits_by_verdict", verdict="no_record") == 2
        decided = [value for (name, _), value in found.items() if name == "trackmark_audits_by_decision"]
        assert sum(decided) == 2
        entries = of(found, "trackmark_log_entries")
        assert entries is not None and entries >= 1
        assert of(found, "trackmark_log_checkpoint_entries") == entries
        signed = of(found, "trackmark_log_checkpoint_timestamp_seconds")
        assert signed is not None and abs(signed - clock.now().timestamp()) < 3600
        assert of(found, "trackmark_backup_timestamp_seconds") is None
        archive.make(parts(client).settings, tmp_path / "backup")
        made = of(numbers(client), "trackmark_backup_timestamp_seconds")
        assert made is not None and made >= signed - 1
        note = parts(client).settings.backup_note.name
        assert not list((tmp_path / "backup").rglob(note))  # a restored home has no backup of its own
        assert "secretive" not in client.get("/metrics").text


def test_the_age_of_the_queue_is_that_of_its_oldest_job(tmp_path: Path) -> None:
    with serve(tmp_path / "home", run_jobs=False) as client:
        assert of(numbers(client), "trackmark_queue_age_seconds", kind="audit") is None
        for _ in "12":
            client.post("/v1/audits", files={"file": ("a.wav", GOOD)})
        engine = parts(client).registry.engine
        then = (clock.now() - timedelta(hours=2)).replace(tzinfo=None)
        with database.writing(engine) as connection:
            one = "UPDATE jobs SET created_at = :then WHERE id = (SELECT min(id) FROM jobs)"
            connection.execute(text(one), {"then": then})
        age = of(numbers(client), "trackmark_queue_age_seconds", kind="audit")
        assert age is not None and 7200 <= age < 2 * 7200
        assert of(numbers(client), "trackmark_jobs", kind="audit", state="queued") == 2


def test_labels_hold_nothing_that_somebody_entered(client: TestClient) -> None:
    audit = audited(client)
    client.get(f"/v1/audits/{audit['id']}", headers={"X-Request-Id": "mine-and-only-mine"})
    client.get("/v1/artists/Ada%20Example/consents")
    told = client.get("/metrics").text
    for secret in (audit["id"], audit["sha256"], "mine-and-only-mine", "Ada", "song.wav", "default"):
        assert secret not in told, secret
    routes = set(re.findall(r'route="([^"]*)"', told))
    document = client.get("/openapi.json").json()["paths"].keys()
    pages = {"/audits", "/", "/openapi.json"}
    assert routes - document - pages <= {"other"}


def test_only_operators_read_them(client: TestClient) -> None:
    bare = TestClient(client.app, base_url=str(client.base_url))
    assert bare.get("/metrics").status_code == 401
    for scopes, tenant, status in (
        ({Scope.METRICS_READ}, "default", 200),
        ({Scope.ADMIN}, "default", 200),
        (set(Scope) - {Scope.METRICS_READ, Scope.ADMIN}, "default", 403),
        ({Scope.METRICS_READ}, "label", 403),
        ({Scope.ADMIN}, "label", 403),
    ):
        answer = bare.get("/metrics", headers=key(client, *scopes, tenant=tenant))
        assert answer.status_code == status, (scopes, tenant)


def test_a_database_that_is_away_is_told_and_hides_nothing_else(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def away(_engine: object) -> None:
        raise OperationalError("SELECT", {}, Exception("gone"))

    monkeypatch.setattr(database, "reading", away)
    told = Stored(parts(client).registry.engine, tmp_path / "note").text().decode()
    assert told.splitlines()[-1] == "trackmark_database_up 0.0"
