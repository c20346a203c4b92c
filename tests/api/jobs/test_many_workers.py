"""Three workers on one database: one is killed, one hangs and comes back, and everything is done once."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from api import database
from api.database.tables import Table
from tests.api.server.routes.test_batches import upload
from tests.api.serving import GOOD, parts, serve
from tests.postgres import Cluster

ROWS = 6
WORKER = """
import os, sys, time
from dataclasses import replace
from pathlib import Path
from api.jobs import worker
from api.settings import Settings
from tests.api.serving import ENGINES, Decoder, fake_tag

folder = Path(sys.argv[1])

def held(what):
    # The first job of each worker is in its hands until the test lets go.
    mark = folder / f"{os.getpid()}"
    if not mark.exists():
        mark.write_text(what)
        while not (folder / "go").exists():
            time.sleep(0.05)

class Slow(Decoder):
    def decode(self, path, limits):
        held("audit")
        return super().decode(path, limits)

def slow_tag(*arguments, **options):
    tagged = fake_tag(*arguments, **options)
    held("track")  # its record is in the log by now
    return tagged

worker.product_engines = lambda _: replace(ENGINES, decoder=Slow(), tagger=slow_tag)
worker.run_worker(Settings())
"""


class Received(BaseHTTPRequestHandler):
    """Keeps what webhooks tell."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.came.append((self.headers["webhook-id"], body))  # type: ignore[attr-defined]  # of `hook`
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def hook() -> Iterator[tuple[int, list[tuple[str, dict[str, Any]]]]]:
    """A receiver of webhooks: its port, and what came."""
    came: list[tuple[str, dict[str, Any]]] = []
    with HTTPServer(("127.0.0.1", 0), Received) as server:
        server.came = came  # type: ignore[attr-defined]  # for its handlers
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port, came
        finally:
            server.shutdown()
            thread.join()


def until(condition: Callable[[], bool], *alive: subprocess.Popen[bytes]) -> None:
    """Wait however long it takes, as long as the workers live."""
    while not condition():
        assert all(one.poll() is None for one in alive), "a worker ended by itself"
        time.sleep(0.1)


@pytest.mark.slow
def test_of_three_workers_one_is_killed_and_one_hangs_and_all_is_done_once(
    tmp_path: Path, postgres: Cluster
) -> None:
    url, marks, home = postgres.database(), tmp_path / "marks", tmp_path / "home"
    marks.mkdir()
    workers: list[subprocess.Popen[bytes]] = []
    with (
        hook() as (port, came),
        serve(
            home, database_url=url, run_jobs=False, lease_s=2, webhook_trusted=(f"127.0.0.1:{port}",)
        ) as client,
    ):
        told = ["audit.completed", "record.registered", "batch.completed"]
        address = f"http://127.0.0.1:{port}/"
        assert client.post("/v1/webhooks", json={"url": address, "events": told}).status_code == 201
        track = client.post(
            "/v1/tracks", files={"file": ("a.wav", GOOD)}, data={"title": "A Song", "owner": "A Label"}
        )
        assert track.status_code == 202, track.text

        environment = {
            **os.environ,
            "TRACKMARK_HOME": str(home),
            "TRACKMARK_DATABASE_URL": url,
            "TRACKMARK_LEASE_S": "2",
            "TRACKMARK_JOB_CONCURRENCY": "1",
            "TRACKMARK_WEBHOOK_TRUSTED": json.dumps([f"127.0.0.1:{port}"]),
        }

        def start() -> subprocess.Popen[bytes]:
            made = subprocess.Popen([sys.executable, "-c", WORKER, str(marks)], env=environment)
            workers.append(made)
            return made

        def holds(one: subprocess.Popen[bytes]) -> bool:
            return (marks / str(one.pid)).exists()

        try:
            killed = start()
            until(lambda: holds(killed) and len(came) == 1, killed)
            items = [{"upload_id": upload(client, f"{row}.wav")} for row in range(ROWS)]
            batch = client.post("/v1/batches", json={"items": items})
            assert batch.status_code == 202, batch.text
            hung, good = start(), start()
            until(lambda: holds(hung) and holds(good), killed, hung, good)
            assert [(marks / str(one.pid)).read_text() for one in workers] == ["track", "audit", "audit"]

            killed.kill()
            hung.send_signal(signal.SIGSTOP)
            (marks / "go").touch()
            ended = {"succeeded", "failed", "expired", "cancelled"}
            until(lambda: client.get(track.headers["location"]).json()["state"] in ended, good)
            until(lambda: client.get(batch.headers["location"]).json()["completed_at"] is not None, good)
            until(lambda: len(came) >= ROWS + 2, good)

            hung.send_signal(signal.SIGCONT)  # it holds a row that others have done
            hung.terminate()
            assert hung.wait() == 0
            good.terminate()
            assert good.wait() == 0
        finally:
            for one in workers:
                one.kill()
                one.wait()

        tagged = client.get(track.headers["location"]).json()
        assert (tagged["state"], tagged["attempts"]) == ("succeeded", 2)
        assert client.get(batch.headers["location"]).json()["states"] == {"succeeded": ROWS}
        audits = client.get("/v1/audits").json()["items"]
        assert len(audits) == ROWS and sorted(one["attempts"] for one in audits) == [1] * (ROWS - 1) + [2]
        assert [one["record_id"] for one in client.get("/v1/records").json()["items"]] == [
            tagged["result"]["record_id"]
        ]
        with database.reading(parts(client).registry.engine) as connection:
            records = Table.metadata.tables["records"]
            assert connection.execute(select(func.count()).select_from(records)).scalar_one() == 1
        kinds = sorted(body["type"] for _, body in came)
        assert kinds == ["audit.completed"] * ROWS + ["batch.completed", "record.registered"]
        assert len({one for one, _ in came}) == len(came)
        told_of = {body["data"]["audit_id"] for _, body in came if body["type"] == "audit.completed"}
        assert told_of == {one["id"] for one in audits}
