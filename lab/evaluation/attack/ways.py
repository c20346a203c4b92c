"""What one tenant can do to a server: every way goes on until it is stopped, whatever it is answered.

Run as a process of its own: `python -m lab.evaluation.attack.ways PORT FOLDER KEY...`; ends with SIGTERM.
"""

import asyncio
import itertools
import json
import random
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from pathlib import Path

PIECE = bytes(1 << 16)
HUGE = 700 << 20
PATIENCE_S = 30.0
CROWD = 40
WAV_HEAD = (
    b"RIFF\xff\xff\xff\x7fWAVEfmt \x10\0\0\0\x01\0\x02\0\x44\xac\0\0\x10\xb1\x02\0\x04\0\x10\0"
    b"data\xff\xff\xff\x7f"
)
BOUNDARY = "an-attack"


class Target:
    """The server, as one of the attacker's keys reaches it."""

    def __init__(self, port: int, keys: Sequence[str]) -> None:
        self.port = port
        self._keys = itertools.cycle(keys)

    async def send(
        self, head: str, body: AsyncIterator[bytes] | bytes = b"", key: str | None = None
    ) -> bytes:
        """Send one request and read what comes back; b"" where nothing does in time."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._send(writer, head, body, key or next(self._keys))
                return await reader.read(200)
        except (OSError, TimeoutError):
            return b""
        finally:
            writer.close()

    async def _send(
        self, writer: asyncio.StreamWriter, head: str, body: AsyncIterator[bytes] | bytes, key: str
    ) -> None:
        lines = [head, "Host: 127.0.0.1", f"Authorization: Bearer {key}", "Connection: close"]
        if isinstance(body, bytes):
            lines.append(f"Content-Length: {len(body)}")
            writer.write("\r\n".join([*lines, "", ""]).encode() + body)
            await writer.drain()
            return
        writer.write("\r\n".join([*lines, "Transfer-Encoding: chunked", "", ""]).encode())
        async for piece in body:
            writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            await writer.drain()
        writer.write(b"0\r\n\r\n")
        await writer.drain()


def form(fields: dict[str, str], *files: tuple[str, bytes]) -> tuple[str, bytes]:
    """The header and the body of a form."""
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    for name, content in files:
        said = f'form-data; name="{name}"; filename="a.flac"'
        parts.append(f"--{BOUNDARY}\r\nContent-Disposition: {said}\r\n\r\n".encode() + content + b"\r\n")
    return f"Content-Type: multipart/form-data; boundary={BOUNDARY}", b"".join(
        [*parts, f"--{BOUNDARY}--\r\n".encode()]
    )


class Attack:
    """All ways at once.

    Args:
        target: whom.
        files: small files that decode to much, and a small honest one, by name.
    """

    def __init__(self, target: Target, files: dict[str, bytes]) -> None:
        self._target = target
        self._files = files
        self._chance = random.Random(1)

    async def run(self) -> None:
        """Go on until cancelled."""
        ways: list[tuple[Callable[[], Awaitable[object]], int]] = [
            (self.jobs_in_bulk, 4),
            (self.bombs, 3),
            (self.lookups, 3),
            (self.enrolments, 2),
            (self.huge_bodies, 2),
            (self.slow_bodies, CROWD),
            (self.deep_json, 3),
            (self.bad_forms, 3),
            (self.policies, 2),
            (self.lists, 8),
            (self.guesses, 4),
        ]
        async with asyncio.TaskGroup() as group:
            for way, times in ways:
                for _ in range(times):
                    group.create_task(_again(way))

    async def jobs_in_bulk(self) -> None:
        """Small audits with everything that can be asked."""
        kind, body = form({"priority": "high"}, ("file", self._files["small"]))
        await self._target.send(f"POST /v1/audits HTTP/1.1\r\n{kind}", body)

    async def bombs(self) -> None:
        """Files of some kilobytes that are half an hour long."""
        kind, body = form({}, ("file", self._files[self._chance.choice(("silence", "tones"))]))
        await self._target.send(f"POST /v1/audits HTTP/1.1\r\n{kind}", body)

    async def lookups(self) -> None:
        """The same by content, where a request waits."""
        content = self._files[self._chance.choice(("silence", "tones", "small"))]
        await self._target.send(
            "POST /c2pa/v1/matches/byContent HTTP/1.1\r\nContent-Type: audio/flac", content
        )

    async def enrolments(self) -> None:
        """Ten recordings at once."""
        recordings = [("files", self._files["tones"])] * 10
        kind, body = form({"name": f"Nobody {self._chance.random()}"}, *recordings)
        await self._target.send(f"POST /v1/artists HTTP/1.1\r\n{kind}", body)

    async def huge_bodies(self) -> None:
        """More than is taken, without saying so before."""

        async def body() -> AsyncIterator[bytes]:
            yield WAV_HEAD
            for _ in range(HUGE // len(PIECE)):
                yield PIECE

        await self._target.send("POST /c2pa/v1/matches/byContent HTTP/1.1\r\nContent-Type: audio/wav", body())

    async def slow_bodies(self) -> None:
        """A byte now and then."""

        async def body() -> AsyncIterator[bytes]:
            while True:
                yield b"R"
                await asyncio.sleep(5)

        await self._target.send("POST /c2pa/v1/matches/byContent HTTP/1.1\r\nContent-Type: audio/wav", body())

    async def deep_json(self) -> None:
        """A megabyte of brackets, of digits, of names."""
        deep = self._chance.choice((b"[" * 1_000_000, b'{"a":' * 200_000, b"1" * 1_000_000, _names()))
        await self._target.send(
            "POST /c2pa/v1/matches/byBinding HTTP/1.1\r\nContent-Type: application/json", deep
        )

    async def bad_forms(self) -> None:
        """Forms of many parts, of endless headers, without an end."""
        kind, body = form({f"field{n}": "x" * 1000 for n in range(5000)})
        broken = self._chance.choice(
            (body, body[:-10], b"--" + BOUNDARY.encode() + b"\r\n" + b"a" * 5_000_000)
        )
        await self._target.send(f"POST /v1/tracks HTTP/1.1\r\n{kind}", broken)

    async def policies(self) -> None:
        """Policies that take long to read."""
        policy = self._chance.choice(("[" + "a." * 60_000 + "a]", "a=" + "[" * 100_000, "a=" + "9" * 200_000))
        kind, body = form({"policy": policy}, ("file", self._files["small"]))
        await self._target.send(f"POST /v1/audits HTTP/1.1\r\n{kind}", body)

    async def lists(self) -> None:
        """The longest lists that there are."""
        where = self._chance.choice(("/v1/audits?limit=200", "/v1/records?limit=200", "/v1/tracks?limit=200"))
        await self._target.send(f"GET {where} HTTP/1.1")

    async def guesses(self) -> None:
        """Keys that are none."""
        await self._target.send("GET /v1/audits HTTP/1.1", key=f"tmk_{self._chance.random()}")


async def _again(way: Callable[[], Awaitable[object]]) -> None:
    while True:
        try:
            await way()
        except OSError:  # the server took no more connections
            await asyncio.sleep(0.1)


def _names() -> bytes:
    return json.dumps({str(number): [] for number in range(80_000)}).encode()


def _read(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in folder.iterdir():
        yield path.stem, path.read_bytes()


def main() -> None:
    """Attack until told to stop."""
    port, folder, *keys = sys.argv[1:]
    asyncio.run(Attack(Target(int(port), keys), dict(_read(Path(folder)))).run())


if __name__ == "__main__":
    main()
