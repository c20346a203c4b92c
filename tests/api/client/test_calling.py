"""How the client asks: once more where that is safe, never where it is not, and problems as errors."""

import hashlib
from base64 import b64encode
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.client import (
    Client,
    ClientError,
    Conflict,
    Damaged,
    Invalid,
    NoAnswer,
    NotFinished,
    NotFound,
    Outdated,
    Refused,
    ServerFailed,
    TooManyRequests,
    Unavailable,
)

Answer = Callable[[httpx.Request], httpx.Response]
JOB = {"id": "1", "state": "queued", "stage": None, "progress": 0.0, "finished_at": None, "problem": None}
JOB["links"] = {"self": "/v1/audits/1"}  # type: ignore[assignment]  # a job as far as it is looked at


class Server:
    """Answers in turn what it was given, and remembers what it was asked."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.left = iter(answers)
        self.asked: list[httpx.Request] = []
        self.bodies: list[bytes] = []
        self.rests: list[float] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        self.bodies.append(request.read())
        answer = next(self.left)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def client(self, **options: Any) -> Client:
        carry = httpx.MockTransport(self)
        return Client("http://here", transport=carry, rest=self.rests.append, **options)


def problem(status: int, code: str, **headers: str) -> httpx.Response:
    told = {"status": status, "code": code, "detail": "because", "request_id": "r1", "held": [1]}
    return httpx.Response(status, json=told, headers=headers)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (404, NotFound),
        (409, Conflict),
        (412, Outdated),
        (428, Outdated),
        (422, Invalid),
        (429, TooManyRequests),
        (460, Refused),
        (500, ServerFailed),
        (501, ServerFailed),
        (503, Unavailable),
    ],
)
def test_a_problem_is_an_error_of_its_kind(status: int, kind: type[Refused]) -> None:
    with pytest.raises(ClientError) as raised:
        Server(problem(status, "some-code")).client().get_audit("1")
    error = raised.value
    assert isinstance(error, kind) and type(error) is kind
    assert (error.status, error.code, error.detail) == (status, "some-code", "because")
    assert error.request_id == "r1" and error.problem["held"] == [1]
    assert str(error) == f"{status} some-code: because"


def test_whoever_stands_before_the_server_may_refuse_in_other_words() -> None:
    with pytest.raises(ServerFailed, match="502 http-502: <h1>"):
        Server(httpx.Response(502, text="<h1>Bad gateway</h1>")).client().get_audit("1")


def test_what_is_refused_for_now_is_asked_again_when_the_server_says() -> None:
    later = {"Retry-After": "7"}
    server = Server(
        problem(429, "too-many-requests", **later),
        problem(409, "request-in-progress", **later),
        httpx.Response(200, json=JOB),
    )
    server.client().cancel_audit("1")
    assert server.rests == [7.0, 7.0]
    keys = {one.headers["Idempotency-Key"] for one in server.asked}
    assert len(keys) == 1 and len(keys.pop()) == 32


def test_what_may_last_is_told_at_once() -> None:
    server = Server(problem(503, "unavailable", **{"Retry-After": "3600"}))
    with pytest.raises(Unavailable) as raised:
        server.client().get_audit("1")
    assert raised.value.retry_after_s == 3600 and server.rests == []


def test_it_does_not_ask_for_ever() -> None:
    server = Server(*[problem(429, "too-many-requests", **{"Retry-After": "1"}) for _ in range(9)])
    with pytest.raises(TooManyRequests):
        server.client(tries=3).get_audit("1")
    assert len(server.asked) == 3


def test_a_lost_answer_is_asked_for_again_where_that_does_no_harm(tmp_path: Path) -> None:
    song = tmp_path / "song.wav"
    song.write_bytes(b"sound" * 50_000)
    lost = httpx.ReadError("cut")
    server = Server(lost, httpx.Response(202, json=JOB), lost, httpx.Response(200, json=JOB))
    client = server.client()
    assert client.create_audit(file=song, retain=True)["id"] == "1"
    first, second = (body.partition(b"Content-Disposition")[2] for body in server.bodies)
    assert first.count(b"sound") == second.count(b"sound") == 50_000
    assert server.asked[0].headers["Idempotency-Key"] == server.asked[1].headers["Idempotency-Key"]
    assert client.get_audit("1")["id"] == "1"
    once = Server(lost, httpx.Response(204))
    with pytest.raises(NoAnswer, match="DELETE /v1/audits/1"):
        once.client().delete_audit("1")
    assert len(once.asked) == 1  # it may have been done, and then a second try would say that it is not there


def test_each_request_has_a_key_of_its_own_unless_it_is_given_one() -> None:
    answers = [httpx.Response(200, json=JOB) for _ in range(3)]
    server = Server(*answers)
    client = server.client(api_key="tmk_x")
    for key in (None, None, "mine"):
        client.cancel_audit("1", idempotency_key=key)
    keys = [one.headers["Idempotency-Key"] for one in server.asked]
    assert keys[0] != keys[1] and keys[2] == "mine"
    assert server.asked[0].headers["Authorization"] == "Bearer tmk_x"


def test_values_are_written_as_the_server_reads_them() -> None:
    page: dict[str, Any] = {"items": [], "next": None}
    server = Server(
        *[httpx.Response(200, json=page), httpx.Response(201, json={}), httpx.Response(200, json={})]
    )
    client = server.client()
    client.list_audits(created_from=datetime(2026, 11, 1, tzinfo=UTC), limit=3, title=None)
    assert dict(server.asked[0].url.params) == {"created_from": "2026-11-01T00:00:00+00:00", "limit": "3"}
    client.add_consent("Ada/Lovelace", scope=["singing"], from_=date(2026, 1, 1))
    assert server.asked[1].url.raw_path == b"/v1/artists/Ada%2FLovelace/consents"
    assert server.bodies[1] == b'{"scope": ["singing"], "from": "2026-01-01"}'
    client.assign_case("1", to=None, if_match='"2"')
    assert server.bodies[2] == b'{"to": null}' and server.asked[2].headers["If-Match"] == '"2"'


def test_a_form_is_a_form_without_a_file_too() -> None:
    server = Server(httpx.Response(202, json=JOB), httpx.Response(202, json=JOB))
    client = server.client()
    client.create_audit(upload_id="ab", retain=False)
    client.create_audit(file=("ä.wav", b"bytes"))
    assert all(one.headers["Content-Type"].startswith("multipart/form-data") for one in server.asked)
    assert b'name="retain"\r\n\r\nfalse' in server.bodies[0] and b"artist" not in server.bodies[0]
    assert b'name="file"; filename="' in server.bodies[1]


def test_pages_follow_one_another() -> None:
    pages = [{"items": [1, 2], "next": "c"}, {"items": [3], "next": None}]
    server = Server(*[httpx.Response(200, json=one) for one in [*pages, pages[1]]])
    listed: Any = server.client().list_audits(state="failed", limit=2)
    assert (listed.items, listed.next, len(server.asked)) == ([1, 2], "c", 1)
    assert list(listed) == [1, 2, 3]
    assert dict(server.asked[1].url.params) == {"state": "failed", "limit": "2", "cursor": "c"}
    last = listed.following()
    assert last is not None and last.following() is None


def digest(data: bytes) -> dict[str, str]:
    return {"Repr-Digest": f"sha-256=:{b64encode(hashlib.sha256(data).digest()).decode()}:"}


def test_a_file_is_streamed_and_held_against_its_digest(tmp_path: Path) -> None:
    data = b"report" * 1000
    kind = {"Content-Type": "application/pdf; charset=x"}
    sent = [httpx.Response(200, content=data, headers={**digest(data), **kind}) for _ in range(2)]
    client = Server(*sent, httpx.Response(200, content=data)).client()
    report = client.get_audit_report("1", format="pdf")
    assert report.media_type == "application/pdf"
    saved = report.save(tmp_path / "report.pdf")
    assert saved.read_bytes() == data and [one.name for one in tmp_path.iterdir()] == ["report.pdf"]
    with client.get_audit_picture("1") as picture:
        assert b"".join(picture.chunks()) == data
    assert client.get_audit_sound("1").read() == data  # no digest, nothing to hold it against


def test_a_damaged_file_gets_no_name(tmp_path: Path) -> None:
    client = Server(httpx.Response(200, content=b"other", headers=digest(b"that"))).client()
    with pytest.raises(Damaged, match="fetch it again"):
        client.get_audit_picture("1").save(tmp_path / "picture.png")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_breaks_off_gets_no_name(tmp_path: Path) -> None:
    def broken() -> Iterator[bytes]:
        yield b"some"
        raise httpx.ReadError("cut")

    client = Server(httpx.Response(200, content=broken())).client()
    with pytest.raises(NoAnswer, match="broke off"):
        client.get_audit_picture("1").save(tmp_path / "picture.png")
    assert list(tmp_path.iterdir()) == []


def test_a_job_is_followed_as_often_as_the_server_asks_for() -> None:
    running = {**JOB, "state": "running", "stage": "music", "progress": 0.5}
    done = {**JOB, "state": "succeeded", "finished_at": "2026-11-22T10:00:00Z"}
    after = {"Retry-After": "2"}
    server = Server(
        httpx.Response(202, json=JOB, headers=after),
        httpx.Response(200, json=running, headers=after),
        httpx.Response(200, json=done),
    )
    client, told = server.client(), list[tuple[str, float]]()
    job = client.wait(
        client.create_audit(upload_id="ab"), progress=lambda stage, part: told.append((stage, part))
    )
    assert job["state"] == "succeeded" and server.rests == [2.0] and told == [("music", 0.5)]


def test_a_job_that_failed_is_an_error_and_one_that_lasts_another() -> None:
    failed = {**JOB, "state": "failed", "finished_at": "2026-11-22T10:00:00Z"}
    failed["problem"] = {"status": 422, "code": "unreadable-audio", "detail": "no audio"}  # type: ignore[assignment]
    server = Server(*[httpx.Response(200, json=one) for one in (JOB, failed, JOB, JOB)])
    client = server.client()
    job = client.get_audit("1")
    with pytest.raises(Invalid) as raised:
        client.wait(job)
    assert raised.value.code == "unreadable-audio"
    with pytest.raises(NotFinished, match="goes on"):
        client.wait(job, timeout_s=0)
