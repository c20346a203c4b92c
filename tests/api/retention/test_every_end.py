"""Whatever is stored has an end, or stays for a reason that is written down here.

A new table, a new kind of job or a new folder of the home fails here until somebody has thought of its end.
"""

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, get_args

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, insert, inspect, text

from api import database
from api.database.tables import Table
from api.jobs.job import Kind
from api.jobs.leases import Leases
from api.jobs.sweep import Sweep
from api.webhooks.address import Addresses
from api.webhooks.delivering import Deliverer
from core import clock
from provenance.fingerprint.sql import hash_table
from tests import stores
from tests.api.serving import GOOD, finished, parts, serve

AGES = timedelta(days=4000)
ENDS = {
    "jobs": "retention, the sweep of what is brief, and the erasure of a record",
    "job_terms": "with its job",
    "batches": "retention",
    "batch_items": "with its batch",
    "resumable_uploads": "their own time",
    "idempotent_requests": "their own time",
    "kept_answers": "their own time",
    "webhook_deliveries": "a month after they ended, or could not be sent",
    "artists": "retention",
    "voice_keys": "with its artist",
    "artist_consents": "with its artist",
    "records": "erasure, when somebody asks",
    "record_files": "with its record",
    "record_events": "with its record",
    "record_terms": "with its record",
    "manifests": "with its record",
    "sketches": "with its record",
    "publications": "with its record",
    "fingerprint_track": "with its record",
    "fingerprint_hash": "with its record",
    "sign_ins": "their own time",
    "member_sessions": "their own time",
}
"""By what the rows of a table end; the test below sees all of them gone."""
STAYS = {
    "alembic_version": "one row: the schema",
    "server_secrets": "one row for each purpose",
    "tenants": "one row for each tenant",
    "tenant_turns": "one row for each tenant",
    "watermark_keys": "one row for each tenant and epoch",
    "retention": "one row for each tenant",
    "api_keys": "who had a key, for the trail; no secret",
    "members": "until somebody removes them",
    "webhook_endpoints": "until somebody removes them",
    "policies": "reports name the version that decided",
    "policy_activations": "reports name the version that decided",
    "legal_holds": "what was held, and until when",
    "cases": "what people decided",
    "case_steps": "what people decided",
    "case_terms": "what people decided",
    "notices": "what rights holders asked for, and what was done",
    "notice_steps": "what rights holders asked for, and what was done",
    "notice_terms": "what rights holders asked for, and what was done",
    "trail_events": "the audit trail",
    "trail_links": "the audit trail",
    "trail_roots": "the audit trail",
    "voice_reads": "who opened a voice print",
    "signing_keys": "what verifies signatures",
    "key_events": "the log, public",
    "log_leaves": "the log, public; names nobody without a salt that is erased",
    "log_nodes": "the log, public",
    "log_head": "the log, public",
    "log_seen": "the log, public",
    "witnessed_checkpoints": "the log, public",
    "credential_roots": "public",
}
HOME = {"keys", "uploads", "outputs", "fingerprints", "uploads.lock"}
"""What lies in a home beside a database."""
NOWHERE = "http://127.0.0.1:9/"
TUS = {"Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream"}


