"""Batches over HTTP: rows become audits once each, wrong ones are told, and their end is told once."""

import csv
import io
import json
import time
from base64 import b64encode
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from api import database
from api.database.tables import Table
from api.jobs import batches as module
from api.jobs.batches import Batches, Wish
from api.jobs.sweep import UNFINISHED_S
from api.server import manifest
from tests.api.killing import Killed, killed_at
from tests.api.server.test_document import operations
from tests.api.serving import GOOD, key, parts, serve

_JOBS = Table.metadata.tables["jobs"]
_DELIVERIES = Table.metadata.tables["webhook_deliveries"]


@pytest.fixture(scope="module")
def client(either: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with serve(tmp_path_factory.mktemp("home"), **either) as client:
        hook = {"url": "https://8.8.8.8/", "events": ["batch.completed"]}
        made = client.post("/v1/webhooks", json=hook).json()["id"]
        parts(client).worker.stop()  # jobs run when a test says so, and nothing is sent anywhere
        client.headers["x-test-hook"] = made
        yield client


def upload(client: TestClient, name: str = "song.wav", data: bytes = GOOD, **headers: str) -> str:
    sent = {
        "Tus-Resumable": "1.0.0",
        "Content-Type": "application/offset+octet-stream",
        "Upload-Length": str(len(data)),
        "Upload-Metadata": f"filename {b64encode(name.encode()).decode()}",
    }
    answer = client.post("/v1/uploads", content=data, headers={**sent, **headers})
    return str(answer.headers["location"]).rpartition("/")[2]


def send(client: TestClient, *items: Any, **options: Any) -> Any:
    defaults = {"defaults": options.pop("defaults")} if "defaults" in options else {}
    return client.post("/v1/batches", json={"items": items, **defaults}, **options)


def run(client: TestClient) -> None:
    """Work on everything that waits."""
    worker = parts(client).worker
    for job in parts(client).jobs.newest(tenant="default", state="queued", limit=100):
        worker.run(job.id)


def results(client: TestClient, where: str, limit: int = 200) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = client.get(f"{where}/results", params={"limit": limit, **cursor}).json()
        found += page["items"]
        if page["next"] is None:
            return found
        cursor = {"cursor": page["next"]}


def messages(client: TestClient, batch_id: str) -> int:
    hook = client.headers["x-test-hook"]
    told = client.get(f"/v1/webhooks/{hook}/deliveries", params={"limit": 200}).json()["items"]
    return [json.loads(one["body"])["data"]["batch_id"] for one in told].count(batch_id)


def count(client: TestClient) -> int:
    with database.reading(parts(client).registry.engine) as connection:
        return int(connection.execute(select(func.count()).select_from(_JOBS)).scalar_one())


def test_rows_become_audits_and_wrong_ones_are_told(client: TestClient) -> None:
    first, second = upload(client, "a.wav"), upload(client, "b.wav", GOOD + b"b")
    half = client.post("/v1/uploads", headers={"Tus-Resumable": "1.0.0", "Upload-Length": "9"})
    answer = send(
        client,
        {"upload_id": first, "reference": "=EX-1"},
        {"upload_id": second, "retain": True, "checks": "watermark"},
        {"upload_id": first, "checks": "nothing"},
        {"upload_id": first, "artist": "Nobody"},
        {"upload_id": "0" * 32},
        {"upload_id": half.headers["location"].rpartition("/")[2]},
        {"reference": "no upload"},
        {"upload_id": first, "policy": "x"},
        {"upload_id": 5},
        "no row",
        defaults={"checks": "watermark,fingerprint"},
    )
    assert (answer.status_code, answer.headers["retry-after"]) == (202, "2"), answer.text
    where = answer.headers["location"]
    batch = client.get(where).json()
    assert (batch["rows"], batch["states"], batch["completed_at"]) == (10, {"queued": 2, "refused": 8}, None)
    assert batch["progress"] == 0.8
    run(client)
    batch = client.get(where).json()
    assert (batch["states"], batch["progress"]) == ({"succeeded": 2, "refused": 8}, 1.0)
    assert batch["completed_at"] is not None
    for limit in (3, 200):
        rows = results(client, where, limit)
        assert [one["row"] for one in rows] == list(range(1, 11))
    assert [one["problem"] and one["problem"]["code"] for one in rows] == [
        *(None, None, "invalid-request", "not-found", "not-found", "conflict"),
        *["invalid-request"] * 4,
    ]
    assert [one["file"] for one in rows[:3]] == ["a.wav", "b.wav", None]
    audit = client.get(rows[1]["links"]["audit"]).json()
    assert audit["findings"]["decision"]["action"] == rows[1]["decision"]
    assert (audit["sha256"], audit["audio_deleted_at"]) == (rows[1]["sha256"], None)
    table = client.get(f"{where}/table").text
    lines = list(csv.DictReader(io.StringIO(table)))
    assert (lines[0]["reference"], lines[0]["state"], len(lines)) == ("'=EX-1", "succeeded", 10)
    body = client.get(f"{where}/table?format=parquet").content
    parquet: Any = import_module("pyarrow.parquet")
    frame = parquet.read_table(io.BytesIO(body)).to_pylist()
    assert [one["decision"] for one in frame] == [one["decision"] for one in rows]
    assert frame[0]["reference"] == "=EX-1"
    assert client.get(f"{where}/table?format=xls").status_code == 422
    assert client.get(f"{where}/results?cursor=x").status_code == 422
    assert messages(client, batch["id"]) == 1


def test_a_table_of_a_spreadsheet_is_a_manifest_too(client: TestClient) -> None:
    one = upload(client)
    rows = [f"EX-1,{one},", f"EX-2,{one}", f"EX-3,{one},true,x", f"EX-4,{one},maybe"]
    lines = "\r\n".join(["\ufeffreference,upload_id,retain", *rows, ""])
    answer = client.post("/v1/batches", content=lines.encode(), headers={"Content-Type": "text/csv"})
    shown = results(client, answer.headers["location"])
    assert [(row["reference"], row["state"]) for row in shown] == [
        ("EX-1", "queued"),
        (None, "refused"),
        (None, "refused"),
        ("EX-4", "refused"),
    ]
    run(client)


def test_a_manifest_that_is_none_is_refused_whole(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = count(client)
    csv_head, json_head = {"Content-Type": "text/csv"}, {"Content-Type": "application/json"}
    for body, headers, status in (
        (b"{", json_head, 422),
        (b"[]", json_head, 422),
        (b'{"items": []}', json_head, 422),
        (b'{"items": [{}], "other": 1}', json_head, 422),
        (b'{"items": [{}], "defaults": {"upload_id": "a"}}', json_head, 422),
        (b'{"items": [{}], "defaults": {"retain": 1}}', json_head, 422),
        (b"", csv_head, 422),
        (b"upload_id\n", csv_head, 422),
        (b"upload_id,upload_id\na,b\n", csv_head, 422),
        (b"upload_id,price\na,b\n", csv_head, 422),
        (b"upload_id\n\xff\n", csv_head, 422),
        (b'upload_id\n"a\n', csv_head, 422),
        (b"upload_id\n" + b"a\n" * 10_001, csv_head, 422),
        (b"x" * (manifest.MOST_BYTES + 1), csv_head, 413),
        (b"a", {"Content-Type": "text/plain"}, 415),
    ):
        answer = client.post("/v1/batches", content=body, headers=headers)
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), (
            body[:50]
        )
    assert count(client) == before


def test_the_same_request_makes_one_batch(client: TestClient) -> None:
    row = {"upload_id": upload(client)}
    before = count(client)
    once = {"Idempotency-Key": "a batch"}
    first, again = (send(client, row, headers=once) for _ in "12")
    assert first.headers["location"] == again.headers["location"]
    assert again.headers["idempotency-replayed"] == "true"
    assert send(client, row, row, headers=once).json()["code"] == "idempotency-key-reused"
    assert count(client) == before + 1
    run(client)


def test_killed_anywhere_each_row_becomes_one_audit_and_the_end_is_told_once(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cut short before every statement and commit of entering and spreading; then gone on with."""
    monkeypatch.setattr(module, "AT_ONCE", 2)
    one = upload(client)
    found = parts(client).worker.batches
    batches = Batches(found.engine, found.uploads)
    wishes = [Wish(None, one, {"checks": None, "by": None}) for _ in range(3)] + [
        Wish("wrong", None, None, {"code": "invalid-request", "detail": "no upload"})
    ]
    folder, sweep = parts(client).settings.uploads, parts(client).worker._sweep
    monkeypatch.setattr(sweep, "_now", lambda: time.time() + 2 * UNFINISHED_S)
    number, last = 0, False
    while not last:
        number += 1
        batch_id, before, files = f"{number:032x}", count(client), len(list(folder.iterdir()))
        with killed_at(found.engine, number):
            try:
                batches.create(batch_id, "default", wishes, sha256="ab" * 32)
                batches.spread(batch_id)
                last = True
            except Killed:
                pass
        batches.create(batch_id, "default", wishes, sha256="ab" * 32)
        batches.go_on()
        assert count(client) == before + 3, number
        sweep.uploads()  # who died cannot say whether the files that they made are wanted
        assert len(list(folder.iterdir())) == files + 3, number
        where = f"/v1/batches/{batch_id}"
        assert client.post(f"{where}/cancel").json()["states"] == {"cancelled": 3, "refused": 1}
        batches.go_on()
        assert messages(client, batch_id) == 1, number
        sweep.audio()
        assert len(list(folder.iterdir())) == files, number
    assert number > 9


def test_a_batch_of_a_suspended_tenant_waits(client: TestClient) -> None:
    """Nothing is fetched, and no job made, for who is suspended; the batch does not end meanwhile."""
    assert client.post("/v1/tenants", json={"tenant": "batches", "name": "A label"}).status_code == 201
    batches, before = parts(client).worker.batches, count(client)
    upload_id = parts(client).resumable.create("batches", 3, "a.wav", "", None).id
    where, wish = "/v1/tenants/batches", Wish(None, upload_id, {"checks": None, "by": None})
    assert client.post(f"{where}:suspend", json={"reason": "it has not paid"}).status_code == 200
    batches.create("ba" * 16, "batches", [wish], sha256="ab" * 32)
    batches.go_on()
    assert count(client) == before
    assert batches.get("ba" * 16, "batches").states == {"waiting": 1}
    assert client.post(f"{where}:resume").status_code == 200
    batches.go_on()
    assert batches.get("ba" * 16, "batches").states == {"refused": 1}  # the upload is not complete


def test_a_batch_is_stopped_with_what_waits_in_it(client: TestClient) -> None:
    one = upload(client)
    where = send(client, *[{"upload_id": one}] * 3).headers["location"]
    first = results(client, where)[0]
    parts(client).worker.run(first["audit_id"])
    stopped = client.post(f"{where}/cancel").json()
    assert stopped["states"] == {"succeeded": 1, "cancelled": 2}
    assert stopped["cancelled_at"] and stopped["completed_at"]
    again = client.post(f"{where}/cancel").json()
    assert again == stopped
    assert client.get(results(client, where)[1]["links"]["audit"]).json()["state"] == "cancelled"
    assert messages(client, stopped["id"]) == 1
    assert client.delete(first["links"]["audit"]).status_code == 204
    assert [row["state"] for row in results(client, where)] == ["erased", "cancelled", "cancelled"]
    assert client.delete(where).status_code == 204
    for path in ("", "/results", "/table"):
        assert client.get(f"{where}{path}").status_code == 404


def test_batches_are_listed_and_stay_with_their_tenant(client: TestClient) -> None:
    mine = [send(client, {"upload_id": "0" * 32}).headers["location"] for _ in range(3)]
    page = client.get("/v1/batches", params={"limit": 2}).json()
    rest = client.get("/v1/batches", params={"limit": 200, "cursor": page["next"]}).json()
    shown = [one["links"]["self"] for one in [*page["items"], *rest["items"]]]
    assert shown[:3] == mine[::-1]
    foreign = key(client, tenant="stranger")
    theirs = upload(client)  # not the stranger's
    answer = send(client, {"upload_id": theirs}, headers=foreign)
    where = answer.headers["location"]
    told = client.get(f"{where}/results", headers=foreign).json()["items"]
    assert [one["problem"]["code"] for one in told] == ["not-found"]
    assert client.get(where).status_code == client.post(f"{where}/cancel").status_code == 404
    assert len(operations(client.get("/openapi.json").json())) > 50
