"""Batches of objects: from where it is allowed, whole or not at all, and nothing else is asked for."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pydantic import ValidationError

from api.errors import SourceUnusable, StoreUnavailable
from api.jobs.sources import Sources
from api.settings import Settings
from api.store.objects import PIECE_BYTES
from tests.api.serving import GOOD, key, parts, serve
from tests.stores import S3, well

ALLOWED = "s3://label-files/ingest/{tenant}/"
MINE = "s3://label-files/ingest/default"


@pytest.fixture
def client(tmp_path: Path, s3: S3) -> Iterator[TestClient]:
    options: dict[str, Any] = {"batch_sources": [ALLOWED], "max_upload_bytes": 1000, "store": s3.store}
    with serve(tmp_path, run_jobs=False, **options) as client:
        yield client


def batch(client: TestClient, *uris: str, **headers: str) -> list[dict[str, Any]]:
    """The rows of a batch that names these objects, once as much as can be done is done."""
    answer = client.post("/v1/batches", json={"items": [{"uri": uri} for uri in uris]}, headers=headers)
    assert answer.status_code == 202, answer.text
    where = answer.headers["location"]
    found: list[dict[str, Any]] = client.get(f"{where}/results", headers=headers).json()["items"]
    return found


def test_objects_become_audits(client: TestClient, s3: S3) -> None:
    for number in range(3):
        s3.change(f"ingest/default/album/{number}.wav", GOOD + bytes([number]))
    rows = batch(client, *(f"{MINE}/album/{number}.wav" for number in range(3)))
    assert [row["state"] for row in rows] == ["queued"] * 3
    assert [row["file"] for row in rows] == ["0.wav", "1.wav", "2.wav"]
    assert rows[1]["uri"] == f"{MINE}/album/1.wav"
    for row in rows:
        parts(client).worker.run(row["audit_id"])
    assert client.get(f"/v1/audits/{rows[2]['audit_id']}").json()["state"] == "succeeded"
    assert len([name for name in s3.names() if name.startswith("ingest/")]) == 3  # they are not ours
    assert [name for name in s3.names() if name.startswith("trackmark/uploads/")] == []


@pytest.mark.parametrize(
    "uri",
    [
        "s3://label-files/ingest/other/a.wav",
        "s3://label-files/ingest/default",
        "s3://label-files/ingest/default/",
        "s3://label-files/ingest/defaulted/a.wav",
        "s3://label-files/ingest/default/../other/a.wav",
        "s3://label-files/ingest/default//a.wav",
        "s3://label-files/ingest/default/./a.wav",
        "s3://label-files/ingest/default/*.wav",
        "s3://label-files/ingest/default/a.wav?versionId=1",
        "s3://label-files/trackmark/uploads/a.wav",
        "s3://another/ingest/default/a.wav",
        "S3://label-files/ingest/default/a.wav",
        "http://169.254.169.254/latest/meta-data/",
        "https://label-files.s3.amazonaws.com/ingest/default/a.wav",
        "file:///etc/passwd",
        "/etc/passwd",
        "ingest/default/a.wav",
    ],
)
def test_nothing_is_fetched_from_elsewhere(client: TestClient, s3: S3, uri: str) -> None:
    s3.change("ingest/other/a.wav", GOOD)
    asked = len(s3.asked)
    (row,) = batch(client, uri)
    assert (row["state"], row["problem"]["code"]) == ("refused", "source-unusable")
    assert [
        line for line in s3.asked[asked:] if line.count("/") > 1
    ] == []  # a sweep lists the store's bucket


def test_each_tenant_has_its_own_folder(client: TestClient, s3: S3) -> None:
    s3.change("ingest/default/a.wav", GOOD)
    s3.change("ingest/label-b/a.wav", GOOD)
    other = key(client, tenant="label-b")
    (theirs, own) = batch(client, f"{MINE}/a.wav", "s3://label-files/ingest/label-b/a.wav", **other)
    assert (theirs["state"], own["state"]) == ("refused", "queued")


def test_without_the_setting_nothing_is_allowed(tmp_path: Path, s3: S3) -> None:
    with serve(tmp_path, run_jobs=False) as client:
        (row,) = batch(client, f"{MINE}/a.wav")
        assert row["problem"]["code"] == "source-unusable"
        assert s3.asked == []


def test_what_is_gone_or_too_large_is_refused_and_stops_no_other(client: TestClient, s3: S3) -> None:
    s3.change("ingest/default/large.wav", bytes(1001))
    s3.change("ingest/default/good.wav", GOOD)
    rows = batch(client, *(f"{MINE}/{name}.wav" for name in ("gone", "large", "good")))
    assert [row["state"] for row in rows] == ["refused", "refused", "queued"]
    assert {row["problem"]["code"] for row in rows[:2]} == {"source-unusable"}
    assert list(parts(client).settings.uploads.iterdir()) == []


def test_a_row_has_one_source(client: TestClient) -> None:
    items = [{"uri": f"{MINE}/a.wav", "upload_id": "ab" * 16}, {}]
    where = client.post("/v1/batches", json={"items": items}).headers["location"]
    rows = client.get(f"{where}/results").json()["items"]
    assert {row["problem"]["code"] for row in rows} == {"invalid-request"}


def test_rows_wait_for_a_store_that_is_away_and_are_refused_where_it_refuses(
    client: TestClient, s3: S3
) -> None:
    s3.change("ingest/default/a.wav", GOOD)
    s3.fault = lambda _: ("503 Slow Down", "SlowDown")
    (row,) = batch(client, f"{MINE}/a.wav")
    assert row["state"] == "waiting"
    s3.fault = well
    parts(client).worker.batches.go_on()
    (batch_id,) = [one["id"] for one in client.get("/v1/batches").json()["items"]]
    (row,) = client.get(f"/v1/batches/{batch_id}/results").json()["items"]
    assert row["state"] == "queued"
    s3.fault = lambda _: ("403 Forbidden", "AccessDenied")
    (row,) = batch(client, f"{MINE}/a.wav")
    assert row["problem"]["code"] == "source-unusable" and "refuses access" in row["problem"]["detail"]


def test_an_object_that_grows_changes_or_comes_slowly_leaves_nothing(s3: S3, tmp_path: Path) -> None:
    address = "s3://label-files/in/a.wav"
    now = [0.0]

    def sources(most_bytes: int, most_s: float = 1.0) -> Sources:
        return Sources(("s3://label-files/in/",), most_bytes, most_s, ticks=lambda: now[0])

    def later(change: bytes | None, wait_s: float) -> Any:
        """After the first part of it was asked for."""
        seen: list[str] = []

        def fault(environ: dict[str, Any]) -> None:
            seen.append(environ["REQUEST_METHOD"])
            if seen.count("GET") == 2:
                now[0] += wait_s
                if change is not None:
                    s3.change("in/a.wav", change)

        return fault

    s3.change("in/a.wav", bytes(PIECE_BYTES + 1))
    s3.fault = later(bytes([1]) * (PIECE_BYTES + 1), 0)
    with pytest.raises(SourceUnusable, match="changed while it was read"):
        sources(PIECE_BYTES * 2).fetch(address, "default", tmp_path)
    s3.fault = later(None, 2.0)
    with pytest.raises(SourceUnusable, match="did not come within 1 s"):
        sources(PIECE_BYTES * 2).fetch(address, "default", tmp_path)
    s3.fault = well
    with pytest.raises(SourceUnusable, match="at most"):
        sources(PIECE_BYTES).fetch(address, "default", tmp_path)
    s3.fault = lambda _: ("500 Broken", "InternalError")
    with pytest.raises(StoreUnavailable):
        sources(PIECE_BYTES * 2).fetch(address, "default", tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "prefix",
    [
        "s3://label-files/",
        "s3://label-files/trackmark/",
        "s3://label-files/trackmark/uploads/",
        "s3://label-files/{tenant}/",
        "s3://label-files/ingest",
        "http://label-files/ingest/",
        "s3://",
    ],
)
def test_a_source_that_overlaps_with_the_store_or_is_none_stops_the_start(
    tmp_path: Path, prefix: str
) -> None:
    with pytest.raises(ValidationError):
        Settings(home=tmp_path, store="s3://label-files/trackmark", batch_sources=(prefix,))
