"""Turns of short work in threads: few at once, and the tenants one after the other.

Threads that all want Python's lock spend their time on asking for it: with sixteen reads at once an answer
took twice the processor time that it takes alone. So reads take turns in a few threads. Each tenant has a
line of its own, and the lines are served in rotation, so that whoever sends many waits behind his own.

Nobody waits for long work: what goes on from one look to the next has its place given to another thread.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from contextvars import copy_context
from queue import SimpleQueue
from typing import Any, TypeVar

Answer = TypeVar("Answer")
PLACES = 3
"""One computes while the others wait for the database."""
MOST = 40
"""As many threads as other work may have (anyio's limit)."""
LOOK_S = 0.025
"""Longer than a list of fifty takes, even where each place has one."""


class _Turn:
    """One piece of work, and who waits for it."""

    def __init__(self, work: Callable[[], Any]) -> None:
        self._work, self._context = work, copy_context()
        self._loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[tuple[Any, BaseException | None]] = self._loop.create_future()

    def do(self) -> tuple[Any, BaseException | None]:
        """Do the work; returns its answer, or what it raised."""
        try:
            return self._context.run(self._work), None
        except BaseException as error:
            return None, error

    def tell(self, how: tuple[Any, BaseException | None]) -> None:
        """Tell how it ended, from a thread."""
        self._loop.call_soon_threadsafe(self._tell, how)

    def _tell(self, how: tuple[Any, BaseException | None]) -> None:
        if not self.ended.done():  # whoever waited may have been cut off
            self.ended.set_result(how)


class Turns:
    """Threads that take turns, for work of one event loop.

    Args:
        places: how many turns go on at once, unless they are long.
        most: how many threads there are at most.
        look_s: how often it is looked whether turns are long, while others wait.
    """

    def __init__(self, places: int = PLACES, most: int = MOST, look_s: float = LOOK_S) -> None:
        self._places = places
        self._most = most
        self._look_s = look_s
        self._lock = threading.Lock()
        self._lines: dict[str | None, deque[_Turn]] = {}  # the one that is served next comes first
        self._waiting = 0
        self._called: SimpleQueue[bool] = SimpleQueue()  # an entry for each turn that waits
        self._threads: set[threading.Thread] = set()
        self._going_on: set[_Turn] = set()
        self._seen: set[_Turn] = set()
        self._long: set[_Turn] = set()
        self._looking = False

    async def take(self, line: str | None, work: Callable[[], Answer]) -> Answer:
        """Do a piece of work in a thread, in the caller's context, when the turn has come.

        Args:
            line: whose turn it is: a tenant's, or None where nobody is known.
            work: what is done.

        Raises:
            Exception: whatever `work` raised.
        """
        turn = _Turn(work)
        with self._lock:
            self._lines.setdefault(line, deque()).append(turn)
            self._waiting += 1
            if len(self._threads) - len(self._long) < self._places:
                self._start()
            taken = self._waiting + len(self._going_on) - len(self._long)
            if taken > self._places and not self._looking:
                self._looking = True
                asyncio.get_running_loop().call_later(self._look_s, self._look)
        self._called.put(True)
        answer, error = await turn.ended
        if error is not None:
            raise error
        return answer  # type: ignore[no-any-return]  # what `work` returned

    def close(self) -> None:
        """End, once the turns that go on have ended."""
        with self._lock:
            threads = list(self._threads)
        for _ in threads:
            self._called.put(False)
        for thread in threads:
            thread.join()

    def _start(self) -> None:
        thread = threading.Thread(target=self._serve, name="turns", daemon=True)
        self._threads.add(thread)
        thread.start()

    def _serve(self) -> None:
        replaced = False
        while not replaced and self._called.get():
            turn = self._next()
            how = turn.do()
            with self._lock:
                self._going_on.remove(turn)
                replaced = turn in self._long
                if replaced:
                    self._long.remove(turn)
                    self._threads.remove(threading.current_thread())
            turn.tell(how)

    def _next(self) -> _Turn:
        with self._lock:
            line, waiting = next(iter(self._lines.items()))
            turn = waiting.popleft()
            del self._lines[line]
            if waiting:
                self._lines[line] = waiting  # behind the others
            self._waiting -= 1
            self._going_on.add(turn)
        return turn

    def _look(self) -> None:
        """Give to those who wait the places of turns that were going on at the last look already."""
        with self._lock:
            for turn in self._going_on & self._seen - self._long:
                if len(self._threads) < self._most:
                    self._long.add(turn)
                    self._start()
            self._seen = set(self._going_on)
            self._looking = self._waiting > 0
        if self._looking:
            asyncio.get_running_loop().call_later(self._look_s, self._look)
