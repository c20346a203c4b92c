"""Enter something of everything, so that every read route of the service has an answer to give."""

import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Protocol

from sqlalchemy import Engine, insert, select

from api import database
from api.database.tables import Table
from api.jobs import finding
from api.registry.registry import Registry
from api.server.routes.policies import EXAMPLE
from api.settings import Settings
from core import clock
from lab.evaluation.load.asking import Question
from lab.registrations import blank_fingerprint, new_records

RECORDS, AUDITS = 200, 200
ENTRIES = 50
"""Voices, keys, cases, notices, deliveries, and rows of a batch; batches, policies and webhooks a fifth."""

_TABLES = Table.metadata.tables
_JOBS = _TABLES["jobs"]


def registered(settings: Settings) -> str:
    """Enter records and voices before a server runs; returns the id of a record."""
    registry = Registry.open(settings)
    keyid = registry.keys.signer("record").keyid
    made = [registry.records.register(record, blank_fingerprint()) for record in new_records(RECORDS, keyid)]
    for number in range(ENTRIES):
        registry.artists.enrol(f"Voice {number}", b"sealed and never opened here", "a contract")
    registry.close()
    return made[0].record_id


def copied(engine: Engine, job_id: str, **changed: Any) -> list[str]:
    """Enter a finished audit again and again, with some columns changed, so that a list is long.

    Returns:
        The new ids, newest first.
    """
    with database.writing(engine) as connection:
        row = dict(connection.execute(select(_JOBS).where(_JOBS.c.id == job_id)).mappings().one())
        rows = [
            {
                **row,
                **{**changed, "id": str(uuid.uuid4())},
                "created_at": row["created_at"] - timedelta(seconds=number),
            }
            for number in range(1, AUDITS)
        ]
        connection.execute(insert(_JOBS), rows)
        ids = [str(one["id"]) for one in rows]
        for entered in connection.execute(select(_JOBS).where(_JOBS.c.id.in_(ids))).all():
            finding.enter(connection, entered)
    return ids


