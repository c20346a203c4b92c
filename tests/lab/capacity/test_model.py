"""The model says what its pages and inputs say, and a page that lacks a number is told by its name."""

import json
import random
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from lab.capacity import published
from lab.capacity.__main__ import page
from lab.capacity.model import SETS, Cost, Queue, inputs, mean_s, queue
from lab.capacity.storage import Stored
from lab.published import BENCHMARKS, NotPublished

STORED = Stored(180, 10_000_000, 30_000, 900_000, 20_000, 300.0, 9_000.0, 200_000.0, 160_000.0)


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    """The published pages, and made-up numbers where a page has them beside it."""
    for name in ("speed", "load", "log", "fingerprint-million"):
        (tmp_path / f"{name}.md").write_text((BENCHMARKS / f"{name}.md").read_text("utf-8"), "utf-8")
    many = {"databases": [{"name": "SQLite", "bytes_per_audit": 8_000}]}
    (tmp_path / "load-hundred-thousand.json").write_text(json.dumps(many))
    (tmp_path / "storage.json").write_text(json.dumps(asdict(STORED)))
    return tmp_path


def test_the_published_pages_say_what_the_model_needs(pages: Path) -> None:
    found = published.published(pages)
    assert found.costs.keys() == SETS.keys()
    assert all(len(cost.points) >= 2 and cost.points[0][1] > 0 for cost in found.costs.values())
    assert found.costs["all"].seconds(180) > found.costs["music"].seconds(180)
    assert found.log_per_s > 1000 and found.proof_of >= 1e6 and found.index[0] >= 1e4
    assert (found.row_bytes, found.stored) == ({"SQLite": 8_000}, STORED)


@pytest.mark.parametrize("name", ["speed.md", "log.md", "fingerprint-million.md", "storage.json", "load.md"])
def test_a_page_that_is_not_there_is_named(pages: Path, name: str) -> None:
    (pages / name).unlink()
    with pytest.raises(NotPublished, match=name):
        published.published(pages)


def test_other_lengths_lie_on_the_line() -> None:
    cost = Cost([(30.0, 1.0), (180.0, 7.0)], 0.5)
    assert [cost.seconds(length) for length in (30, 105, 180, 330)] == [1.5, 4.5, 7.5, 13.5]
    assert Cost([(30.0, 1.0), (60.0, 7.0)], 0.5).seconds(10) == 0.5  # never less than what is added


def test_lengths_are_drawn_as_assumed() -> None:
    demand, rng = inputs().demand, random.Random(1)
    drawn = sorted(demand.length_s(rng) for _ in range(10_000))
    assert drawn[0] >= demand.lengths_s[0][1] and drawn[-1] <= demand.lengths_s[-1][1]
    assert drawn[5_000] == pytest.approx(190, abs=6)  # six standard deviations of the median
    flat = Cost([(0.0, 2.0), (1000.0, 2.0)], 0.0)
    assert mean_s(flat, demand, 10) == 2.0


def test_a_longer_limit_needs_no_more_workers() -> None:
    demand = replace(inputs().demand, uploads_per_day=3_000)
    cost = Cost([(30.0, 5.0), (180.0, 30.0)], 1.0)
    short, long = (queue(cost, demand, limit, days=1) for limit in (30.0, 3600.0))
    assert 1 <= long.workers <= short.workers
    assert short.p95_s <= 30.0 and long.p95_s <= 3600.0
    assert 0 < short.busy <= long.busy <= 1.2  # what is left at midnight is counted to its day


def test_the_page_says_what_is_not_measured(pages: Path) -> None:
    found, given = published.published(pages), inputs()
    queues = [Queue(limit, 40, limit / 2, limit / 3, 0.5) for limit in given.demand.wait_limits_s]
    told = page(found, given, queues)
    assert "On a GPU: not measured." in told and "was not measured" in told
    assert f"as of {given.as_of}" in told and "100,000 uploads a day" in told
    audits = 100_000 * given.demand.kept_days
    assert f"| its signed report | files | 30,000 | {audits:,} | {30_000 * audits / 1e9:,.0f} GB |" in told
    workers = 40 * 24 * 365 / 12 * given.prices.core_hour
    assert f"| workers, 95 % wait 300 s at most | 40 cores | {workers:,.0f} |" in told
    assert (
        "so there are 466 of them" in told
    )  # 100 million times 20,000 hashes, 4.29 thousand million in each
