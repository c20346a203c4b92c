"""A message is sent until it arrives, once at a time, and an endpoint that is gone is sent nothing more."""

import json
import socket
import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from sqlalchemy import Engine, insert, text, update

from api import database, telemetry
from api.database.tables import Table
from api.errors import ConflictingEntry
from api.keys.sealing import WrappingKey
from api.lists.cursors import Cursors
from api.outbox.outbox import tell
from api.webhooks import delivering, endpoints, signing
from api.webhooks.address import Addresses, Destination
from api.webhooks.delivering import KEPT, LEASE, WAITS_S, Deliverer, post
from api.webhooks.endpoints import Delivery, Endpoints

URL = "https://label.example/hook"
START = datetime(2026, 11, 28, tzinfo=UTC)


class Receiver:
    """Answers as it is told to, and keeps what came."""

    def __init__(self) -> None:
        self.answers: list[int | Exception] = []
        self.came: list[tuple[Mapping[str, str], bytes]] = []

    def __call__(self, to: Destination, headers: Mapping[str, str], body: bytes) -> int:
        assert (to.url, to.name) == ("https://93.184.215.14:443/hook", "label.example")
        self.came.append((headers, body))
        answer = self.answers.pop(0) if self.answers else 200
        if isinstance(answer, Exception):
            raise answer
        return answer


class Bench:
    """A database with an endpoint, and a clock that is moved by hand."""

    def __init__(self, engine: Engine) -> None:
        self.engine, self.key, self.now = engine, WrappingKey.generate(), START
        self.receiver = Receiver()
        public = Addresses(look_up=lambda _host, _port: ["93.184.215.14"])
        self.endpoints = Endpoints(
            database.for_tenant(engine, "default"), "default", lambda: self.key, public
        )
        self.deliverer = self.another()
        self.endpoint, self.secret = self.endpoints.create(URL, ["audit.completed"])

    def another(self, key: WrappingKey | None = None) -> Deliverer:
        public = Addresses(look_up=lambda _host, _port: ["93.184.215.14"])
        return Deliverer(
            self.engine,
            lambda: key or self.key,
            public,
            send=self.receiver,
            now=lambda _connection: self.now,
            jitter=lambda: 1.0,
        )

    def tell(self, kind: Any = "audit.completed", tenant: str = "default") -> None:
        with database.writing(self.engine) as connection:
            tell(connection, tenant, kind, {"id": "a"})
            due = "UPDATE webhook_deliveries SET next_at = :now, created_at = :now WHERE attempts = 0"
            connection.execute(
                text(due), {"now": self.now if self.postgres else self.now.replace(tzinfo=None)}
            )

    @property
    def postgres(self) -> bool:
        return self.engine.dialect.name == "postgresql"

    def deliveries(self) -> list[Delivery]:
        cursors = Cursors(b"x")
        return self.endpoints.deliveries(
            self.endpoint.id, state=None, limit=50, cursor=None, cursors=cursors
        )[0]


@pytest.fixture
def bench(database_url: str) -> Iterator[Bench]:
    engine = database.connect(database_url)
    database.upgrade(engine)
    yield Bench(engine)
    engine.dispose()


def test_a_message_arrives_signed_and_once(bench: Bench) -> None:
    bench.tell()
    bench.tell("record.event")  # which nobody wants
    bench.tell(tenant="label-b")  # who has no endpoint
    bench.deliverer.run_dry()
    ((headers, body),) = bench.receiver.came
    signing.verify(headers, body, bench.secret, now=int(bench.now.timestamp()))
    assert json.loads(body)["data"] == {"id": "a"} and json.loads(body)["type"] == "audit.completed"
    (one,) = bench.deliveries()
    assert (one.id, one.state, one.status, one.attempts) == (headers["webhook-id"], "delivered", 200, 1)
    assert bench.endpoints.get(bench.endpoint.id).last_delivered_at == START


def test_messages_of_a_suspended_tenant_wait(bench: Bench) -> None:
    bench.tell()
    named = {"tenant": "default", "name": "a label", "created_at": START, "who": "an operator"}
    tenants = Table.metadata.tables["tenants"]
    with database.writing(bench.engine) as connection:
        connection.execute(insert(tenants).values(**named, suspended_at=START))
    assert not bench.deliverer.once() and bench.receiver.came == []
    with database.writing(bench.engine) as connection:
        connection.execute(update(tenants).values(suspended_at=None))
    assert bench.deliverer.once() and len(bench.receiver.came) == 1


