"""Who yields the processor to whom: what answers people comes before what works for them."""

import os
import sys
import threading

WORK = 5
"""Niceness of work that nobody waits for at this moment: jobs, and the processes that read files."""
BACKLOG = 15
"""Niceness of a job whose tenant has more of them waiting: who has little to do is done first."""


def yield_to_others(nice: int) -> None:
    """Have this thread, and the threads and processes that it starts, run behind those of less niceness.

    Nobody is ever raised again, which takes privileges. Where niceness is the whole process's (anything but
    Linux), nothing changes.

    Args:
        nice: 0 yields to nobody, 19 to everybody.
    """
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), max(nice, niceness()))


def niceness() -> int:
    """This thread's; outside Linux 0."""
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) if sys.platform == "linux" else 0
