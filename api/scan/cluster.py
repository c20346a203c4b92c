"""Audits on a Ray cluster, or on this machine through Ray: an actor a worker, each with its own models."""

import os
from collections.abc import Sequence
from importlib import import_module
from socket import gethostname
from typing import Any

from api.scan.find import Item, ScanError
from api.scan.hands import Hands
from api.scan.sent import PREFIX, Sent, sent, taken, without_credentials
from api.scan.worker import Outcome, Outcomes, Task

STORE_BYTES = 100_000_000  # rows are small, and Ray would take a third of the memory


class Auditing:
    """What an actor does, with the settings of whoever scans and the secrets of its own machine (`sent`)."""

    def __init__(self, task: Task, told: Sent) -> None:
        settings, self._missing = taken(told, os.environ)
        for name in [name for name in os.environ if name.upper().startswith(PREFIX)]:
            del os.environ[name]
        os.environ.update(settings)
        self._task = task

    def outcome(self, item: Item) -> Outcome:
        """The row of a file, or the failure that ends the scan."""
        if self._missing:
            return ScanError(
                f"{gethostname()} has no {', '.join(self._missing)}: no secret is sent through a cluster, "
                "so start Ray with it on each machine, or keep it in a file there"
            )
        return self._task.outcome(item)


def on_ray(items: Sequence[Item], workers: int, task: Task) -> Outcomes:
    """Audit on the cluster of `RAY_ADDRESS`, or on this machine through Ray; see `engines.Engine`.

    Raises:
        ScanError: an address has credentials in it, a machine lacks a secret, Ray is missing, its cluster
            cannot be reached, or it was lost on the way.
    """
    try:
        ray = import_module("ray")
    except ImportError:
        raise ScanError("the ray engine needs Ray: pip install 'trackmark[ray]'") from None
    for item in items:
        if (place := without_credentials(item.location)) is not None:
            raise ScanError(
                f"the address of {place} has credentials in it, which everybody on the cluster could read: "
                "give them to the store's own configuration on each machine"
            )
    joined = ray.is_initialized()
    try:
        if not joined:
            _join(ray, workers)
        yield from _shared_out(ray, items, workers, task)
    except ray.exceptions.RayError as error:
        raise ScanError(
            f"the Ray cluster was lost; the same command goes on where it stopped ({error})"
        ) from error
    finally:
        if not joined:
            ray.shutdown()


def _join(ray: Any, workers: int) -> None:
    address = os.environ.get("RAY_ADDRESS")
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # what runs here is told to nobody
    alone = {"num_cpus": workers, "object_store_memory": STORE_BYTES, "include_dashboard": False}
    try:
        ray.init(address=address or "local", log_to_driver=False, **({} if address else alone))
    except Exception as error:  # Ray has many, and none in common
        raise ScanError(f"cannot reach the Ray cluster {address or 'of this machine'}: {error}") from error


def _shared_out(ray: Any, items: Sequence[Item], workers: int, task: Task) -> Outcomes:
    told = sent(os.environ)
    hired = ray.remote(num_cpus=1, max_restarts=0, max_task_retries=0)(Auditing)
    hands = Hands(items)
    actors: dict[int, Any] = {}
    promised: dict[Any, int] = {}
    for worker in range(min(_room(ray, workers), len(items))):
        actors[worker] = hired.remote(task, told)
        _next(hands, worker, actors, promised)
    while promised:
        (ready,), _ = ray.wait(list(promised), num_returns=1)
        worker = promised.pop(ready)
        try:
            outcome = ray.get(ready)
        except ray.exceptions.RayActorError:
            yield from hands.died(worker)
            actors[worker] = hired.remote(task, told)
            _next(hands, worker, actors, promised)
            continue
        number = hands.take(worker)
        _next(hands, worker, actors, promised)
        yield number, outcome


def _room(ray: Any, workers: int) -> int:
    """How many actors the cluster has processors for; those beyond would wait for the others to end."""
    processors = int(ray.cluster_resources().get("CPU", 0))
    if not processors:
        raise ScanError("the Ray cluster has no processors to scan with: start a node with --num-cpus")
    return min(workers, processors)


def _next(hands: Hands, worker: int, actors: dict[int, Any], promised: dict[Any, int]) -> None:
    """Give an actor a file, or send it home where none is left, so that another one has its processor."""
    item = hands.give(worker)
    if item is None:
        del actors[worker]
    else:
        promised[actors[worker].outcome.remote(item)] = worker
