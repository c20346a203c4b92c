"""The attack's page says what was measured, and a tenant that was never answered is no goal reached."""

import asyncio
from dataclasses import replace

from lab.evaluation.attack.__main__ import Measured, missed, page, slow
from lab.evaluation.attack.victim import Times
from lab.evaluation.attack.ways import Target, form

CALM = Times(reads=[0.01] * 20, audits=[1.0] * 20)
FINE = Measured("SQLite", CALM, CALM, (500.0, 900.0), 7)


def test_a_goal_is_missed_by_waiting_by_memory_and_by_silence() -> None:
    assert not missed(FINE)
    for attacked in (Times(), replace(CALM, audits=[2.1] * 20), replace(CALM, failures=["read: 503"])):
        assert missed(replace(FINE, attacked=attacked))
    assert missed(replace(FINE, memory_mb=(500.0, 2501.0)))
    assert slow(replace(FINE, attacked=Times()), "reads")


def test_the_page_says_which_goals_are_missed() -> None:
    text = page([FINE, replace(FINE, name="PostgreSQL", attacked=Times())], 5, 2, "1 2 3")
    assert text.count("**reached**") == 4
    assert text.count("**missed**") == 2


def test_a_way_puts_a_whole_request_on_the_wire_and_takes_any_answer() -> None:
    async def check() -> bytes:
        got = bytearray()

        async def server(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            got.extend(await reader.readuntil(b"--an-attack--\r\n"))
            writer.write(b"HTTP/1.1 429 Too Many Requests\r\n\r\n")
            writer.close()

        listening = await asyncio.start_server(server, "127.0.0.1", 0)
        async with listening:
            target = Target(listening.sockets[0].getsockname()[1], ["tmk_a_key"])
            kind, body = form({"name": "a"}, ("file", b"sound"))
            answer = await target.send(f"POST /v1/audits HTTP/1.1\r\n{kind}", body)
        assert b"Bearer tmk_a_key" in got and b"sound" in got
        return answer

    assert asyncio.run(check()).startswith(b"HTTP/1.1 429")
