"""Killed in any commit and any write of a file, a request with a file is done once when it is sent again.

Whoever was not answered asks again, as clients do: the same POST under the same `Idempotency-Key`, a piece
from where `Upload-Offset` says that the upload goes on.
"""

from base64 import b64encode
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx import Response

from api import database
from api.database.tables import Table
from api.jobs.job import Job, stored_digests, stored_names
from tests.api.dying import Died, let_go, server
from tests.api.mortal import ALL_OVER_S, Mortal
from tests.api.serving import GOOD, key, parts

OTHER = GOOD + b", and another"
TUS = {"Tus-Resumable": "1.0.0"}
PIECE = {**TUS, "Content-Type": "application/offset+octet-stream"}
WRITES = r"commit (?!trail_events$|api_keys$)|\S+ (to )?home/uploads|put|copy|erase"
"""What may be lost or doubled, and what requests are remembered by; not that somebody asked."""
ASKED = {"trail_events"}
"""A request that is sent again is told of again."""


@dataclass
class Sender:
    """A client of one tenant, which remembers what it was told and goes on from there."""

    client: TestClient
    headers: dict[str, str]
    told: dict[str, Any] = field(default_factory=dict)

    def once(self, name: str, path: str, **sent: Any) -> Response:
        """Send a POST unless it was answered, always under one key."""
        if name not in self.told:
            headers = {**self.headers, **sent.pop("headers", {}), "Idempotency-Key": name}
            answer = self.client.post(path, headers=headers, **sent)
            assert answer.is_success, answer.text
            self.told[name] = answer
        found: Response = self.told[name]
        return found

    def send(self, where: str, content: bytes, pieces: int) -> None:
        """Send what is not there yet of an upload."""
        come = int(self.client.head(where, headers={**self.headers, **TUS}).headers["upload-offset"])
        while come < len(content):
            more = content[come : come + -(-len(content) // pieces)]
            headers = {**self.headers, **PIECE, "Upload-Offset": str(come)}
            answer = self.client.patch(where, content=more, headers=headers)
            assert answer.status_code == 204, answer.text
            come = int(answer.headers["upload-offset"])

    def delete(self, where: str) -> None:
        """Delete an upload, perhaps again."""
        assert self.client.delete(where, headers=self.headers).status_code in (204, 404)


def resumed(sender: Sender) -> None:
    name = b64encode(b"song.wav").decode()
    begin = {**TUS, "Upload-Length": str(len(GOOD)), "Upload-Metadata": f"filename {name}"}
    where = sender.once("begin", "/v1/uploads", headers=begin).headers["location"]
    if "audit" not in sender.told:
        sender.send(where, GOOD, 2)
    sender.once("audit", "/v1/audits", files={"upload_id": (None, where.rpartition("/")[2])})
    sender.delete(where)


def begun_with_bytes(sender: Sender) -> None:
    checksum = b64encode(sha256(GOOD).digest()).decode()
    begin = {**PIECE, "Upload-Length": str(len(GOOD)), "Upload-Checksum": f"sha256 {checksum}"}
    where = sender.once("begin", "/v1/uploads", headers=begin, content=GOOD).headers["location"]
    if "audit" not in sender.told:
        sender.send(where, GOOD, 1)
    sender.once("audit", "/v1/audits", files={"upload_id": (None, where.rpartition("/")[2])})
    sender.delete(where)


def plain_audit(sender: Sender) -> None:
    sender.once("audit", "/v1/audits", files={"file": ("song.wav", GOOD)})


def plain_track(sender: Sender) -> None:
    wishes = {"title": "A Song", "owner": "A Label"}
    sender.once("track", "/v1/tracks", files={"file": ("song.wav", GOOD)}, data=wishes)


def comparison(sender: Sender) -> None:
    files = {"original": ("song.wav", GOOD), "suspect": ("other.wav", OTHER)}
    sender.once("comparison", "/v1/comparisons", files=files)


def enrolment(sender: Sender) -> None:
    wait = {"Prefer": "respond-async"}
    files = [("files", ("one.wav", GOOD)), ("files", ("two.wav", OTHER))]
    sender.once("artist", "/v1/artists", files=files, data={"name": "Ada", "consent": "yes"}, headers=wait)


def jobs_of(home: Mortal, tenant: str) -> list[Job]:
    jobs = Table.metadata.tables["jobs"]
    with database.reading(home.engine) as connection:
        rows = connection.execute(jobs.select().where(jobs.c.tenant == tenant))
        return [Job(**row._mapping) for row in rows]


def killed(
    home: Mortal, client: TestClient, work: Callable[[Sender], None], number: int
) -> tuple[bool, list[str], dict[str, int]]:
    """Requests whose server is killed in a write: whether it was, the writes, and the rows that it left."""
    before = home.rows()
    tenant = home.tenant()
    sender = Sender(client, key(client, tenant=tenant))

    def ask() -> None:
        with suppress(Died):
            work(sender)

    life = home.die(ask, number, WRITES, engine=parts(client).registry.engine)
    if life.ended:
        let_go(home.engine)
        work(sender)
    home.sweep(ALL_OVER_S)
    (job,) = jobs_of(home, tenant)
    for name, digest in zip(stored_names(job.request), stored_digests(job), strict=True):
        with home.files.upload_at_hand(name, digest) as path:
            assert sha256(path.read_bytes()).hexdigest() == digest, life.reached[-1:]
    rows = {name: value - before[name] for name, value in home.rows().items() if name not in ASKED}
    home.forget(job)
    assert home.stored() + home.here() == [], life.reached[-1:]
    return life.ended, life.reached, rows


WORK = (resumed, begun_with_bytes, plain_audit, plain_track, comparison, enrolment)


@pytest.mark.parametrize("work", WORK, ids=lambda one: one.__name__)
def test_a_request_with_a_file_that_is_killed_anywhere_is_done_once(
    mortal_home: Mortal, work: Callable[[Sender], None]
) -> None:
    with server(mortal_home) as client:
        killed(mortal_home, client, work, 0)  # the first of a home makes what all share
        _, reached, once = killed(mortal_home, client, work, 0)
        number, ended = 0, True
        while ended:
            number += 1
            ended, reached, rows = killed(mortal_home, client, work, number)
            assert rows == once, reached[-1]
        assert number > 3
