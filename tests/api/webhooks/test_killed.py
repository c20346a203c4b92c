"""A message whose sender is killed arrives: once, or twice under one id where the answer was lost."""

from collections.abc import Iterator, Mapping

import pytest

from api import database
from api.webhooks.address import Destination
from api.webhooks.delivering import LEASE
from tests.api.killing import Killed, Life, killed_writing
from tests.api.webhooks.test_delivering import Bench

WRITES = ["commit webhook_deliveries", "send", "commit webhook_deliveries webhook_endpoints"]


@pytest.fixture
def bench(database_url: str) -> Iterator[Bench]:
    engine = database.connect(database_url)
    database.upgrade(engine)
    yield Bench(engine)
    engine.dispose()


def test_a_message_whose_sender_is_killed_anywhere_arrives(bench: Bench) -> None:
    deliver = bench.receiver.__call__
    for number, times in ((1, 1), (2, 1), (3, 2), (0, 1)):
        bench.receiver.came.clear()
        bench.tell()
        life = Life((), number)

        def send(to: Destination, headers: Mapping[str, str], body: bytes, alive: Life = life) -> int:
            alive.step("send")
            return deliver(to, headers, body)

        dying = bench.another()
        dying._send = send
        with killed_writing(bench.engine, life):
            try:
                dying.run_dry()
            except Killed:
                assert life.ended
        assert life.reached == WRITES[: number or None]
        if number > 1:
            assert not bench.another().once()  # as long as the dead one might be alive
        bench.now += LEASE
        bench.now += LEASE
        bench.another().run_dry()
        ids = [headers["webhook-id"] for headers, _ in bench.receiver.came]
        assert len(ids) == times and len(set(ids)) == 1, number
        newest = bench.deliveries()[0]
        assert (newest.id, newest.state) == (ids[0], "delivered")
        assert newest.attempts == (2 if number > 1 else 1)
    assert len(bench.deliveries()) == 4