@pytest.fixture
def s3(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[stores.S3 | None]:
    """One machine keeps its files at home; several, which share PostgreSQL, in a store."""
    if database_url.startswith("sqlite"):
        yield None
        return
    with stores.s3() as running:
        running.environment(monkeypatch)
        yield running


def count(engine: Engine) -> dict[str, int]:
    with database.reading(engine) as connection:
        tables = inspect(engine).get_table_names()
        return {
            one: int(connection.execute(text(f"SELECT count(*) FROM {one}")).scalar_one()) for one in tables
        }


def upload(client: TestClient) -> str:
    sent = {**TUS, "Upload-Length": str(len(GOOD))}
    return str(client.post("/v1/uploads", content=GOOD, headers=sent).headers["location"]).rpartition("/")[2]


def made(client: TestClient) -> tuple[set[str], str]:
    """One of everything that may be written for a tenant's work; returns the kinds of jobs, and a record."""
    once, audio, keep = {"Idempotency-Key": "one"}, ("a.flac", GOOD), {"retain": "true"}
    hook = {"url": NOWHERE, "events": ["audit.completed"]}
    assert client.post("/v1/webhooks", json=hook, headers=once).status_code == 201
    jobs = [
        client.post("/v1/audits", files={"file": audio}, data=keep, headers=once),
        client.post("/v1/comparisons", files={"original": audio, "suspect": audio}, data=keep),
        client.post(
            "/v1/tracks", files={"file": audio}, data={"title": "T", "owner": "O", **keep}, headers=once
        ),
    ]
    ended = [finished(client, one.headers["location"]) for one in jobs]
    jobs.append(client.post("/v1/exports", json={"what": "audits"}))
    finished(client, jobs[-1].headers["location"])
    record = str(ended[2]["result"]["record_id"])
    dispute = {"issuer": "Another Label", "reason": "ours"}
    assert client.post(f"/v1/records/{record}/disputes", json=dispute).status_code == 201
    voice = client.post("/v1/artists", files={"files": audio}, data={"name": "Ada"})
    consent = client.post(
        f"/v1/artists/{voice.json()['id']}/consents", json={"scope": "training", "from": "2026-01-01"}
    )
    assert consent.status_code == 201, consent.text
    wav = {"Content-Type": "audio/wav"}
    assert client.post("/c2pa/v1/matches/byContent", content=GOOD, headers=wav).status_code == 200
    upload(client)  # which nobody uses
    batch = client.post("/v1/batches", json={"items": [{"upload_id": upload(client)}]}).headers["location"]
    while client.get(batch).json()["completed_at"] is None:
        time.sleep(0.05)
    with database.reading(parts(client).registry.engine) as connection:
        kinds = set(connection.execute(text("SELECT kind FROM jobs")).scalars())
    return kinds, record


def enter_by_hand(engine: Engine, record: str) -> None:
    """What the stand-ins of these tests do not make, and sign-ins that nobody finished."""
    now = clock.now()
    session = {"digest": "ab" * 32, "member_id": "0" * 16, "began_at": now, "seen_at": now}
    rows: dict[str, dict[str, Any]] = {
        "manifests": {"manifest_id": "urn:c2pa:1", "record_id": record, "store": b"c2pa", "created_at": now},
        "member_sessions": session,
        "publications": {"record_id": record, "since": now},
        "sketches": {"record_id": record, "made_at": now, "format": 1, "whole": b"w", "parts": b"p"},
    }
    tables = Table.metadata.tables
    with database.writing(engine) as connection:
        for name, row in rows.items():
            connection.execute(insert(tables[name]).values(tenant="default", **row))
        begun = {"state": "cd" * 32, "browser": "ef" * 32, "then": "/", "ends_at": now}
        connection.execute(insert(tables["sign_ins"]).values(**begun))
        track = connection.execute(text("SELECT min(id) FROM fingerprint_track")).scalar_one()
        connection.execute(insert(hash_table).values(key=1, track_id=track, time=1, detail=1))


def test_every_table_has_an_end_or_a_reason(engine: Engine) -> None:
    assert not ENDS.keys() & STAYS.keys()
    assert ENDS.keys() | STAYS.keys() == set(inspect(engine).get_table_names())
    for name, end in ENDS.items():  # what goes with something goes by the database's own doing
        if end.startswith("with its ") and name in Table.metadata.tables:
            (link,) = Table.metadata.tables[name].foreign_keys
            assert link.ondelete == "CASCADE", name


@pytest.mark.slow
def test_in_the_end_nothing_is_left(
    s3: stores.S3 | None, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, store = tmp_path / "home", None if s3 is None else s3.store
    with serve(home, database_url=database_url, store=store, webhook_trusted=("127.0.0.1:9",)) as client:
        service = parts(client)
        engine, settings, files = service.registry.engine, service.settings, service.worker.files
        kinds, record = made(client)
        assert kinds == set(get_args(Kind))
        service.worker.stop()  # from here on the test is the service
        enter_by_hand(engine, record)
        before = count(engine)
        assert {name for name in ENDS if not before[name]} == set()
        assert {path.name for path in home.iterdir()} <= HOME
        days = ("audio_days", "reports_days", "voices_days", "tagged_days")
        told = client.get("/v1/retention").json()
        assert {name for name in told if name.endswith("_days")} == set(days)
        assert client.put("/v1/retention", json=dict.fromkeys(days, 1)).status_code == 200
        assert client.delete(f"/v1/records/{record}").status_code == 204
        later = clock.now() + AGES
        monkeypatch.setattr(clock, "now", lambda: later)
        leases = Leases(engine, lease_s=30, attempts=3)
        sweep = Sweep(engine, leases, files, settings, later.timestamp)
        sweep.once()
        sweep.once()  # what ends by one kind of end may be the last of another's
        Deliverer(engine, lambda: None, Addresses(), now=lambda _: later).forget()
        after = count(engine)
        assert {name: after[name] for name in ENDS if after[name]} == {}
        assert [path for path in (settings.uploads, settings.outputs) for path in path.rglob("*")] == []
        assert s3 is None or s3.names() == []
