"""Connections that ask nothing end, and keep nobody out."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn

from api.server.connections import connections

HEAD_S = 0.1
ASK = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n"
Send = Callable[[Any], Awaitable[None]]


async def app(scope: dict[str, Any], receive: Callable[[], Awaitable[Any]], send: Send) -> None:
    """Answers `/` at once, `/slow` after a while and `/body` with how much it was sent."""
    if scope["path"] == "/slow":
        await asyncio.sleep(4 * HEAD_S)
    said = 0
    while scope["path"] == "/body":
        message = await receive()
        said += len(message.get("body", b""))
        if not message.get("more_body", False):
            break
    body = str(said).encode()
    await send(
        {
            "type": "http.response.start",
            "status": 200,
            "headers": [(b"content-length", str(len(body)).encode())],
        }
    )
    await send({"type": "http.response.body", "body": body})


@asynccontextmanager
async def running(most: int = 100) -> AsyncIterator[int]:
    """The port of a server."""
    protocol = connections(most, HEAD_S)
    server = uvicorn.Server(
        uvicorn.Config(app, port=0, http=protocol, ws="none", lifespan="off", log_level="critical")
    )
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield int(server.servers[0].sockets[0].getsockname()[1])
    finally:
        server.should_exit = True
        await serving


async def line(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", port)


async def answered(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    return await reader.readexactly(length)


async def over(reader: asyncio.StreamReader) -> None:
    """Wait until the server has ended the line."""
    try:
        while await reader.read(1000):
            pass
    except ConnectionResetError:
        pass


@pytest.mark.parametrize("said", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: here\r\nX-"], ids=repr)
def test_a_line_that_does_not_ask_is_ended(said: bytes) -> None:
    async def attempt() -> None:
        async with running() as port:
            reader, writer = await line(port)
            writer.write(said)
            await over(reader)
            writer.close()

    asyncio.run(attempt())


@pytest.mark.parametrize(
    "said",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: here\r\nX Y: z\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"POST / HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\r\n\r\n",
    ],
    ids=["no host", "name", "two lengths", "coding", "tls"],
)
def test_what_is_no_request_is_told_so_and_its_line_ended(said: bytes) -> None:
    async def attempt() -> None:
        async with running() as port:
            reader, writer = await line(port)
            writer.write(said)
            head = await reader.readuntil(b"\r\n\r\n")
            assert b" 400 " in head and b"application/problem+json" in head
            assert json.loads(await reader.read())["code"] == "malformed-request"
            writer.close()

    asyncio.run(attempt())


def test_bytes_that_drip_in_buy_no_time() -> None:
    async def attempt() -> None:
        async with running() as port:
            reader, writer = await line(port)
            ended = asyncio.create_task(over(reader))
            writer.write(b"GET / HTTP/1.1\r\n")
            while not ended.done():
                writer.write(b"X: y\r\n")
                await asyncio.sleep(HEAD_S / 10)
            writer.close()

    asyncio.run(attempt())


def test_the_rest_of_a_body_that_was_answered_is_not_waited_for_for_ever() -> None:
    async def attempt() -> None:
        async with running() as port:
            reader, writer = await line(port)
            writer.write(b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 100000\r\n\r\nonly so much")
            assert await answered(reader) == b"0"
            ended = asyncio.create_task(over(reader))
            while not ended.done():
                writer.write(b"x")
                await asyncio.sleep(HEAD_S / 10)
            writer.close()

    asyncio.run(attempt())


def test_whoever_asks_has_its_answer_however_long_that_takes_and_asks_again() -> None:
    async def attempt() -> None:
        async with running() as port:
            reader, writer = await line(port)
            writer.write(ASK.replace(b"/ ", b"/slow "))
            assert await answered(reader) == b"0"
            writer.write(b"POST /body HTTP/1.1\r\nHost: here\r\nContent-Length: 4\r\n\r\nab")
            await asyncio.sleep(2 * HEAD_S)  # a body's pauses are none of this
            writer.write(b"cd" + ASK + ASK.replace(b"/ ", b"/slow "))
            assert [await answered(reader) for _ in range(3)] == [b"4", b"0", b"0"]
            writer.close()

    asyncio.run(attempt())


def test_who_has_been_idle_longest_makes_room() -> None:
    async def attempt() -> None:
        async with running(most=2) as port:
            first, second = await line(port), await line(port)
            first[1].write(ASK)
            assert await answered(first[0]) == b"0"
            third = await line(port)
            await over(second[0])
            for reader, writer in (first, third):
                writer.write(ASK)
                assert await answered(reader) == b"0"
            for _, writer in (first, second, third):
                writer.close()

    asyncio.run(attempt())


def test_who_is_being_answered_keeps_its_place() -> None:
    async def attempt() -> None:
        async with running(most=1) as port:
            first = await line(port)
            first[1].write(ASK.replace(b"/ ", b"/slow "))
            await asyncio.sleep(HEAD_S)
            second = await line(port)
            await over(second[0])
            assert await answered(first[0]) == b"0"
            for _, writer in (first, second):
                writer.close()

    asyncio.run(attempt())
