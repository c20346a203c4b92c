"""The witness as a small server: `POST /add-checkpoint` and `/add-handover`, its state in one SQLite file.

It needs nothing else of Trackmark's server, so a label or a collecting society can run one.
"""

import logging
import sqlite3
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from core.errors import ProofError, RecordError, SignatureError, VerificationError
from provenance.records.checkpoint import Checkpoint
from provenance.records.note import NoteKey, NoteSigner
from provenance.records.trust import TrustedKeys
from provenance.records.witness import (
    MAX_REQUEST_BYTES,
    AddCheckpoint,
    Conflict,
    MalformedRequest,
    UnknownLog,
    Witness,
)

logger = logging.getLogger(__name__)

SIZE_TYPE = "text/x.tlog.size"


class SqliteState:
    """The last checkpoint of each log in a file; what was answered survives a power cut."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._open() as database:
            database.execute("PRAGMA journal_mode=WAL")
            database.execute(
                "CREATE TABLE IF NOT EXISTS seen "
                "(origin TEXT PRIMARY KEY, size INTEGER NOT NULL, root BLOB NOT NULL)"
            )
            database.execute(
                "CREATE TABLE IF NOT EXISTS handed_over (origin TEXT PRIMARY KEY, keys BLOB NOT NULL)"
            )

    def latest(self, origin: str) -> Checkpoint | None:
        """The checkpoint of a log that was co-signed last."""
        with self._open() as database:
            return _read(database, origin)

    def advance(self, old: Checkpoint | None, new: Checkpoint) -> bool:
        """Replace `old` by `new` in one transaction; False where another process was faster."""
        with self._open() as database:
            database.execute("BEGIN IMMEDIATE")
            if _read(database, new.origin) != old:
                database.execute("ROLLBACK")
                return False
            values = (new.origin, new.size, new.root_hash)
            database.execute("INSERT OR REPLACE INTO seen (origin, size, root) VALUES (?, ?, ?)", values)
            database.execute("COMMIT")
            return True

    def keys(self, origin: str) -> TrustedKeys | None:
        """The keys of a log after its last hand-over; None before the first."""
        with self._open() as database:
            row = database.execute("SELECT keys FROM handed_over WHERE origin = ?", (origin,)).fetchone()
        return None if row is None else TrustedKeys.from_json(row[0])

    def keep_keys(self, origin: str, keys: TrustedKeys) -> None:
        """Keep the keys of a log after a hand-over."""
        with self._open() as database:
            database.execute("INSERT OR REPLACE INTO handed_over VALUES (?, ?)", (origin, keys.to_json()))

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        database = sqlite3.connect(self._path, timeout=30.0, isolation_level=None)
        try:
            database.execute("PRAGMA synchronous=FULL")
            yield database
        finally:
            database.close()


def _read(database: sqlite3.Connection, origin: str) -> Checkpoint | None:
    row = database.execute("SELECT size, root FROM seen WHERE origin = ?", (origin,)).fetchone()
    return None if row is None else Checkpoint(origin, row[0], row[1])


def create_witness(
    signer: NoteSigner, logs: Iterable[NoteKey], state: Path, clock: Callable[[], float] = time.time
) -> Starlette:
    """The witness's application.

    Args:
        signer: its name and key.
        logs: keys of the logs that it watches.
        state: its file.
        clock: POSIX time in seconds.
    """
    witness = Witness(signer, logs, SqliteState(state), clock)

    def add_checkpoint(text: str) -> str:
        return witness.add_checkpoint(AddCheckpoint.from_text(text))

    def add_handover(text: str) -> str:
        key = witness.add_handover(text)
        logger.warning("the log %s is signed by %s from now on", key.name, key.vkey)
        return key.vkey + "\n"

    async def key(_request: Request) -> Response:
        return PlainTextResponse(signer.cosigner_key.vkey + "\n")

    return Starlette(
        routes=[
            Route("/add-checkpoint", _answering(add_checkpoint), methods=["POST"]),
            Route("/add-handover", _answering(add_handover), methods=["POST"]),
            Route("/key", key, methods=["GET"]),
        ]
    )


def _answering(add: Callable[[str], str]) -> Callable[[Request], Awaitable[Response]]:
    """A route that hands the body on, if it is not too long."""

    async def answer(request: Request) -> Response:
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_REQUEST_BYTES:
                return PlainTextResponse("the request is too long\n", 413)
        return await run_in_threadpool(_answer, add, bytes(body))

    return answer


def _answer(add: Callable[[str], str], body: bytes) -> Response:
    """The statuses that C2SP tlog-witness prescribes."""
    try:
        return PlainTextResponse(add(body.decode()))
    except Conflict as error:
        return PlainTextResponse(f"{error.size}\n", 409, media_type=SIZE_TYPE)
    except (VerificationError, RecordError, UnicodeDecodeError) as error:
        kinds = ((UnknownLog, 404), (MalformedRequest, 400), (SignatureError, 403), (ProofError, 422))
        status = next((code for kind, code in kinds if isinstance(error, kind)), 400)
        return PlainTextResponse(f"{error}\n", status)
