"""The client: every operation, and what takes several: waiting for a job, and an upload in pieces."""

import time
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from .errors import Conflict, NoAnswer, NotFinished, refused
from .operations import Operations
from .shapes import JobAnswer

Job = TypeVar("Job", bound=JobAnswer)
PIECE_BYTES = 16 * 1024 * 1024
TUS = "1.0.0"


class Client(Operations):
    """A connection to a Trackmark server, with a method for each operation; see `Calling` for its arguments.

    Every method raises `Refused` where the server answers with a problem, and `NoAnswer` where none comes.
    """

    def wait(
        self,
        job: Job,
        *,
        timeout_s: float = 600.0,
        progress: Callable[[str, float], None] | None = None,
    ) -> Job:
        """Follow a job until it has ended, as often as the server asks for (`Retry-After`).

        Args:
            job: the answer to the request that began it, or any later one.
            timeout_s: how long to wait; the job goes on if it takes longer.
            progress: told what the job is doing, and which share of it is done.

        Returns:
            The job as it ended. A batch has ended once each of its rows has, well or not.

        Raises:
            Refused: it failed, was cancelled or expired; of the class of its problem's status.
            NotFinished: it took longer than `timeout_s`.
        """
        deadline = time.monotonic() + timeout_s
        link = job["links"]["self"]
        while True:
            answer = self._send("GET", link)
            told = answer.json()
            if told.get("problem") is not None:
                raise refused(told["problem"]["status"], told["problem"])
            if told.get("finished_at", told.get("completed_at")) is not None:
                found: Job = told
                return found
            if progress is not None:
                progress(told.get("stage") or told.get("state") or "running", told["progress"])
            if time.monotonic() >= deadline:
                raise NotFinished(f"{link} has not ended within {timeout_s:g} s; it goes on")
            self._rest(float(answer.headers.get("Retry-After", 1)))

    def upload(self, path: Path, *, piece_bytes: int = PIECE_BYTES) -> str:
        """Send a file in pieces (tus). What a lost connection cuts off goes on where it ended.

        Args:
            path: the file.
            piece_bytes: how much is sent, and held in memory, at once.

        Returns:
            The upload's id, which operations with files take as `upload_id`.

        Raises:
            NoAnswer: the server was not reached as often as `tries` in a row.
        """
        size, name = path.stat().st_size, b64encode(path.name.encode()).decode()
        begun = self.create_upload(upload_length=size, upload_metadata=f"filename {name}")
        upload_id = begun["Location"].rpartition("/")[2]
        done, failures = 0, 0
        with path.open("rb") as file:
            while done < size:
                file.seek(done)
                try:
                    told = self.continue_upload(upload_id, upload_offset=done, content=file.read(piece_bytes))
                    done, failures = int(told["Upload-Offset"]), 0
                except (NoAnswer, Conflict):
                    failures += 1
                    if failures >= self._tries:
                        raise
                    self._rest(1.0)
                    done = self.get_upload(upload_id)["received_bytes"]
        return upload_id
