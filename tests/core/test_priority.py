"""Work yields the processor to answers: niceness as the kernel tells it, never the clock."""

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from core.priority import BACKLOG, WORK, niceness, yield_to_others
from core.reception import DECODER

linux = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere niceness is the whole process's")


def apart(*steps: int) -> list[int]:
    """The niceness of a fresh thread after each step, and that of a thread which it starts."""
    found: list[int] = []

    def run() -> None:
        for nice in steps:
            yield_to_others(nice)
            found.append(niceness())
        with ThreadPoolExecutor(1) as lane:
            found.append(lane.submit(niceness).result())

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return found


@linux
def test_a_thread_yields_with_all_that_it_starts_and_nobody_else_does() -> None:
    before = niceness()
    assert apart(WORK) == [max(WORK, before)] * 2
    assert apart(BACKLOG, WORK) == [max(BACKLOG, before)] * 3  # nobody is raised again
    assert niceness() == before


@linux
def test_the_process_that_reads_files_yields() -> None:
    DECODER.room()  # starts it
    assert DECODER.pid is not None
    assert os.getpriority(os.PRIO_PROCESS, DECODER.pid) >= WORK