def _batches(engine: Engine, audits: Sequence[str]) -> str:
    """Enter batches of audits that have ended; returns the id of one."""
    now, made = clock.now(), []
    with database.writing(engine) as connection:
        for number in range(ENTRIES // 5):
            made.append(uuid.uuid4().hex)
            times = {"created_at": now - timedelta(minutes=number), "completed_at": now}
            batch = {"id": made[-1], "tenant": "default", "sha256": "ab" * 32, "rows": ENTRIES, **times}
            connection.execute(insert(_TABLES["batches"]), [batch])
            rows = [
                {"batch_id": made[-1], "row": row, "tenant": "default", "job_id": audits[row]}
                for row in range(1, ENTRIES + 1)
            ]
            connection.execute(insert(_TABLES["batch_items"]), rows)
    return made[0]


def _deliveries(engine: Engine, endpoint_id: str) -> None:
    """Enter messages that were delivered to an endpoint."""
    now = clock.now()
    same: dict[str, Any] = {"endpoint_id": endpoint_id, "tenant": "default", "state": "delivered"}
    same |= {"event": "audit.completed", "body": "{}", "attempts": 1, "status": 200, "ended_at": now}
    rows = [
        {**same, "id": f"msg_{uuid.uuid4().hex}", "created_at": now - timedelta(seconds=number)}
        for number in range(ENTRIES)
    ]
    with database.writing(engine) as connection:
        connection.execute(insert(_TABLES["webhook_deliveries"]), rows)


class Asked(Protocol):
    """An answer of a client, a test's or a real one."""

    @property
    def content(self) -> bytes:
        """Its body."""

    def raise_for_status(self) -> object:
        """Raise unless it is a good one."""

    def json(self) -> Any:
        """Its body, read as JSON."""


class Client(Protocol):
    """Who asks the server with an admin's key."""

    def get(self, url: str) -> Asked:
        """Ask for what lies at an address."""

    def post(self, url: str, *, json: Any) -> Asked:
        """Send a JSON document to an address."""


def filled(client: Client, engine: Engine, audit: str, record_id: str) -> list[Question]:
    """Enter the rest through the running server; what is asked of it then.

    Args:
        client: of the server; it has the records and voices of `registered`.
        engine: of its database.
        audit: address of an audit that has succeeded.
        record_id: of a record.
    """

    def sent(path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = client.post(path, json=body)
        answer.raise_for_status()
        told: dict[str, Any] = answer.json()
        return told

    job_id = audit.rpartition("/")[2]
    audits = copied(engine, job_id)
    tagged = {"record_id": record_id, "leaf_index": 0, "sha256": "ab" * 32, "snr_db": 34.1, "warnings": []}
    wish = {"title": "Song 0", "owner": "A Label", "isrc": None, "stored": ""}
    track = copied(engine, job_id, kind="track", request=wish, result=tagged)[0]
    batch = _batches(engine, audits)
    artist = client.get("/v1/artists?limit=1").json()["items"][0]["id"]
    elements = {"work": "Night Drive", "location": "https://platform.example/1", "signature": "Ada"}
    for number in range(ENTRIES):
        case = sent("/v1/cases", {"subject": f"Song {number}", "reason": "a call"})["id"]
        notice = sent("/v1/notices", {"form": "dmca", "elements": elements})["id"]
        sent("/v1/keys", {"name": f"desk {number}", "scopes": ["audits:read"]})
    for number in range(ENTRIES // 5):
        terms = {"scope": ["singing"], "from": "2026-01-01", "until": "2027-01-01", "territory": ["DE"]}
        sent(f"/v1/artists/{artist}/consents", terms)
        text = EXAMPLE.replace('version = "', f'version = "{number} of ')
        policy = sent("/v1/policies", {"text": text})["id"]
        hook = {"url": "https://label.example/hooks", "events": ["audit.completed"]}
        endpoint = sent("/v1/webhooks", hook)["id"]
    _deliveries(engine, endpoint)
    sent("/v1/exports", {"what": "records", "format": "csv"})
    report = client.get(f"{audit}/report").content
    return [
        Question("a record, verified", f"/v1/records/{record_id}"),
        Question("a record's events", f"/v1/records/{record_id}/events"),
        Question("50 records", "/v1/records?limit=50"),
        Question("50 records, by words", "/v1/records?limit=50&q=song"),
        Question("records, by owner and title", "/v1/records?owner=A%20Label&title=Song%201"),
        Question("50 taggings", "/v1/tracks?limit=50"),
        Question("a tagging", f"/v1/tracks/{track}"),
        Question("10 batches", "/v1/batches"),
        Question("a batch", f"/v1/batches/{batch}"),
        Question("50 results of a batch", f"/v1/batches/{batch}/results"),
        Question("50 cases", "/v1/cases?limit=50"),
        Question("a case", f"/v1/cases/{case}"),
        Question("50 notices", "/v1/notices?limit=50"),
        Question("a notice", f"/v1/notices/{notice}"),
        Question("10 webhooks", "/v1/webhooks"),
        Question("50 deliveries", f"/v1/webhooks/{endpoint}/deliveries?limit=50"),
        Question("50 voices", "/v1/artists"),
        Question("10 consents of a voice", f"/v1/artists/{artist}/consents"),
        Question("10 policies", "/v1/policies"),
        Question("a policy", f"/v1/policies/{policy}"),
        Question("50 API keys", "/v1/keys"),
        Question("exports", "/v1/exports"),
        Question("50 events of the audit trail", "/v1/audit-events?limit=50"),
        Question("the log's checkpoint", "/v1/log/checkpoint"),
        Question("a report, verified for anybody (POST /v1/verify)", "/v1/verify", report),
        Question("the page of anybody's verification", "/verify"),
        Question("the start page", "/"),
        Question("the page of 50 audits", "/audits"),
        Question("the page of an audit", audit.removeprefix("/v1")),
        Question("the page of 50 records", "/records"),
    ]
