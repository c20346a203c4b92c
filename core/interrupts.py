"""Steps that belong together, and signals that would end the process between them."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Of a person at a terminal, of whoever runs services, and of a terminal that is closed."""


@contextmanager
def held() -> Iterator[None]:
    """Hold the signals that end a process until the block is done; the first one comes then.

    Signals are heard in the main thread; in others nothing ends the block anyway.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    former = {number: signal.getsignal(number) for number in ENDING}
    for number, handler in former.items():
        if handler not in (signal.SIG_IGN, None):  # None: not set by Python, which could not set it again
            signal.signal(number, lambda number, _frame: came.append(number))
    try:
        yield
    finally:
        for number, handler in former.items():
            if handler not in (signal.SIG_IGN, None):
                signal.signal(number, handler)
        if came:
            signal.raise_signal(came[0])
