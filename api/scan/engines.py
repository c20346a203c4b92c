"""Where a scan's audits run: processes of this machine, or a Ray cluster."""

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from api.audit.json_form import Json
from api.scan.find import Item, ScanError
from api.scan.table import failed

IN_FLIGHT_PER_WORKER = 4

Auditor = Callable[[Item, Path], Json]
Engine = Callable[[Sequence[Item], int, Path, Auditor], Iterator[Json]]


def local(items: Sequence[Item], workers: int, home: Path, audit: Auditor) -> Iterator[Json]:
    """Audit in processes. A file that kills its process (out of memory) costs its own row only."""
    left = deque(items)
    while left:
        suspects: list[Item] = []
        with _pool(workers) as pool:
            running: dict[Future[Json], Item] = {}
            while (left and not suspects) or running:
                while left and not suspects and len(running) < workers * IN_FLIGHT_PER_WORKER:
                    item = left.popleft()
                    running[pool.submit(audit, item, home)] = item
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    item = running.pop(future)
                    try:
                        yield future.result()
                    except BrokenProcessPool:  # all files in flight fail with it; one is to blame
                        suspects.append(item)
        for item in suspects:
            with _pool(1) as pool:
                try:
                    yield pool.submit(audit, item, home).result()
                except BrokenProcessPool:
                    yield failed(
                        item, "WorkerDied", "the process died over this file; is there enough memory?"
                    )


def _pool(workers: int) -> ProcessPoolExecutor:
    # Spawn, not fork: torch's threads do not survive a fork.
    return ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_one_thread)


def ray(items: Sequence[Item], workers: int, home: Path, audit: Auditor) -> Iterator[Json]:
    """Audit on a Ray cluster (`RAY_ADDRESS`), or on this machine through Ray."""
    try:
        cluster = import_module("ray")
    except ImportError:
        raise ScanError("the ray engine needs Ray: pip install 'trackmark[ray]'") from None
    if not cluster.is_initialized():
        cluster.init(
            address=os.environ.get("RAY_ADDRESS"), num_cpus=None, include_dashboard=False, log_to_driver=False
        )
    task = cluster.remote(audit)
    waiting = deque(items)
    running: dict[Any, Item] = {}
    while waiting or running:
        while waiting and len(running) < workers:
            item = waiting.popleft()
            running[task.options(num_cpus=1, max_retries=2).remote(item, home)] = item
        done, _ = cluster.wait(list(running), num_returns=1)
        for reference in done:
            item = running.pop(reference)
            try:
                yield cluster.get(reference)
            except cluster.exceptions.RayError as error:
                yield failed(item, "WorkerDied", str(error))


def _one_thread() -> None:
    """One thread per process: the processes are the parallelism."""
    import torch

    torch.set_num_threads(1)


ENGINES: dict[str, Engine] = {"local": local, "ray": ray}
