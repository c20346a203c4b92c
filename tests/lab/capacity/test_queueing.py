"""The simulated queue waits as the formulas say where there are some, and takes turns as the service does."""

import random
from collections import Counter

import pytest

from lab.capacity.queueing import (
    Arrival,
    Day,
    Waited,
    erlang_c,
    mean_wait_md1,
    mean_wait_mmc,
    needed,
    quantile,
    waits,
)

FLAT = (1.0,) * 24


def poisson(count: int, rate: float, mean_s: float, seed: int, *, fixed: bool = False) -> list[Arrival]:
    rng, at, made = random.Random(seed), 0.0, []
    for _ in range(count):
        at += rng.expovariate(rate)
        made.append(Arrival(at, mean_s if fixed else rng.expovariate(1 / mean_s)))
    return made


def mean(waited: list[Waited]) -> float:
    return sum(one.wait_s for one in waited) / len(waited)


# The seeds are fixed, so the result is. The bounds are about four standard errors of such a mean, whose jobs
# wait together: of ten thousand other seeds all but a few would pass as well.
@pytest.mark.parametrize(("workers", "rate"), [(1, 0.6), (2, 1.4), (5, 4.0), (20, 17.0)])
def test_the_mean_wait_is_that_of_m_m_c(workers: int, rate: float) -> None:
    found = mean(waits(poisson(100_000, rate, 1.0, 7), workers))
    assert found == pytest.approx(mean_wait_mmc(workers, rate, 1.0), rel=0.08)


@pytest.mark.parametrize("rate", [0.3, 0.7])
def test_the_mean_wait_is_that_of_m_d_1(rate: float) -> None:
    found = mean(waits(poisson(100_000, rate, 1.0, 5, fixed=True), 1))
    assert found == pytest.approx(mean_wait_md1(rate, 1.0), rel=0.05)


def test_as_many_jobs_wait_as_erlang_says() -> None:
    found = waits(poisson(100_000, 4.0, 1.0, 3), 5)
    waited = sum(one.wait_s > 0 for one in found) / len(found)
    assert waited == pytest.approx(erlang_c(5, 4.0), abs=0.02)


def test_the_formulas_have_their_known_values() -> None:
    assert erlang_c(1, 0.5) == pytest.approx(0.5)  # M/M/1: as often as it is busy
    assert mean_wait_mmc(1, 0.5, 1.0) == pytest.approx(1.0)  # rho / (1 - rho)
    assert mean_wait_mmc(2, 1.0, 1.0) == pytest.approx(1 / 3)  # rho^2 / (1 - rho^2) for two, rho = 1/2
    assert mean_wait_md1(0.5, 1.0) == pytest.approx(mean_wait_mmc(1, 0.5, 1.0) / 2)  # half of M/M/1


def test_tenants_take_turns() -> None:
    crowd = [Arrival(0.0, 10.0, 1) for _ in range(50)] + [Arrival(1.0, 10.0, 2)]
    begun = waits(crowd, 1)
    assert [one.arrival.tenant for one in begun[:3]] == [1, 2, 1]
    assert begun[1].wait_s == 9.0  # behind the job that ran, and not behind the fifty
    assert len(begun) == 51


def test_one_tenant_is_served_in_order() -> None:
    jobs = [Arrival(float(number), 5.0) for number in range(10)]
    assert [one.arrival for one in waits(jobs, 1)] == jobs
    assert [one.wait_s for one in waits(jobs, 1)] == [4.0 * number for number in range(10)]
    assert all(one.wait_s == 0 for one in waits(jobs, 5))


def test_a_day_has_its_jobs_in_its_hours() -> None:
    hours = [0.0] * 12 + [1.0] * 6 + [3.0] * 6
    day = Day(20_000, hours, bursts=0.5, burst=10, shares=(3.0, 1.0))
    jobs = day.arrivals(lambda: 1.0, random.Random(2))
    assert len(jobs) == pytest.approx(20_000, rel=0.067)  # four standard deviations
    assert [one.at_s for one in jobs] == sorted(one.at_s for one in jobs)
    assert jobs[0].at_s >= 12 * 3600
    late = sum(one.at_s >= 18 * 3600 for one in jobs) / len(jobs)
    assert late == pytest.approx(0.75, abs=0.05)
    assert Counter(one.tenant for one in jobs)[0] / len(jobs) == pytest.approx(0.75, abs=0.05)
    assert Counter(Counter(one.at_s for one in jobs).values()).keys() == {1, 10}


def test_the_fewest_workers_are_found() -> None:
    day = Day(2_000, FLAT)
    workers, left = needed(day, lambda _rng: 60.0, 30.0, days=1)
    rng = random.Random(1)
    jobs = day.arrivals(lambda: 60.0, rng)
    assert left == waits(jobs, workers)
    assert quantile(left, 0.95) <= 30.0 < quantile(waits(jobs, workers - 1), 0.95)


def test_nobody_waits_where_nothing_comes() -> None:
    assert waits([], 3) == [] and quantile([], 0.95) == 0.0
