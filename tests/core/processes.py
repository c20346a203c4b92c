"""Which processes a process has, as Linux tells."""

import time
from pathlib import Path


def below(pid: int | None) -> list[int]:
    """All descendants of a process, by age."""
    found: list[int] = []
    children = Path(f"/proc/{pid}/task/{pid}/children")
    for child in children.read_text(encoding="ascii").split() if children.exists() else ():
        found += [int(child), *below(int(child))]
    return found


def youngest(pid: int | None) -> int:
    """The descendant of a process that began last."""
    return below(pid)[-1]


def awaited(pid: int | None) -> int:
    """The youngest descendant, once it is locked in; fails after a minute."""
    for _ in range(6000):
        one = youngest(pid)
        try:
            if "Seccomp:\t2" in Path(f"/proc/{one}/status").read_text(encoding="ascii"):
                return one
        except OSError:
            pass
        time.sleep(0.01)
    raise AssertionError("no child was locked in")


def gone(pid: int) -> None:
    """Wait for the end of a process; fails after a minute."""
    for _ in range(6000):
        try:
            Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
        except OSError:
            return
        time.sleep(0.01)
    raise AssertionError(f"process {pid} still runs")


def only(pid: int | None, those: list[int]) -> None:
    """Wait until a process has only those descendants; fails after a minute."""
    for _ in range(6000):
        if below(pid) == those:
            return
        time.sleep(0.01)
    raise AssertionError(f"of {pid} still run {below(pid)}, not only {those}")
