"""The model: what a day of uploads takes of processors and storage, and what that costs at stated prices."""

import random
import tomllib
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from lab.capacity.queueing import DAY_S, Day, needed, quantile

INPUTS = Path(__file__).with_name("inputs.toml")
SETS: Mapping[str, Sequence[str]] = {
    "all": (),
    "without voice": ("watermark", "credentials", "fingerprint", "music"),
    "ownership": ("watermark", "credentials", "fingerprint"),
    "fingerprint and credentials": ("fingerprint", "credentials"),
    "music": ("music",),
}
"""What is asked of an audit; none is everything, which was measured together."""


@dataclass(frozen=True)
class Demand:
    """What comes in, as `inputs.toml` says."""

    uploads_per_day: int
    catalogue_tracks: int
    hours: Sequence[float]
    burst_share: float
    burst_jobs: int
    tenants: Sequence[float]
    lengths_s: Sequence[tuple[float, float]]
    wait_limits_s: Sequence[float]
    kept_days: int

    def length_s(self, rng: random.Random) -> float:
        """The length of a track, in seconds."""
        return _between(self.lengths_s, rng.random())

    def day(self) -> Day:
        """How jobs come in."""
        return Day(self.uploads_per_day, self.hours, self.burst_share, self.burst_jobs, self.tenants)


@dataclass(frozen=True)
class Prices:
    """Stated prices, of `currency`."""

    currency: str
    core_hour: float
    block_gb_month: float
    object_gb_month: float


@dataclass(frozen=True)
class Inputs:
    """What is assumed, and on which day."""

    as_of: date
    demand: Demand
    prices: Prices


def inputs(path: Path = INPUTS) -> Inputs:
    """What a file assumes."""
    told = tomllib.loads(path.read_text("utf-8"))
    return Inputs(told["as_of"], Demand(**told["demand"]), Prices(**told["prices"]))


def _between(points: Sequence[tuple[float, float]], at: float) -> float:
    """The value at a place, by straight lines through points and on beyond the outer ones."""
    place = min(max(bisect_right([x for x, _ in points], at), 1), len(points) - 1)
    (left, low), (right, high) = points[place - 1], points[place]
    return low + (high - low) * (at - left) / (right - left)


@dataclass(frozen=True)
class Cost:
    """Processor seconds of an audit by the length of its audio, of one set of checks.

    Attributes:
        points: lengths and seconds that were measured, shortest first; two at least.
        served_s: what report, pictures and the service add.
    """

    points: Sequence[tuple[float, float]]
    served_s: float

    def seconds(self, length_s: float) -> float:
        """Of one audit."""
        return max(0.0, _between(self.points, length_s)) + self.served_s


def costs(measured: Mapping[str, Mapping[int, float]], served_s: float) -> dict[str, Cost]:
    """What an audit costs, for each of `SETS`; of several checks the sum of each asked alone."""
    found = {}
    for name, checks in SETS.items():
        parts = [measured[check] for check in checks or ("all",)]
        lengths = sorted(set.intersection(*(set(part) for part in parts)))
        found[name] = Cost([(length, sum(part[length] for part in parts)) for length in lengths], served_s)
    return found


def mean_s(cost: Cost, demand: Demand, draws: int = 20_000) -> float:
    """Processor seconds of the mean audit; drawn, so to about one per cent."""
    rng = random.Random(1)
    return sum(cost.seconds(demand.length_s(rng)) for _ in range(draws)) / draws


@dataclass(frozen=True)
class Queue:
    """How many workers it takes, and what is waited then.

    Attributes:
        limit_s: that 95 % of the jobs may wait.
        workers: the fewest, of one core each.
        p95_s: that 95 % waited at most.
        small_s: the same for the tenant with the least weight.
        busy: the part of their time in which the workers work.
    """

    limit_s: float
    workers: int
    p95_s: float
    small_s: float
    busy: float


def queue(cost: Cost, demand: Demand, limit_s: float, days: int = 2) -> Queue:
    """Simulate days of uploads."""
    workers, waited = needed(demand.day(), lambda rng: cost.seconds(demand.length_s(rng)), limit_s, days=days)
    small = min(range(len(demand.tenants)), key=demand.tenants.__getitem__)
    worked = sum(one.arrival.takes_s for one in waited)
    return Queue(
        limit_s,
        workers,
        quantile(waited, 0.95),
        quantile([one for one in waited if one.arrival.tenant == small], 0.95),
        worked / (workers * days * DAY_S),
    )
