"""Audits in processes of this machine, each with its own models; one that dies costs nobody else's work."""

import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess

from api.scan.find import Item
from api.scan.hands import Hands
from api.scan.worker import Outcomes, Task

_CONTEXT = get_context("spawn")  # not fork: torch's threads do not survive one


class Crew:
    """The processes, by numbers that are never used again."""

    def __init__(self, items: Sequence[Item], task: Task) -> None:
        self._hands = Hands(items)
        self._task = task
        self._hired = 0
        self._busy: dict[Connection, tuple[int, SpawnProcess]] = {}

    def hire(self) -> None:
        """Start a process and give it a file, where there is one."""
        worker = self._hired
        item = self._hands.give(worker)
        if item is None:
            return
        self._hired += 1
        ours, theirs = _CONTEXT.Pipe()
        process = _CONTEXT.Process(target=work, args=(theirs, self._task))
        process.start()
        theirs.close()  # so that the pipe ends with the process
        self._busy[ours] = worker, process
        _send(ours, item)

    def outcomes(self) -> Outcomes:
        """The outcome of every file, as they end."""
        while self._busy:
            for pipe in wait(list(self._busy)):
                if not isinstance(pipe, Connection):  # `wait` is typed for sockets, too
                    continue
                worker, _process = self._busy[pipe]
                try:
                    outcome = pipe.recv()
                except (EOFError, OSError):
                    yield from self._hands.died(worker)
                    self._dismiss(pipe)
                    self.hire()
                    continue
                number = self._hands.take(worker)
                item = self._hands.give(worker)
                if item is None:
                    self._dismiss(pipe)
                else:
                    _send(pipe, item)
                yield number, outcome

    def _dismiss(self, pipe: Connection) -> None:
        _worker, process = self._busy.pop(pipe)
        pipe.close()
        process.join()

    def end(self) -> None:
        """Stop all; what they were at is lost."""
        for _worker, process in self._busy.values():
            process.terminate()
        for pipe in list(self._busy):
            self._dismiss(pipe)


def in_processes(items: Sequence[Item], workers: int, task: Task) -> Outcomes:
    """Audit in processes; see `engines.Engine`."""
    crew = Crew(items, task)
    try:
        for _ in range(workers):
            crew.hire()
        yield from crew.outcomes()
    finally:
        crew.end()


def _send(pipe: Connection, item: Item) -> None:
    with suppress(OSError):  # it died between two files: reading from it says so
        pipe.send(item)


def work(pipe: Connection, task: Task) -> None:
    """What each process does, until the other end of the pipe is gone with the scan."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to all; the scan ends its processes
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # takes copies of files with it
    with suppress(EOFError, BrokenPipeError):
        while True:
            pipe.send(task.outcome(pipe.recv()))
