"""Who does what: files in their order, one at a time for each worker, and once more where a worker died."""

from collections import deque
from collections.abc import Iterator, Sequence

from api.audit.json_form import Json
from api.scan.find import Item
from api.scan.table import failed
from api.scan.worker import WorkerDied

TRIES = 2
"""A worker may die of what others did (a full memory, an operator); over one file twice, it is the file."""


class Hands:
    """The files that are left, and those that workers hold; workers are numbers.

    Args:
        items: in the order in which they are given out.
    """

    def __init__(self, items: Sequence[Item]) -> None:
        self._items = items
        self._left = deque(range(len(items)))
        self._held: dict[int, int] = {}
        self._deaths: dict[int, int] = {}

    def give(self, worker: int) -> Item | None:
        """The next file, for a worker that holds none; None where none is left."""
        if not self._left:
            return None
        self._held[worker] = number = self._left.popleft()
        return self._items[number]

    def take(self, worker: int) -> int:
        """The number of the file that a worker is done with."""
        return self._held.pop(worker)

    def died(self, worker: int) -> Iterator[tuple[int, Json]]:
        """A worker is gone: its file is given out again, next, or has its row where that was the last try."""
        number = self._held.pop(worker)
        self._deaths[number] = self._deaths.get(number, 0) + 1
        if self._deaths[number] < TRIES:
            self._left.appendleft(number)
            return
        why = "the process died over this file; is there enough memory?"
        yield number, failed(self._items[number], WorkerDied(why))