def test_a_message_is_tried_for_days_and_then_the_endpoint_is_disabled(bench: Bench) -> None:
    bench.tell()
    bench.receiver.answers = [
        httpx.ConnectError("10.0.0.7 refused"),
        302,
        404,
        ValueError("odd"),
        *[503] * 10,
    ]
    problems = []
    for attempt, wait in enumerate((*WAITS_S, None), start=1):
        assert bench.deliverer.once()
        assert not bench.deliverer.once()
        (one,) = bench.deliveries()
        problems.append(one.problem)
        assert one.attempts == attempt
        if wait is None:
            break
        assert (one.state, one.next_at) == ("pending", bench.now + timedelta(seconds=wait))
        bench.now += timedelta(seconds=wait)
    assert problems[:3] == ["no answer (ConnectError)", "redirects are not followed", "answered 404"]
    assert one.state == "failed" and bench.now - START > timedelta(days=3)
    disabled = bench.endpoints.get(bench.endpoint.id)
    assert disabled.disabled_reason == "nothing has arrived for days"
    ids = {headers["webhook-id"] for headers, _ in bench.receiver.came}
    assert len(ids) == 1  # by which receivers know it
    bench.tell()
    assert len(bench.deliveries()) == 1  # events of a disabled endpoint are not kept


def test_an_endpoint_that_still_takes_others_is_not_disabled(bench: Bench) -> None:
    bench.tell()
    for wait in (*WAITS_S, 0):
        bench.receiver.answers = [500]
        bench.deliverer.once()
        bench.now += timedelta(seconds=wait)
    bench.now = START + timedelta(days=1)
    with database.writing(bench.engine) as connection:
        connection.execute(text("UPDATE webhook_endpoints SET disabled_at = NULL, disabled_reason = NULL"))
    bench.tell()
    bench.deliverer.run_dry()
    assert bench.endpoints.get(bench.endpoint.id).last_delivered_at == bench.now
    (failed,) = [one for one in bench.deliveries() if one.state == "failed"]
    bench.endpoints.replay(bench.endpoint.id, failed.id)
    with database.writing(bench.engine) as connection:
        connection.execute(text("UPDATE webhook_deliveries SET attempts = 9 WHERE state = 'pending'"))
    bench.now = datetime.now(UTC) + timedelta(days=1)
    bench.receiver.answers = [500]
    assert bench.deliverer.once()
    assert bench.endpoints.get(bench.endpoint.id).disabled_at is None


def test_gone_is_gone(bench: Bench) -> None:
    bench.tell()
    bench.receiver.answers = [410]
    bench.deliverer.run_dry()
    assert bench.endpoints.get(bench.endpoint.id).disabled_reason == "it answered 410 Gone"
    assert [one.state for one in bench.deliveries()] == ["failed"]


def test_who_dies_with_a_message_holds_it_no_longer_than_its_lease(bench: Bench) -> None:
    bench.tell()

    def die(*_: Any) -> int:
        raise KeyboardInterrupt

    bench.deliverer._send = die
    with pytest.raises(KeyboardInterrupt):
        bench.deliverer.once()
    other = bench.another()
    assert not other.once()
    bench.now += LEASE + timedelta(seconds=1)
    assert other.once()
    (one,) = bench.deliveries()
    assert (one.state, one.attempts) == ("delivered", 2)


def test_to_one_endpoint_one_message_is_under_way(bench: Bench) -> None:
    second, _ = bench.endpoints.create(URL, ["audit.completed"])
    for _ in range(2):
        bench.tell()
    other = bench.another()
    came: list[str] = []

    def slow(_to: Destination, headers: Mapping[str, str], _body: bytes) -> int:
        came.append(headers["webhook-id"])
        if len(came) == 1:
            assert other.once()  # to the second endpoint
            assert not other.once() or len(bench.receiver.came) == 2
        return 200

    bench.deliverer._send = slow
    bench.deliverer.once()
    mine = {one.id for one in bench.deliveries()}
    assert (
        sum(headers["webhook-id"] in mine for headers, _ in bench.receiver.came) == 0 or came[0] not in mine
    )
    assert second.id != bench.endpoint.id


def test_a_machine_without_the_key_sends_nothing(bench: Bench) -> None:
    bench.tell()
    assert not bench.another(WrappingKey.generate()).once()
    assert bench.deliverer.once()


def test_a_new_secret_signs_beside_the_old_one_for_a_while(bench: Bench) -> None:
    _, fresh = bench.endpoints.rotate(bench.endpoint.id, timedelta(hours=1))
    bench.now = datetime.now(UTC)
    bench.tell()
    bench.deliverer.run_dry()
    bench.now += timedelta(hours=2)
    bench.tell()
    bench.deliverer.run_dry()
    (early, body), (late, last) = bench.receiver.came
    for known in (bench.secret, fresh):
        signing.verify(early, body, known, now=int(early["webhook-timestamp"]))
    signing.verify(late, last, fresh, now=int(late["webhook-timestamp"]))
    assert " " not in late["webhook-signature"]


def test_a_second_rotation_ends_no_secret_that_the_first_one_let_go_on(bench: Bench) -> None:
    _, second = bench.endpoints.rotate(bench.endpoint.id, timedelta(hours=2))
    _, third = bench.endpoints.rotate(bench.endpoint.id, timedelta(hours=1))
    for hours, signing_then in ((0, 3), (1.5, 2), (2.5, 1)):
        bench.now = datetime.now(UTC) + timedelta(hours=hours)
        bench.tell()
        bench.deliverer.run_dry()
        headers, body = bench.receiver.came[-1]
        assert len(headers["webhook-signature"].split(" ")) == signing_then
        known = [third, bench.secret, second] if hours == 0 else [third, bench.secret][:signing_then]
        for secret in known:
            signing.verify(headers, body, secret, now=int(headers["webhook-timestamp"]))


