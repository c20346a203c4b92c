import asyncio
import threading
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from functools import partial

import pytest
from fastapi.testclient import TestClient

from api.server.api_keys import Scope
from api.server.turns import Turns
from tests.api.serving import parts

NEVER_S = 3600.0
"""Between two looks, where a test wants none."""


def run(turns: Turns, work: Callable[[], Awaitable[None]]) -> None:
    async def all_of_it() -> None:
        try:
            await work()
        finally:
            await asyncio.to_thread(turns.close)

    asyncio.run(all_of_it())


async def waiting(turns: Turns, count: int) -> None:
    """Until so many turns wait."""
    while turns._waiting != count:
        await asyncio.sleep(0)


class Busy:
    """Work that goes on until it may end."""

    def __init__(self) -> None:
        self.begun, self.may_end = threading.Event(), threading.Event()

    def __call__(self) -> None:
        self.begun.set()
        self.may_end.wait()


def test_answers_failures_and_the_callers_context_go_through() -> None:
    said: ContextVar[str] = ContextVar("said")
    turns = Turns()

    async def work() -> None:
        said.set("hello")
        assert await turns.take("a", said.get) == "hello"
        with pytest.raises(ZeroDivisionError):
            await turns.take(None, partial(divmod, 1, 0))
        # Not even what Python means for its own loops is lost: nobody may wait for ever.
        with pytest.raises(RuntimeError):
            await turns.take("a", partial(next, iter(())))
        assert await turns.take("a", said.get) == "hello"

    run(turns, work)


def test_no_more_go_on_at_once_than_there_are_places() -> None:
    turns, lock = Turns(places=2, look_s=NEVER_S), threading.Lock()
    here, most = 0, 0

    def one() -> None:
        nonlocal here, most
        with lock:
            here += 1
            most = max(most, here)
        threading.Event().wait(0.001)
        with lock:
            here -= 1

    async def work() -> None:
        await asyncio.gather(*(turns.take(str(number % 5), one) for number in range(40)))
        assert most == 2 == len(turns._threads)

    run(turns, work)


def test_a_tenant_with_many_requests_waits_behind_its_own() -> None:
    turns, busy = Turns(places=1, look_s=NEVER_S), Busy()
    served: list[str] = []

    async def work() -> None:
        first = asyncio.create_task(turns.take("greedy", busy))
        await asyncio.to_thread(busy.begun.wait)
        wanted = [("greedy", f"greedy {n}") for n in range(20)] + [("modest", "modest"), (None, "unknown")]
        others = [
            asyncio.create_task(turns.take(tenant, partial(served.append, name))) for tenant, name in wanted
        ]
        await waiting(turns, len(wanted))
        busy.may_end.set()
        await asyncio.gather(first, *others)

    run(turns, work)
    assert served[:4] == ["greedy 0", "modest", "unknown", "greedy 1"]
    assert sorted(served[3:]) == sorted(f"greedy {n}" for n in range(1, 20))


def test_long_work_holds_up_nobody_and_its_threads_end_with_it() -> None:
    turns = Turns(places=2, most=5, look_s=0.001)
    long = [Busy() for _ in range(3)]

    async def work() -> None:
        going_on = [asyncio.create_task(turns.take("a", one)) for one in long]
        for one in long:  # the third one, too, though there are two places
            await asyncio.to_thread(one.begun.wait)
        assert await turns.take("a", partial(int, "7")) == 7
        for one in long:
            one.may_end.set()
        await asyncio.gather(*going_on)
        assert len(turns._threads) == 2 and not turns._long and not turns._going_on
        assert await turns.take("b", partial(int, "8")) == 8

    run(turns, work)


def test_there_are_never_more_threads_than_the_most() -> None:
    turns = Turns(places=1, most=3, look_s=0.001)
    long = [Busy() for _ in range(5)]

    async def work() -> None:
        going_on = [asyncio.create_task(turns.take("a", one)) for one in long]
        for one in long[:3]:
            await asyncio.to_thread(one.begun.wait)
        for _ in range(20):  # looks
            await asyncio.sleep(0.001)
        assert len(turns._threads) == 3 and not long[3].begun.is_set()
        for one in long:
            one.may_end.set()
        await asyncio.gather(*going_on)

    run(turns, work)


def test_whoever_is_cut_off_takes_no_answer_from_others() -> None:
    turns, busy = Turns(places=1, look_s=NEVER_S), Busy()

    async def work() -> None:
        cut_off = asyncio.create_task(turns.take("a", busy))
        await asyncio.to_thread(busy.begun.wait)
        cut_off.cancel()
        busy.may_end.set()
        assert await turns.take("a", partial(int, "7")) == 7
        with pytest.raises(asyncio.CancelledError):
            await cut_off

    run(turns, work)


def test_reads_take_the_turns_of_their_tenant_and_writes_none(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = parts(client).keys.create("theirs", frozenset({Scope.ADMIN}), tenant="label-b")
    theirs = {"Authorization": f"Bearer {made.secret}"}
    taken: list[str | None] = []
    take = Turns.take

    async def noted(turns: Turns, line: str | None, work: Callable[[], object]) -> object:
        taken.append(line)
        return await take(turns, line, work)

    monkeypatch.setattr(Turns, "take", noted)
    assert client.get("/v1/audits", headers=theirs).status_code == 200
    assert taken == [None, "label-b"]  # who asks, and then what is asked
    taken.clear()
    assert client.get("/v1/log/checkpoint").status_code == 200
    assert taken == [None]
    taken.clear()
    asked = {"name": "x", "scopes": ["audits:read"]}
    assert client.post("/v1/keys", json=asked, headers=theirs).status_code == 201
    assert taken == [None]
