"""The queue: one holder at a time, whatever becomes of him, and tenants in turn."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from api.errors import ConflictingEntry, UnknownEntry
from api.jobs.books import Jobs
from api.jobs.job import Job, Upload
from api.jobs.leases import Lease, LeaseLost, Leases
from api.registry.registry import Registry
from api.settings import Settings
from tests.api.jobs.conftest import ATTEMPTS, LEASE_S, Queue


def taken(queue: Queue, worker: str = "worker") -> Lease:
    lease = queue.leases.take(worker)
    assert lease is not None
    return lease


def test_a_job_is_held_by_one_worker(queue: Queue) -> None:
    job = queue.enter()
    lease = taken(queue, "first")
    assert (lease.job.state, lease.job.worker, lease.job.attempts) == ("running", "first", 1)
    assert queue.leases.take("second") is None
    assert queue.leases.take_this(job.id, "second") is None
    queue.leases.succeed(lease, {"found": 1})
    done = queue.now(job)
    assert (done.state, done.result, done.worker, done.leased_until) == (
        "succeeded",
        {"found": 1},
        None,
        None,
    )
    assert queue.leases.take("second") is None


def test_workers_that_come_at_one_moment_never_share_a_job(queue: Queue) -> None:
    jobs = {queue.enter().id for _ in range(12)}
    with ThreadPoolExecutor(6) as crowd:
        got = list(crowd.map(lambda n: queue.leases.take(f"worker {n}"), range(18)))
    assert sorted(lease.id for lease in got if lease is not None) == sorted(jobs)


def test_a_silent_worker_loses_its_job_to_any_other(queue: Queue) -> None:
    job = queue.enter()
    first = taken(queue, "host-a")
    queue.pass_s(LEASE_S - 1)
    assert queue.leases.take("host-b") is None
    queue.pass_s(2)
    second = taken(queue, "host-b")
    assert (second.id, second.job.attempts, second.job.worker) == (job.id, 2, "host-b")
    assert second.job.fence > first.job.fence


def test_a_sign_of_life_keeps_the_job(queue: Queue) -> None:
    queue.enter()
    lease = taken(queue)
    for _ in range(5):
        queue.pass_s(LEASE_S - 1)
        assert queue.leases.extend(lease) is False
    assert queue.leases.take("other") is None


@pytest.mark.parametrize("holder_after", ["nobody", "another", "an end", "no row"])
@pytest.mark.parametrize(
    ("write", "arguments"),
    [
        ("succeed", [{"found": "too late"}]),
        ("fail", [{"code": "internal"}]),
        ("cancel", []),
        ("extend", []),
        ("advance", ["music", 0.5]),
    ],
)
def test_who_lost_the_lease_writes_nothing(
    queue: Queue, write: str, arguments: list[Any], holder_after: str
) -> None:
    job = queue.enter()
    stale = taken(queue, "hung")
    queue.pass_s(LEASE_S + 1)
    queue.leases.reclaim()
    if holder_after != "nobody":
        other = taken(queue, "other")
        if holder_after == "an end":
            queue.leases.succeed(other, {"found": "in time"})
        elif holder_after == "no row":
            queue.jobs.delete(job.id, tenant="default", kind="audit")
    before = queue.jobs.find(job.id)
    with pytest.raises(LeaseLost):
        getattr(queue.leases, write)(stale, *arguments)
    with pytest.raises(LeaseLost):
        queue.leases.give_back(stale, counts=False)
    assert queue.jobs.find(job.id) == before


def test_a_lease_that_ran_out_unnoticed_may_be_extended(queue: Queue) -> None:
    """The database was away for longer than a lease, for everybody alike."""
    queue.enter()
    lease = taken(queue)
    queue.pass_s(10 * LEASE_S)
    queue.leases.extend(lease)
    assert queue.leases.take("other") is None


def test_crashes_cost_attempts_and_the_last_one_ends_the_job(queue: Queue) -> None:
    job = queue.enter()
    for attempt in range(1, ATTEMPTS + 1):
        assert taken(queue).job.attempts == attempt
        queue.pass_s(LEASE_S + 1)
    assert queue.leases.take("worker") is None
    done = queue.now(job)
    assert done.error is not None
    assert (done.state, done.error["code"], done.attempts) == ("failed", "job-crashed", ATTEMPTS)
    assert done.finished_at is not None


def test_orderly_stops_cost_none(queue: Queue) -> None:
    job = queue.enter()
    for _ in range(10):
        queue.leases.give_back(taken(queue), counts=False)
    assert (queue.now(job).state, queue.now(job).attempts) == ("queued", 0)
    assert taken(queue).job.attempts == 1


def test_what_a_release_without_leases_left_running_is_taken_up(queue: Queue) -> None:
    job = queue.enter()
    taken(queue)
    from sqlalchemy import text

    with queue.engine.begin() as connection:
        connection.execute(text("UPDATE jobs SET leased_until = NULL, worker = NULL"))
    assert taken(queue).id == job.id


def order(queue: Queue) -> list[Job]:
    got = []
    while (lease := queue.leases.take("worker")) is not None:
        got.append(lease.job)
    return got


def test_tenants_take_turns_and_inside_one_the_first_is_first(queue: Queue) -> None:
    many = [queue.enter("many").id for _ in range(40)]
    one = queue.enter("one").id
    two = [queue.enter("two").id for _ in range(2)]
    served = order(queue)
    assert [job.id for job in served if job.tenant == "many"] == many
    assert [job.id for job in served if job.tenant == "two"] == two
    names = [job.tenant for job in served]
    assert {*names[:3]} == {"many", "one", "two"}
    assert one in [job.id for job in served[:3]]
    assert {*names[3:5]} == {"many", "two"}


def test_who_was_served_last_waits_for_the_others(queue: Queue) -> None:
    for _ in range(5):
        queue.enter("many")
    assert taken(queue).job.tenant == "many"
    late = queue.enter("late")
    assert taken(queue).id == late.id
    again = queue.enter("late")
    assert taken(queue).job.tenant == "many"
    assert taken(queue).id == again.id


def test_a_priority_orders_ones_own_jobs_only(queue: Queue) -> None:
    low = queue.enter("a", priority="low").id
    normal = queue.enter("a").id
    high = queue.enter("a", priority="high").id
    other = queue.enter("b", priority="low").id
    served = [job.id for job in order(queue)]
    assert [one for one in served if one != other] == [high, normal, low]
    assert served.index(other) <= 1


def test_a_job_that_is_given_back_keeps_its_place(queue: Queue) -> None:
    first, second = queue.enter(), queue.enter()
    queue.leases.give_back(taken(queue), counts=True)
    assert [job.id for job in order(queue)] == [first.id, second.id]


def test_a_queued_job_is_cancelled_at_once(queue: Queue) -> None:
    job = queue.enter()
    done = queue.jobs.cancel(job.id, tenant="default", kind="audit")
    assert done.error is not None
    assert (done.state, done.error["code"]) == ("cancelled", "cancelled")
    assert queue.leases.take("worker") is None
    assert queue.jobs.cancel(job.id, tenant="default", kind="audit") == done


def test_a_running_job_hears_that_it_is_cancelled(queue: Queue) -> None:
    job = queue.enter()
    lease = taken(queue)
    assert queue.leases.advance(lease, "decode", 0.1) is False
    assert queue.jobs.cancel(job.id, tenant="default", kind="audit").state == "running"
    asked = queue.now(job).cancel_requested_at
    assert asked is not None
    assert queue.jobs.cancel(job.id, tenant="default", kind="audit").cancel_requested_at == asked
    assert queue.leases.extend(lease) is True
    assert queue.leases.advance(lease, "music", 0.4) is True
    queue.leases.cancel(lease)
    assert queue.now(job).state == "cancelled"


@pytest.mark.parametrize("end", ["killed", "stopped"])
def test_a_job_that_should_stop_is_never_started_again(queue: Queue, end: str) -> None:
    job = queue.enter()
    lease = taken(queue)
    queue.jobs.cancel(job.id, tenant="default", kind="audit")
    if end == "killed":
        queue.pass_s(LEASE_S + 1)
        assert queue.leases.take("other") is None
    else:
        queue.leases.give_back(lease, counts=False)
    assert queue.now(job).state == "cancelled"


def test_a_job_that_ended_before_it_heard_keeps_its_result(queue: Queue) -> None:
    job = queue.enter()
    lease = taken(queue)
    queue.jobs.cancel(job.id, tenant="default", kind="audit")
    queue.leases.succeed(lease, {})
    assert queue.now(job).state == "succeeded"
    with pytest.raises(ConflictingEntry):
        queue.jobs.cancel(job.id, tenant="default", kind="audit")


def test_a_job_that_nobody_takes_expires(queue: Queue) -> None:
    old = queue.enter()
    queue.time = old.created_at + timedelta(hours=1)
    queue.leases.expire(timedelta(hours=2))
    assert queue.now(old).state == "queued"
    queue.pass_s(3601)
    queue.leases.expire(timedelta(hours=2))
    done = queue.now(old)
    assert done.error is not None
    assert (done.state, done.error["code"]) == ("expired", "expired")


@pytest.mark.parametrize("end", ["failed", "cancelled", "expired"])
def test_what_ended_without_a_result_is_tried_again_while_its_audio_is_kept(queue: Queue, end: str) -> None:
    job = queue.enter()
    if end == "failed":
        for _ in range(ATTEMPTS):
            taken(queue)
            queue.pass_s(LEASE_S + 1)
        queue.leases.reclaim()
    elif end == "cancelled":
        queue.jobs.cancel(job.id, tenant="default", kind="audit")
    else:
        queue.time = job.created_at + timedelta(seconds=2)
        queue.leases.expire(timedelta(seconds=1))
    assert queue.now(job).state == end
    mine: Any = {"tenant": "default", "kind": "audit"}
    with pytest.raises(ConflictingEntry):
        queue.jobs.retry(job.id, **mine, has_audio=lambda _: False)
    with pytest.raises(UnknownEntry):
        queue.jobs.retry(job.id, tenant="other", kind="audit", has_audio=lambda _: True)
    again = queue.jobs.retry(job.id, **mine, has_audio=lambda _: True)
    assert (again.state, again.attempts, again.error, again.finished_at) == ("queued", 0, None, None)
    assert again.cancel_requested_at is None
    with pytest.raises(ConflictingEntry):  # it waits already
        queue.jobs.retry(job.id, **mine, has_audio=lambda _: True)
    lease = taken(queue)
    with pytest.raises(ConflictingEntry):
        queue.jobs.retry(job.id, **mine, has_audio=lambda _: True)
    queue.leases.succeed(lease, {})
    with pytest.raises(ConflictingEntry):
        queue.jobs.retry(job.id, **mine, has_audio=lambda _: True)


def test_audio_that_is_gone_is_not_tried_again(queue: Queue) -> None:
    job = queue.enter()
    queue.jobs.cancel(job.id, tenant="default", kind="audit")
    queue.jobs.audio_deleted(job.id)
    with pytest.raises(ConflictingEntry, match="send the file again"):
        queue.jobs.retry(job.id, tenant="default", kind="audit", has_audio=lambda _: True)


def test_a_place_for_newcomers_is_for_tenants_without_a_running_job(queue: Queue) -> None:
    for tenant in ("a", "a", "b"):
        queue.enter(tenant)
    queue.enter("b", kind="lookup")
    first = queue.leases.take("worker", {"audit"})
    assert first is not None and first.job.tenant == "a"
    guest = queue.leases.take("worker", {"audit"}, newcomers=True)
    assert guest is not None and guest.job.tenant == "b"
    assert queue.leases.take("worker", {"audit"}, newcomers=True) is None, "only the first has one waiting"
    brief = queue.leases.take("worker", {"lookup"}, newcomers=True)
    assert brief is not None, "an audit that runs takes nobody's place for lookups"
    queue.leases.succeed(first, {})
    again = queue.leases.take("worker", {"audit"}, newcomers=True)
    assert again is not None and again.job.tenant == "a"


def test_who_takes_a_job_learns_whether_its_tenant_has_more_waiting(queue: Queue) -> None:
    for tenant in ("a", "a", "b"):
        queue.enter(tenant)
    taken = [queue.leases.take("worker") for _ in range(3)]
    assert [(lease.job.tenant, lease.more_waits) for lease in taken if lease is not None] == [
        ("a", True), ("b", False), ("a", False),
    ]  # fmt: skip


def test_leases_are_judged_by_the_databases_own_time(database_url: str, home: Path) -> None:
    registry = Registry.open(Settings(home=home, database_url=database_url))
    leases = Leases(registry.engine, lease_s=3600, attempts=3)
    jobs = Jobs(registry.engine)
    jobs.create("audit", "default", Upload("a.wav", "a", "ab" * 32, 1), {})
    lease = leases.take("a")
    assert lease is not None
    assert lease.job.leased_until is not None
    assert lease.job.started_at is not None
    assert (lease.job.leased_until - lease.job.started_at).total_seconds() == 3600
    assert leases.take("b") is None
    registry.close()
