"""Cancel, retry and priority of audits and taggings through HTTP."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.jobs.leases import Leases
from tests.api.serving import GOOD, finished, key, parts, serve

FORMS: dict[str, dict[str, str]] = {"audits": {}, "tracks": {"title": "T", "owner": "O"}}


@pytest.fixture(scope="module")
def waiting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A server that works on nothing."""
    with serve(tmp_path_factory.mktemp("home"), run_jobs=False) as client:
        yield client


def entered(client: TestClient, kind: str, **form: str) -> str:
    answer = client.post(f"/v1/{kind}", files={"file": ("a.wav", GOOD)}, data={**FORMS[kind], **form})
    assert answer.status_code == 202, answer.text
    return str(answer.headers["location"])


def told(answer: Any) -> tuple[int, Any]:
    return answer.status_code, answer.json().get("state", answer.json().get("code"))


def leases(client: TestClient) -> Leases:
    return Leases(parts(client).registry.engine, lease_s=60, attempts=3)


@pytest.mark.parametrize("kind", FORMS)
def test_a_waiting_job_is_cancelled_and_its_audio_erased(waiting: TestClient, kind: str) -> None:
    path = entered(waiting, kind)
    assert told(waiting.post(f"{path}/cancel")) == (200, "cancelled")
    assert told(waiting.post(f"{path}/cancel")) == (200, "cancelled")
    job = waiting.get(path).json()
    assert job["problem"]["code"] == "cancelled"
    assert job["audio_deleted_at"] is not None
    assert list(parts(waiting).settings.uploads.iterdir()) == []
    assert told(waiting.get(f"{path}/{'report' if kind == 'audits' else 'file'}")) == (409, "cancelled")
    assert told(waiting.post(f"{path}/retry")) == (409, "conflict")


@pytest.mark.parametrize("kind", FORMS)
def test_a_running_job_is_asked_to_stop(waiting: TestClient, kind: str) -> None:
    path = entered(waiting, kind)
    lease = leases(waiting).take_this(path.rpartition("/")[2], "elsewhere")
    assert lease is not None
    assert told(waiting.post(f"{path}/cancel")) == (200, "running")
    assert waiting.get(path).json()["cancel_requested_at"] is not None
    leases(waiting).cancel(lease)
    assert told(waiting.get(path)) == (200, "cancelled")


@pytest.mark.parametrize("kind", FORMS)
def test_a_cancelled_job_whose_audio_is_retained_is_tried_again(waiting: TestClient, kind: str) -> None:
    path = entered(waiting, kind, retain="true")
    waiting.post(f"{path}/cancel")
    again = waiting.post(f"{path}/retry")
    assert told(again) == (202, "queued")
    assert again.headers["location"] == path
    assert told(waiting.post(f"{path}/retry")) == (409, "conflict")
    waiting.post(f"{path}/cancel")


@pytest.mark.parametrize("kind", FORMS)
def test_a_job_of_another_tenant_does_not_exist(waiting: TestClient, kind: str) -> None:
    path = entered(waiting, kind)
    other = key(waiting, tenant="stranger")
    for act in ("cancel", "retry"):
        assert told(waiting.post(f"{path}/{act}", headers=other)) == (404, "not-found")
        assert told(waiting.post(f"/v1/{kind}/none/{act}")) == (404, "not-found")
    assert told(waiting.get(path)) == (200, "queued")


@pytest.mark.parametrize("kind", FORMS)
def test_a_job_has_the_priority_that_was_asked_for(waiting: TestClient, kind: str) -> None:
    assert waiting.get(entered(waiting, kind)).json()["priority"] == "normal"
    assert waiting.get(entered(waiting, kind, priority="high")).json()["priority"] == "high"
    wrong = waiting.post(
        f"/v1/{kind}", files={"file": ("a.wav", GOOD)}, data={**FORMS[kind], "priority": "10"}
    )
    assert told(wrong) == (422, "invalid-request")


@pytest.mark.parametrize("state", ["queued", "running"])
def test_deleting_an_audit_that_has_not_ended_stops_it(waiting: TestClient, state: str) -> None:
    path = entered(waiting, "audits")
    if state == "running":
        assert leases(waiting).take_this(path.rpartition("/")[2], "elsewhere") is not None
    assert waiting.delete(path).status_code == 204
    assert told(waiting.get(path)) == (404, "not-found")


def test_what_succeeded_is_neither_cancelled_nor_tried_again(tmp_path: Path) -> None:
    with serve(tmp_path / "home") as client:
        path = entered(client, "audits", retain="true")
        assert finished(client, path)["state"] == "succeeded"
        for act in ("cancel", "retry"):
            assert told(client.post(f"{path}/{act}")) == (409, "conflict")
        assert finished(client, path)["attempts"] == 1
