"""No tenant stops another: gates, time limits of bodies, budgets; no open upload keeps a server up."""

import asyncio
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from starlette.applications import Starlette

from api.server import multipart
from api.server.gates import Gate
from api.server.guard import Guard
from api.server.intake import LOOK_S
from api.server.refusals import TooManyRequests
from core.limits import Limits
from tests import fakes
from tests.api.serving import ENGINES, GOOD, key, parts, serve

Message = dict[str, Any]
Receiving = Callable[[], Awaitable[Message]]
BY_CONTENT = "/c2pa/v1/matches/byContent"


def scope(client: TestClient, path: str, length: int | None = None, **headers: str) -> Message:
    sent = {"authorization": client.headers["authorization"], "content-type": "audio/wav", **headers}
    sent |= {} if length is None else {"content-length": str(length)}
    return {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http",
        "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "",
        "client": ("1.2.3.4", 5), "server": ("127.0.0.1", 80),
        "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
    }  # fmt: skip


def ask(client: TestClient, receive: Receiving, path: str = BY_CONTENT) -> list[Message]:
    """Send a request whose body comes as `receive` says, on the server's own loop."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    app: Any = client.app
    assert client.portal is not None
    client.portal.call(app, scope(client, path), receive, send)
    return sent


async def silence() -> Message:
    await asyncio.Event().wait()
    raise AssertionError("never")


def test_a_silent_body_ends(tmp_path: Path) -> None:
    with serve(tmp_path, body_idle_s=0.05, run_jobs=False) as client:
        for path in (BY_CONTENT, "/v1/keys"):
            sent = ask(client, silence, path)
            assert sent[0]["status"] == 408
            assert (b"connection", b"close") in sent[0]["headers"]
            assert b'"code": "upload-timeout"' in sent[1]["body"]
        assert list(parts(client).settings.uploads.iterdir()) == []
        assert client.get("/v1/audits").status_code == 200


def test_a_body_that_drips_for_ever_ends() -> None:
    """Each piece comes at once; the clock that the guard is given says that it takes 100 s."""
    now = 0.0

    async def drip() -> Message:
        nonlocal now
        now += 100
        return {"type": "http.request", "body": b"x", "more_body": True}

    async def app(_scope: Any, receive: Any, _send: Any) -> None:
        for _ in range(1000):
            await receive()

    guard = Guard(app, idle_s=30, total_s=3600, counted=lambda *_: None, now=lambda: now)

    async def send(_message: Any) -> None: ...

    about = {"type": "http", "method": "POST", "path": "/v1/audits", "query_string": b"", "headers": []}
    with pytest.raises(Exception, match="3600 s"):
        asyncio.run(guard({**about, "app": Starlette()}, drip, send))
    assert now == 3600


def test_behind_its_body_a_request_waits_as_long_as_it_likes() -> None:
    late = False
    bodies: Iterator[Message] = iter(
        [{"type": "http.request", "body": b"x", "more_body": False}, {"type": "http.disconnect"}]
    )

    async def receive() -> Message:
        return next(bodies)

    async def app(_scope: Any, receive: Any, _send: Any) -> None:
        nonlocal late
        await receive()
        late = True
        assert (await receive())["type"] == "http.disconnect"

    guard = Guard(app, idle_s=30, total_s=3600, counted=lambda *_: None, now=lambda: 1e9 if late else 0.0)
    about = {"type": "http", "method": "POST", "path": "/v1/audits", "query_string": b"", "headers": []}
    asyncio.run(guard(about, receive, receive))  # type: ignore[arg-type]


def test_a_tenant_sends_only_so_many_files_at_once(tmp_path: Path) -> None:
    with serve(tmp_path, uploads_at_once=2, run_jobs=False) as client:
        assert client.portal is not None
        begun = threading.Semaphore(0)

        async def hang() -> Message:
            begun.release()
            return await silence()

        app: Any = client.app
        open_ones = [
            client.portal.start_task_soon(app, scope(client, BY_CONTENT), hang, hang) for _ in range(2)
        ]
        for _ in open_ones:
            begun.acquire()
        refused = client.post("/v1/audits", files={"file": ("a.wav", GOOD)})
        assert (refused.status_code, refused.json()["code"]) == (429, "too-many-requests")
        assert int(refused.headers["retry-after"]) >= 1
        other = client.post(
            "/v1/audits", files={"file": ("a.wav", GOOD)}, headers=key(client, tenant="other")
        )
        assert other.status_code == 202
        for one in open_ones:
            one.cancel()


def test_one_tenants_slow_look_holds_up_nobody_else(tmp_path: Path) -> None:
    slow, go, looks = threading.Event(), threading.Event(), list[Limits]()

    class Decoder:
        def probe(self, path: Path, limits: Limits) -> None:
            looks.append(limits)
            if b"slow" in path.read_bytes():
                slow.set()
                assert go.wait()

        def decode(self, path: Path, limits: Limits) -> Any:
            raise AssertionError

    with serve(tmp_path, replace(ENGINES, decoder=Decoder()), run_jobs=False) as client:
        first = threading.Thread(
            target=lambda: client.post("/v1/audits", files={"file": ("a.wav", b"slow")}), daemon=True
        )
        first.start()
        assert slow.wait()
        other = client.post(
            "/v1/audits", files={"file": ("a.wav", GOOD)}, headers=key(client, tenant="other")
        )
        assert other.status_code == 202
        go.set()
        first.join()
        assert {limits.timeout_s for limits in looks} == {LOOK_S}


def test_a_gate_lets_each_tenant_in_and_no_tenant_fill_it() -> None:
    async def check() -> None:
        gate, inside, most = Gate(width=1, line=3, total=2), {"a": 0, "b": 0}, 0

        async def come(tenant: str) -> None:
            nonlocal most
            async with gate.entered(tenant):
                inside[tenant] += 1
                assert inside[tenant] == 1
                most = max(most, sum(inside.values()))
                await asyncio.sleep(0)
                inside[tenant] -= 1

        crowd = await asyncio.gather(*(come("a") for _ in range(5)), come("b"), return_exceptions=True)
        assert [type(one) for one in crowd] == [type(None)] * 3 + [TooManyRequests] * 2 + [type(None)]
        assert most == 2
        await come("a")
        assert gate._doors == {} and not gate._here

    asyncio.run(check())


def test_a_query_by_content_has_a_budget(tmp_path: Path) -> None:
    budgets: list[int] = []

    class Decoder:
        def probe(self, path: Path, limits: Limits) -> None: ...

        def decode(self, path: Path, limits: Limits) -> Any:
            budgets.append(limits.max_decoded_bytes)
            return fakes.clip(2.0)

    with serve(tmp_path, replace(ENGINES, decoder=Decoder())) as client:
        answer = client.post(BY_CONTENT, content=GOOD, headers={"content-type": "audio/wav"})
        assert answer.status_code == 200, answer.text
        assert budgets == [parts(client).settings.match_decoded_bytes]


def test_disks_and_digests_never_work_on_the_event_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: set[int] = set()
    write = multipart._Reader.write

    def watched(self: Any, data: bytes) -> None:
        threads.add(threading.get_ident())
        write(self, data)

    monkeypatch.setattr(multipart._Reader, "write", watched)
    with serve(tmp_path, run_jobs=False) as client:
        assert client.portal is not None
        loop = client.portal.call(threading.get_ident)
        big = GOOD + b"x" * 3_000_000
        assert client.post("/v1/audits", files={"file": ("a.wav", big)}).status_code == 202
        nobody_waits = {"content-type": "audio/wav", "prefer": "respond-async"}
        assert client.post(BY_CONTENT, content=big, headers=nobody_waits).status_code == 202
        assert threads and loop not in threads
        stored = [path.read_bytes() for path in parts(client).settings.uploads.iterdir()]
        assert stored == [big, big]


def test_an_upload_that_is_broken_off_is_one_line_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    beginning: Message = {"type": "http.request", "body": b"x" * 100, "more_body": True}
    pieces = iter([beginning])

    async def receive() -> Message:
        return next(pieces, {"type": "http.disconnect"})

    with serve(tmp_path, run_jobs=False) as client:
        ask(client, receive)
        lines = [record for record in caplog.records if record.name.startswith("api.server")]
        assert [record.exc_info for record in lines] == [None]
        assert "the client left" in lines[0].getMessage()
        assert list(parts(client).settings.uploads.iterdir()) == []


def test_a_server_that_stops_cuts_off_an_open_upload(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with serve(tmp_path, run_jobs=False) as client:
        app: Any = client.app
        sent: list[Message] = []

        async def stopping() -> None:
            begun = asyncio.Event()

            async def receive() -> Message:
                begun.set()
                return await silence()

            async def send(message: Message) -> None:
                sent.append(message)

            task = asyncio.create_task(app(scope(client, BY_CONTENT), receive, send))
            await begun.wait()
            task.cancel()
            await task

        assert client.portal is not None
        client.portal.call(stopping)
        assert sent[0]["status"] == 503
        assert list(parts(client).settings.uploads.iterdir()) == []
        lines = [record for record in caplog.records if record.name.startswith("api.server")]
        assert [record.exc_info for record in lines] == [None]


def test_the_command_gives_open_requests_a_bounded_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import uvicorn

    from api.cli.serve import SWITCH_S
    from api.cli.serve import serve as command

    given: dict[str, Any] = {}
    monkeypatch.setenv("TRACKMARK_HOME", str(tmp_path))
    monkeypatch.setenv("TRACKMARK_SHUTDOWN_GRACE_S", "0")
    monkeypatch.setattr(uvicorn.Server, "run", lambda server, **_: given.update(vars(server.config)))
    monkeypatch.setattr(sys, "setswitchinterval", given.setdefault("switches", list[float]()).append)
    command(port=0)
    assert given["timeout_graceful_shutdown"] == 1
    assert given["switches"] == [SWITCH_S] and sys.getswitchinterval() > SWITCH_S