def test_no_more_secrets_sign_than_a_header_holds(bench: Bench) -> None:
    for _ in range(endpoints.MOST_FORMER):
        bench.endpoints.rotate(bench.endpoint.id, timedelta(hours=2))
    with pytest.raises(ConflictingEntry):
        bench.endpoints.rotate(bench.endpoint.id, timedelta(hours=2))


def test_secrets_are_sealed_at_rest(bench: Bench) -> None:
    with database.reading(bench.engine) as connection:
        row = connection.execute(text("SELECT * FROM webhook_endpoints")).one()
    stored = b"".join(v if isinstance(v, bytes) else str(v).encode() for v in map(_plain, row))
    assert bench.secret.removeprefix("whsec_").encode() not in stored


def _plain(value: Any) -> Any:
    return bytes(value) if isinstance(value, memoryview) else value


def test_old_messages_are_forgotten(bench: Bench) -> None:
    bench.tell()
    bench.deliverer.run_dry()
    bench.now += KEPT - timedelta(seconds=1)
    bench.deliverer.forget()
    assert len(bench.deliveries()) == 1
    bench.now += timedelta(seconds=2)
    bench.deliverer.forget()
    assert bench.deliveries() == []


def test_what_nobody_may_send_is_forgotten_a_month_after_it_was_due(bench: Bench) -> None:
    bench.tell()
    bench.endpoints.disable(bench.endpoint.id)
    bench.now += KEPT - timedelta(seconds=1)
    bench.deliverer.forget()
    assert len(bench.deliveries()) == 1
    bench.now += timedelta(seconds=2)
    bench.deliverer.forget()
    assert bench.deliveries() == []


def test_while_nothing_is_due_one_thread_alone_looks(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivering, "POLL_S", 0.001)
    looked: list[str] = []
    enough = threading.Event()

    def nothing(_key: WrappingKey) -> None:
        looked.append(threading.current_thread().name)
        if len(looked) == 20:
            enough.set()

    monkeypatch.setattr(bench.deliverer, "_take", nothing)
    bench.deliverer.start()
    enough.wait()
    bench.deliverer.stop()
    assert len(set(looked[:20])) == 1


def test_a_slow_receiver_keeps_no_other_waiting_though_its_message_is_due_later(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivering, "POLL_S", 0.001)
    bench.endpoints.create(URL, ["case.opened"])
    slow, begun, arrived = threading.Event(), threading.Event(), threading.Event()

    def send(_to: Destination, _headers: Mapping[str, str], body: bytes) -> int:
        if json.loads(body)["type"] == "audit.completed":
            begun.set()
            slow.wait()
        else:
            arrived.set()
        return 200

    bench.deliverer._send = send
    bench.deliverer.start()
    bench.tell("audit.completed")
    begun.wait()
    bench.tell("case.opened")
    arrived.wait()
    slow.set()
    bench.deliverer.stop()
    bench.deliverer.run_dry()


def test_a_message_over_a_real_connection(tmp_path: Path) -> None:
    """Host and path are those of the address, redirects are not followed, its body is not awaited."""
    came: list[tuple[str, str | None, bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            came.append((self.path, self.headers["Host"], body))
            self.send_response(302)
            self.send_header("Location", "/other")
            self.send_header("Content-Length", str(1 << 40))
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        port = server.server_port
        own = Addresses(trusted=(f"hooks.example:{port}",), look_up=lambda _h, _p: ["127.0.0.1"])
        assert post(own.pinned(f"http://hooks.example:{port}/a?b=c"), {"webhook-id": "x"}, b"{}") == 302
    finally:
        server.shutdown()
        server.server_close()
    assert came == [("/a?b=c", f"hooks.example:{port}", b"{}")]
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        nobody = Addresses(trusted=("hooks.example",), look_up=lambda _h, _p: ["127.0.0.1"])
        with pytest.raises(httpx.HTTPError):
            post(nobody.pinned(f"http://hooks.example:{closed.getsockname()[1]}/"), {}, b"{}")


def test_a_message_goes_on_with_the_trace_that_it_was_told_in(bench: Bench) -> None:
    bench.tell()
    bench.deliverer.run_dry()
    end = telemetry.begin(None, kept := InMemorySpanExporter())
    try:
        with telemetry.within(f"00-{'a1' * 16}-{'b2' * 8}-01"):
            bench.tell()
        bench.deliverer.run_dry()
    finally:
        end()
    without, traced = (headers for headers, _ in bench.receiver.came)
    (span,) = kept.get_finished_spans()
    assert "traceparent" not in without and "tracestate" not in traced
    assert traced["traceparent"] == f"00-{'a1' * 16}-{span.context.span_id:016x}-01"
    assert span.name == "webhook audit.completed" and span.parent is not None
    assert dict(span.attributes or {})["http.response.status_code"] == 200
