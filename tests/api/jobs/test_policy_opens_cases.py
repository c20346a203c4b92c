"""The policy opens a case for each audit that it does not accept: in the transaction that ends the audit."""

from typing import Any

import pytest

from api import database
from api.cases.cases import Cases, opened_by_policy
from api.jobs import leases
from api.jobs.leases import LeaseLost
from api.lists.cursors import Cursors
from api.lists.query import Wanted
from tests.api.jobs.conftest import LEASE_S, Queue


def decided(action: str) -> dict[str, Any]:
    rules = [{"rule": "a", "text": "the mark is unknown"}, {"rule": "b", "text": "the voice is a copy"}]
    return {"decision": {"action": action, "rules": rules if action != "accept" else []}}


def cases(queue: Queue, tenant: str = "default") -> list[Any]:
    page = Cases.of(queue.engine, tenant).page(Wanted(), Cursors.of(queue.engine))
    return list(page.entries)


@pytest.mark.parametrize(("action", "opened"), [("accept", 0), ("review", 1), ("reject", 1)])
def test_what_is_not_accepted_opens_one(queue: Queue, action: str, opened: int) -> None:
    job = queue.enter("label-b")
    lease = queue.leases.take("worker")
    assert lease is not None
    queue.leases.succeed(lease, decided(action))
    with pytest.raises(LeaseLost):
        queue.leases.succeed(lease, decided(action))
    found = cases(queue, "label-b")
    assert [(one.audit_id, one.audit_decision, one.state) for one in found] == [
        (job.id, action, "open")
    ] * opened
    assert cases(queue) == []
    for one in found:
        (step,) = Cases.of(queue.engine, "label-b").steps(one.id)
        assert (step.who, step.key_id) == ("the policy", None)
        assert step.said == {"reason": "the mark is unknown; the voice is a copy"}


def test_a_worker_that_lost_the_audit_opens_none(queue: Queue) -> None:
    queue.enter()
    first = queue.leases.take("first")
    queue.pass_s(LEASE_S + 1)
    second = queue.leases.take("second")
    assert first is not None and second is not None
    with pytest.raises(LeaseLost):
        queue.leases.succeed(first, decided("review"))
    assert cases(queue) == []
    queue.leases.succeed(second, decided("review"))
    assert len(cases(queue)) == 1


def test_an_audit_that_does_not_end_leaves_no_case(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the process died behind the case and before the commit."""
    job = queue.enter()
    lease = queue.leases.take("worker")
    assert lease is not None

    def cut_short(*arguments: Any) -> None:
        opened_by_policy(*arguments)
        raise RuntimeError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(leases, "opened_by_policy", cut_short)
        with pytest.raises(RuntimeError, match="killed"):
            queue.leases.succeed(lease, decided("reject"))
    assert queue.now(job).state == "running"
    assert cases(queue) == []
    queue.leases.succeed(lease, decided("reject"))
    assert len(cases(queue)) == 1


def test_a_case_outlives_its_audit(queue: Queue) -> None:
    job = queue.enter()
    lease = queue.leases.take("worker")
    assert lease is not None
    queue.leases.succeed(lease, decided("review"))
    assert cases(queue)[0].audit_kept is True
    queue.jobs.delete(job.id, tenant="default", kind="audit")
    (case,) = cases(queue)
    assert (case.audit_kept, case.audit_id, case.audit_decision) == (False, job.id, "review")


def test_two_that_would_open_the_same_audits_case_open_one(queue: Queue) -> None:
    """Whatever else may go wrong, the table takes one only."""
    job = queue.enter()
    with database.writing(queue.engine) as connection:
        opened_by_policy(connection, job, decided("review"))
    with pytest.raises(Exception, match=r"(?i)unique"), database.writing(queue.engine) as connection:
        opened_by_policy(connection, job, decided("review"))
    assert len(cases(queue)) == 1
