"""Where requests write their events: a write before it is done, a read soon after.

A write is on disk in the trail before anything of it is done, so that no crash takes it away; many that come
at once share a transaction. A read costs its request a place in a list, which goes to disk within a second: a
crash loses that second's reads, never a write.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from datetime import timedelta

from sqlalchemy import Connection, Engine

from api import database
from api.database.group_commit import GroupCommit
from api.keys.signing import SigningKeys
from api.outbox import trail
from api.outbox.trail import Event
from api.trail import chain, rooting
from core.errors import KeyFileError

log = logging.getLogger(__name__)
FLUSH_S = 1.0
GROUP = 500
MOST_WAITING = 100_000
STOP_S = 5.0


class Journal:
    """Writes events, chains them, and has the log commit to the chain.

    Args:
        engine: of the database.
        keys: sign the log.
        root_every: how often the log commits to chains that have moved.
        ticks: seconds that only ever grow.
    """

    def __init__(
        self, engine: Engine, keys: SigningKeys, root_every: timedelta, ticks: Callable[[], float]
    ) -> None:
        self._engine = engine
        self._keys = keys
        self._root_every_s = root_every.total_seconds()
        self._ticks = ticks
        self._rooted = ticks()
        self._waiting: deque[Event] = deque()
        self._writing: GroupCommit[Event, None] = GroupCommit(lambda: database.writing(engine), _enter)
        self._stopping = threading.Event()
        self._flushing = threading.Lock()
        self._thread = threading.Thread(target=self._keep, name="audit trail", daemon=True)

    def write(self, event: Event) -> None:
        """Write an event down; returns when it is on disk."""
        self._writing.submit(event)

    def soon(self, event: Event) -> None:
        """Write an event down within a second; costs the caller nothing."""
        if len(self._waiting) >= MOST_WAITING:  # the database has been away for long
            log.error("the audit trail takes no events: one of %s is lost", event.action)
            return
        self._waiting.append(event)

    def start(self) -> None:
        """Keep the trail, in a thread, until `stop`."""
        self._thread.start()

    def stop(self) -> None:
        """Write down what waits, and end."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(STOP_S)
        try:
            self.flush()
        except Exception:  # an end without the database is an end all the same
            log.exception("%d events of the audit trail could not be written", len(self._waiting))

    def flush(self) -> None:
        """Write down what waits; behind it all is written that waited before, whoever was at it."""
        with self._flushing:
            while self._waiting:
                group = [self._waiting.popleft() for _ in range(min(len(self._waiting), GROUP))]
                try:
                    with database.writing(self._engine) as connection:
                        trail.enter(connection, group)
                except Exception:
                    self._waiting.extendleft(reversed(group))
                    raise

    def once(self) -> None:
        """Write down what waits, chain what is not chained, and root what has moved, when it is time."""
        self.flush()
        chain.chain(self._engine)
        if self._ticks() - self._rooted >= self._root_every_s:
            self._rooted = self._ticks()
            try:
                rooting.root(self._keys)
            except KeyFileError as error:  # another process holds the log's key
                log.info("the audit trail is not rooted from here: %s", error)

    def _keep(self) -> None:
        while not self._stopping.wait(FLUSH_S):
            try:
                self.once()
            except Exception:
                log.exception("the audit trail could not be kept; it is tried again")


def _enter(connection: Connection, events: Sequence[Event]) -> Sequence[None]:
    trail.enter(connection, events)
    return [None] * len(events)
