"""Everything that the load benchmark asks for is there, and its pages tell which goals were missed."""

import asyncio
from pathlib import Path

import pytest

from api.lists.cursors import Cursors
from lab.evaluation.load import asking, filling, many
from lab.evaluation.load.__main__ import Measured, page
from lab.evaluation.load.asking import Row
from tests.api.serving import audited, parts, serve


def test_every_question_has_an_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, few in (("RECORDS", 3), ("AUDITS", 8), ("ENTRIES", 5)):
        monkeypatch.setattr(filling, name, few)
    with serve(tmp_path) as client:
        here = parts(client)
        record_id = filling.registered(here.settings)
        where = f"/v1/audits/{audited(client)['id']}"
        questions = filling.filled(client, here.registry.engine, where, record_id)
        for question in questions:
            json = {"Content-Type": "application/json"}
            method = "POST" if question.body else "GET"
            answer = client.request(method, question.path, content=question.body, headers=json)
            assert answer.status_code == 200, (question.route, answer.text)
            if answer.headers["content-type"] == "application/json" and "items" in answer.json():
                assert answer.json()["items"], question.route
    assert len({question.route for question in questions}) == len(questions)


def test_bodies_are_read_whole_whichever_way_their_length_is_told() -> None:
    async def left(head: bytes, sent: bytes) -> bytes:
        reader = asyncio.StreamReader()
        reader.feed_data(sent + b"HTTP")
        reader.feed_eof()
        await asking.read_body(reader, head)
        return await reader.read()

    assert asyncio.run(left(b"content-length: 3\r\n", b"abc")) == b"HTTP"
    chunks = b"3\r\nabc\r\n1a\r\n" + b"x" * 26 + b"\r\n0\r\n\r\n"
    assert asyncio.run(left(b"transfer-encoding: chunked\r\n", chunks)) == b"HTTP"


def test_a_missed_goal_is_said() -> None:
    rows = [
        Row(route, clients, 400.0, 20.0, 26.0, 1.0)
        for route in ("an audit", "a record, verified", "a list of 50 audits")
        for clients in (1, 16)
    ]
    told = page([Measured("SQLite", 2.0, rows, (300.0, 305.0), (0.3, 0.4, 0.41))], 5.0, "0.0")
    assert "an audit, 16 clients, 95 % under 25 ms: **missed** (26.0)" in told
    assert "500 verified records a second: **missed** (400)" in told
    assert "a list of 50 under 40 ms: **reached** (26.0)" in told
    assert "| an audit | 16 | 400 | 20.0 | 26.0 | 1.00 |" in told


def test_every_list_of_a_long_catalogue_shows_what_it_says(tmp_path: Path) -> None:
    count = 600
    with serve(tmp_path) as client:
        engine = parts(client).registry.engine
        many.crowded(engine, count, audited(client)["findings"])
        rows, others = many.catalogue(engine)
        assert (len(rows), others) == (count + 1, 4 * 30)
        empty = {"state: queued, of which there is none", "words that no audit has together"}
        empty |= {
            "decision and verdict that never met",
            "two words that a quarter each has, and none both",
        }
        for question in many.questions(rows, Cursors.of(engine)):
            answer = client.get(question.path)
            assert answer.status_code == 200, (question.route, answer.text)
            name = question.route.removeprefix("list: ")
            if name != question.route:
                assert bool(answer.json()["items"]) == (name not in empty), name
        assert len(client.get("/audits.csv").text.splitlines()) == count + 2  # with a head and the real one
        assert many.size(engine) > 0


def test_a_slow_list_is_said() -> None:
    rows = [Row("list: newest", 1, 9.0, 50.0, 60.0, 1.0), Row("list: owner", 1, 9.0, 50.0, 120.0, 1.0)]
    told = many.page([many.Measured("SQLite", 1000, 200, 9_000, rows)], 3.0, "0.0")
    assert "under 100 ms: **missed** (the slowest, owner: 120.0 ms; missed by 1 of 2)" in told
    assert "9,000 bytes of the database" in told and "# 1,000 audits of one tenant" in told
