"""A process and all below it, as Linux counts them: processor time and memory."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path

SAMPLE_S = 0.5


def family(pid: int) -> Iterator[int]:
    """A process and all below it that live."""
    yield pid
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text(encoding="ascii").split():
                yield from family(int(child))
    except OSError:  # it has ended
        return


def cpu_s(pid: int) -> float:
    """Processor seconds of a family, those of its members that have ended included."""
    return sum(map(_used_s, family(pid)))


def memory_mb(pid: int) -> float:
    """Memory of a family; what its members share counts once."""
    return sum(map(_held_mb, family(pid)))


def _used_s(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def _held_mb(pid: int) -> float:
    try:
        said = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in said.splitlines() if line.startswith("Pss:")) * 1024 / 1e6


class Memory:
    """The most memory that a family held together."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._over = threading.Event()
        self._most = 0.0
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def most_mb(self) -> float:
        """The most since the last time this was asked."""
        most, self._most = self._most, 0.0
        return most

    def close(self) -> None:
        """Watch no more."""
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(SAMPLE_S):
            self._most = max(self._most, memory_mb(self._pid))
