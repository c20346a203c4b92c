"""Group commit: what many threads write at the same moment goes to disk in one transaction.

A commit that must survive a power cut costs milliseconds, whatever is in it. So whoever comes while one is
under way waits, and the next transaction takes all who wait. Nobody is answered before the transaction that
holds his work has been committed; one bad piece of work fails alone.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from sqlalchemy import Connection

Work = TypeVar("Work")
Answer = TypeVar("Answer")
MAX_GROUP = 512
MAX_DELAY_S = 0.005


@dataclass(eq=False)
class _Ticket(Generic[Work, Answer]):
    """One piece of work; `called` is set when it was done, or when its thread is to lead the next group."""

    work: Work
    called: threading.Event = field(default_factory=threading.Event)
    finished: bool = False
    answer: Answer | None = None
    error: BaseException | None = None


class GroupCommit(Generic[Work, Answer]):
    """Writes pieces of work of many threads, in the order in which they came.

    Args:
        begin: opens the transaction of a group.
        perform: does several pieces of work inside one transaction and returns an answer for each.
    """

    def __init__(
        self,
        begin: Callable[[], AbstractContextManager[Connection]],
        perform: Callable[[Connection, Sequence[Work]], Sequence[Answer]],
    ) -> None:
        self._begin = begin
        self._perform = perform
        self._lock = threading.Lock()
        self._waiting: deque[_Ticket[Work, Answer]] = deque()
        self._busy = False
        self._crowd = 1  # how many wrote or waited when the last group went to disk
        self._enough = threading.Event()

    def submit(self, work: Work) -> Answer:
        """Do a piece of work; returns when it is on disk.

        Raises:
            Exception: whatever `perform` raised for this piece of work alone; nothing of it was written.
        """
        ticket: _Ticket[Work, Answer] = _Ticket(work)
        with self._lock:
            self._waiting.append(ticket)
            lead, self._busy = not self._busy, True
            if len(self._waiting) >= self._crowd:
                self._enough.set()
        if not lead:
            ticket.called.wait()
        if not ticket.finished:
            self._lead()
        if ticket.error is not None:
            raise ticket.error
        return ticket.answer  # type: ignore[return-value]  # set by `_write`, and None may be an answer

    def _lead(self) -> None:
        """Write all who wait, oneself among them, and call the next leader."""
        # Those who were just answered come back at once as a rule; without this each group is half of them.
        if self._crowd > 1:
            self._enough.wait(MAX_DELAY_S)
        with self._lock:
            group = [self._waiting.popleft() for _ in range(min(len(self._waiting), MAX_GROUP))]
        try:
            self._write(group)
        finally:
            with self._lock:
                self._crowd = min(len(group) + len(self._waiting), MAX_GROUP)
                self._enough.clear()
                # Where this thread was interrupted, those who are not done stay first in the line.
                self._waiting.extendleft(reversed([one for one in group[1:] if not one.finished]))
                self._busy = bool(self._waiting)
                following = self._waiting[0] if self._waiting else None
            for one in group:
                if one.finished:
                    one.called.set()
            if following is not None:
                following.called.set()

    def _write(self, group: list[_Ticket[Work, Answer]]) -> None:
        try:
            with self._begin() as connection:
                answers = self._perform(connection, [one.work for one in group])
        except Exception as error:
            if len(group) == 1:
                group[0].error, group[0].finished = error, True
                return
            for one in group:  # each by itself, so that only the bad ones fail
                self._write([one])
            return
        for one, answer in zip(group, answers, strict=True):
            one.answer, one.finished = answer, True
