"""Several processes that answer at one address, because one takes no more than one processor.

Each has a socket of its own there, between which Linux shares new connections. This process answers nothing:
it keeps them running, and one worker beside them, and ends them all with itself, however it ends.
"""

import contextlib
import os
import socket
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

from api.jobs.beside import Kept, WorkerBeside, command, until_signalled

LOOK_S = 0.05


def sockets(host: str, port: int, count: int) -> list[socket.socket]:
    """Sockets at one address that do not listen yet; port 0 is any that is free.

    Raises:
        OSError: somebody listens there, or nobody may.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with ExitStack() as opened:
        with socket.socket(family) as alone:  # finds out whether anybody else, who would share, is there
            alone.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            alone.bind((host, port))
            port = alone.getsockname()[1]
        made: list[socket.socket] = []
        for _ in range(count):
            one = opened.enter_context(socket.socket(family))
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            one.bind((host, port))
            made.append(one)
        opened.pop_all()
        return made


def keep(
    listening: Sequence[socket.socket],
    arguments: Sequence[str],
    worker: WorkerBeside | None,
    grace_s: float,
    stopping: threading.Event,
) -> int:
    """Keep a server process at each socket, and the worker, until told to stop.

    Args:
        listening: where they answer.
        arguments: of `trackmark serve`, for each of them.
        worker: the one that they share; None where others work on the queue.
        grace_s: how long a server may take for an orderly end.
        stopping: tells when.

    Returns:
        0, or how the first server ended before it answered anybody: others would end like it.
    """
    held, hold = os.pipe()  # ends with this process, and they with it
    told = [] if worker is None else [worker.told]
    servers = [
        Kept(
            f"server process {number}",
            command("serve", *arguments, f"--listening={one.fileno()}", *(f"--telling={fd}" for fd in told)),
            held,
            grace_s,
            shared=[one.fileno(), *told],
        )
        for number, one in enumerate(listening, 1)
    ]
    started: list[Kept] = []
    try:
        first, *others = servers
        if worker is not None:
            worker.start()
        started.append(first)
        first.start()
        # The first one makes keys and brings the schema up; nobody else need do so at the same time.
        while not stopping.is_set() and not _answers(listening[0]):
            if first.ended_with is not None:
                return first.ended_with or 1
            stopping.wait(LOOK_S)
        for kept in others:
            started.append(kept)
            kept.start()
        until_signalled(stopping)
        return 0
    finally:
        with ThreadPoolExecutor(len(servers)) as ends:
            list(ends.map(Kept.stop, started))
        if worker is not None:  # last: an upload that was just received is still told of
            worker.stop()
        for fd in (held, hold):
            os.close(fd)


def _answers(listening: socket.socket) -> bool:
    """Whether somebody listens there."""
    host, port, *rest = listening.getsockname()
    with contextlib.suppress(OSError), socket.socket(listening.family) as asking:
        asking.connect((host, port, *rest))
        return True
    return False
