"""An upload survives `kill -9` of the server in the middle of a piece, and goes on after the restart."""

import hashlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from api.server.multipart import PIECE_BYTES
from api.uploads.appending import KEEP_BYTES
from tests.api.jobs.test_crash import free_port, start, wait_for

SONG = os.urandom(64) * ((2 * KEEP_BYTES + 5000) // 64)
TUS = {"Tus-Resumable": "1.0.0"}
PIECE = {**TUS, "Content-Type": "application/offset+octet-stream"}


def test_an_upload_survives_kill_9(tmp_path: Path) -> None:
    home, port, log = tmp_path / "home", free_port(), tmp_path / "attempts"
    log.write_text("started\n")  # the decoder of this server hangs at its first file only
    process = start(home, port, log)
    client = httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=None)

    def kept(where: str) -> int:
        return int(client.head(where, headers=TUS).headers["upload-offset"])

    try:
        where = client.post("/v1/uploads", headers={**TUS, "Upload-Length": str(len(SONG))}).headers[
            "location"
        ]

        def pieces() -> Iterator[bytes]:
            yield SONG[: KEEP_BYTES + 4 * PIECE_BYTES]
            wait_for(lambda: kept(where) > 0, process)
            os.kill(process.pid, signal.SIGKILL)
            process.wait()

        with (
            pytest.raises(httpx.TransportError),
            httpx.Client(base_url=client.base_url, trust_env=False) as one,
        ):
            one.patch(where, content=pieces(), headers={**PIECE, "Upload-Offset": "0"})
        process = start(home, port, log)
        come = kept(where)
        assert KEEP_BYTES <= come < len(SONG)
        rest = client.patch(where, content=SONG[come:], headers={**PIECE, "Upload-Offset": str(come)})
        assert (rest.status_code, rest.headers["upload-offset"]) == (204, str(len(SONG)))
        assert client.get(where).json()["sha256"] == hashlib.sha256(SONG).hexdigest()
        job = client.post("/v1/audits", files={"upload_id": (None, where.rpartition("/")[2])})
        wait_for(lambda: client.get(job.headers["location"]).json()["state"] == "succeeded", process)
        assert client.get(job.headers["location"]).json()["sha256"] == hashlib.sha256(SONG).hexdigest()
    finally:
        client.close()
        process.kill()
        process.wait()
