"""Clients over real connections, each of which asks again as soon as it was answered."""

import asyncio
import math
import statistics
import time
from dataclasses import dataclass

from lab.evaluation.load.server import Server


@dataclass(frozen=True)
class Row:
    """One route under one number of clients: milliseconds of waiting, of processor time per answer."""

    route: str
    clients: int
    per_s: float
    p50_ms: float
    p95_ms: float
    cpu_ms: float


@dataclass(frozen=True)
class Question:
    """What is asked: a GET, or where it has a body the POST of a JSON document."""

    route: str
    path: str
    body: bytes = b""

    def request(self, server: Server) -> bytes:
        """The bytes that are sent."""
        lines = [f"{'POST' if self.body else 'GET'} {self.path} HTTP/1.1", f"Host: 127.0.0.1:{server.port}"]
        lines += [f"{name}: {value}" for name, value in server.headers.items()]
        if self.body:
            lines += ["Content-Type: application/json", f"Content-Length: {len(self.body)}"]
        return "\r\n".join([*lines, "", ""]).encode() + self.body


async def ask(server: Server, question: Question, clients: int, seconds: float, most: int = 0) -> list[float]:
    """Milliseconds that each answer took, from the first byte sent to the last one received.

    Args:
        server: whom.
        question: what.
        clients: how many connections.
        seconds: for how long.
        most: or how many answers in all; 0 for any number.

    Raises:
        RuntimeError: an answer was not 200.
    """
    request = question.request(server)
    times: list[float] = []
    end = time.perf_counter() + seconds

    async def client() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        while time.perf_counter() < end and not (most and len(times) >= most):
            start = time.perf_counter()
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            await read_body(reader, head.lower())
            if not head.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(f"{question.path}: {head[:40]!r}")
            times.append(1000 * (time.perf_counter() - start))
        writer.close()

    await asyncio.gather(*(client() for _ in range(clients)))
    return times


async def read_body(reader: asyncio.StreamReader, head: bytes) -> None:
    """Read a body to its end, whichever way its length is told."""
    if b"transfer-encoding: chunked" not in head:
        length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
        await reader.readexactly(length)
        return
    size = 1
    while size:
        size = int(await reader.readuntil(b"\r\n"), 16)
        await reader.readexactly(size + 2)


def measured(server: Server, question: Question, clients: int, seconds: float) -> Row:
    """One row of the table."""
    asyncio.run(ask(server, question, clients, min(0.5, seconds)))  # connections, caches
    before, start = server.cpu_s(), time.perf_counter()
    times = sorted(asyncio.run(ask(server, question, clients, seconds)))
    took, cpu = time.perf_counter() - start, server.cpu_s() - before
    p95 = times[int(0.95 * (len(times) - 1))]
    per_s, cpu_ms = len(times) / took, 1000 * cpu / len(times)
    return Row(question.route, clients, per_s, statistics.median(times), p95, cpu_ms)


def once(server: Server, question: Question) -> Row:
    """The row of a long answer, asked for by one client once."""
    before = server.cpu_s()
    (took,) = asyncio.run(ask(server, question, 1, math.inf, most=1))
    return Row(question.route, 1, 1000 / took, took, took, 1000 * (server.cpu_s() - before))


HEAD = (
    "| answer | clients | per second | median ms | 95 % ms | processor ms |",
    "|---|---:|---:|---:|---:|---:|",
)


def line(row: Row) -> str:
    """A row as its table has it."""
    return (
        f"| {row.route} | {row.clients} | {row.per_s:,.0f} | {row.p50_ms:.1f} | {row.p95_ms:.1f} "
        f"| {row.cpu_ms:.2f} |"
    )


def goal(words: str, reached: bool, value: str) -> str:
    """Whether a goal was reached, as a page says it."""
    return f"- Goal: {words}: **{'reached' if reached else 'missed'}** ({value})."
