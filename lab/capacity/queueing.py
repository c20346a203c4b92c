"""A queue of jobs as the service has it, simulated: workers, tenants that take turns, bursts, a day's hours.

Whoever is free takes the oldest job of the tenant whose turn was longest ago (`api.jobs.leases`). A job runs
to its end. Left out: priorities, the place for newcomers (decision 0154), failures and second attempts.
"""

import heapq
import random
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import factorial

DAY_S = 86_400.0


@dataclass(frozen=True)
class Arrival:
    """A job that comes in.

    Attributes:
        at_s: when.
        takes_s: how long a worker has it.
        tenant: whose it is.
    """

    at_s: float
    takes_s: float
    tenant: int = 0


@dataclass(frozen=True)
class Day:
    """How jobs come in on a day.

    Attributes:
        jobs: how many are expected.
        hours: the weight of each hour, 24 of them.
        bursts: the part of the jobs that come in bursts, all jobs of one at once.
        burst: jobs in a burst, such as an album or a batch.
        shares: the weight of each tenant.
    """

    jobs: float
    hours: Sequence[float]
    bursts: float = 0.0
    burst: int = 1
    shares: Sequence[float] = (1.0,)

    def arrivals(self, takes: Callable[[], float], rng: random.Random) -> list[Arrival]:
        """The jobs of one day, in order: singles and bursts are Poisson processes, faster in busy hours.

        Args:
            takes: draws how long a job takes, in seconds.
            rng: draws the rest.
        """
        tenants = range(len(self.shares))
        singles = [(at, 1) for at in self._moments(self.jobs * (1 - self.bursts), rng)]
        bursts = [(at, self.burst) for at in self._moments(self.jobs * self.bursts / self.burst, rng)]
        found = []
        for at, count in sorted(singles + bursts):
            (tenant,) = rng.choices(tenants, self.shares)
            found += [Arrival(at, takes(), tenant) for _ in range(count)]
        return found

    def _moments(self, count: float, rng: random.Random) -> Iterator[float]:
        whole = sum(self.hours)
        for hour, weight in enumerate(self.hours):
            rate = count * weight / whole / 3600
            at = 0.0
            while rate and (at := at + rng.expovariate(rate)) < 3600:
                yield 3600 * hour + at


@dataclass(frozen=True)
class Waited:
    """How long one job waited until a worker had it."""

    arrival: Arrival
    wait_s: float


def waits(arrivals: Sequence[Arrival], workers: int) -> list[Waited]:
    """How long each job waits, in the order in which they were begun.

    Args:
        arrivals: in the order of their time.
        workers: how many jobs run at once.
    """
    free = [0.0] * workers  # when each worker is next free, the earliest first
    lines: dict[int, deque[Arrival]] = {}
    turns: dict[int, int] = {}
    begun: list[Waited] = []
    coming = deque(arrivals)
    waiting = 0
    while coming or waiting:
        now = free[0] if waiting else max(free[0], coming[0].at_s)
        while coming and coming[0].at_s <= now:
            job = coming.popleft()
            lines.setdefault(job.tenant, deque()).append(job)
            waiting += 1
        tenant = min(
            (one for one, line in lines.items() if line),
            key=lambda one: (turns.get(one, -1), lines[one][0].at_s),
        )
        job = lines[tenant].popleft()
        waiting -= 1
        turns[tenant] = len(begun)
        begun.append(Waited(job, now - job.at_s))
        heapq.heapreplace(free, now + job.takes_s)
    return begun


def quantile(waited: Sequence[Waited], share: float) -> float:
    """The wait, in seconds, that so many of the jobs did not exceed; 0 where there are none."""
    ordered = sorted(one.wait_s for one in waited)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def needed(
    day: Day, takes: Callable[[random.Random], float], limit_s: float, *, seed: int = 1, days: int = 3
) -> tuple[int, list[Waited]]:
    """The fewest workers that keep the 95th percentile of the wait within a limit, and the waits they leave.

    The same jobs are given to every number of workers, and more workers never make a job wait longer, so the
    search halves.

    Args:
        day: how jobs come in; it is repeated, and a day's rest is the next one's beginning.
        takes: draws how long a job takes, in seconds.
        limit_s: of the wait.
        seed: of the drawing.
        days: how many are simulated.
    """
    rng = random.Random(seed)
    jobs = [
        Arrival(number * DAY_S + one.at_s, one.takes_s, one.tenant)
        for number in range(days)
        for one in day.arrivals(lambda: takes(rng), rng)
    ]
    low, high = 0, 1
    while quantile(waits(jobs, high), 0.95) > limit_s:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if quantile(waits(jobs, middle), 0.95) <= limit_s else (middle, high)
    return high, waits(jobs, high)


def erlang_c(workers: int, load: float) -> float:
    """The chance that a job waits at all, in M/M/c (Erlang's second formula, 1917).

    Args:
        workers: c.
        load: jobs that come in while one is done; below `workers`.
    """
    last = load**workers / factorial(workers) * workers / (workers - load)
    return last / (sum(load**k / factorial(k) for k in range(workers)) + last)


def mean_wait_mmc(workers: int, rate: float, takes_s: float) -> float:
    """The mean wait in M/M/c, in seconds: jobs come at `rate` a second and take `takes_s` on average."""
    return erlang_c(workers, rate * takes_s) * takes_s / (workers - rate * takes_s)


def mean_wait_md1(rate: float, takes_s: float) -> float:
    """The mean wait in M/D/1, in seconds (Pollaczek and Khinchine): each job takes just `takes_s`."""
    load = rate * takes_s
    return load * takes_s / (2 * (1 - load))
