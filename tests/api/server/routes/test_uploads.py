"""Uploads by tus 1.0.0: in pieces, checked, broken off, used by audits and tracks; on both databases."""

import asyncio
import hashlib
from base64 import b64encode
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.server.api_keys import Scope
from tests.api.server.test_fairness import Message, scope
from tests.api.serving import BAD, GOOD, finished, key, parts, serve

TUS = {"Tus-Resumable": "1.0.0"}
PIECE = {**TUS, "Content-Type": "application/offset+octet-stream"}
NAMED = {"Upload-Metadata": f"filename {b64encode(b'song.wav').decode()},filetype YXVkaW8vd2F2,empty"}
SONG = GOOD + b"a song" * 100


@pytest.fixture(scope="module")
def client(either: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    limits = {"max_upload_bytes": 4000, "upload_storage_bytes": 100_000}
    with serve(tmp_path_factory.mktemp("home"), **{**limits, **either}) as client:
        yield client


def begun(client: TestClient, size: int = len(SONG), **options: Any) -> str:
    headers = {**TUS, "Upload-Length": str(size), **NAMED, **options.pop("headers", {})}
    answer = client.post("/v1/uploads", headers=headers, **options)
    assert answer.status_code == 201, answer.text
    return str(answer.headers["location"])


def send(client: TestClient, where: str, offset: int, data: bytes, **headers: str) -> Any:
    return client.patch(where, content=data, headers={**PIECE, "Upload-Offset": str(offset), **headers})


def offset(client: TestClient, where: str) -> int:
    return int(client.head(where, headers=TUS).headers["upload-offset"])


def checksum(data: bytes, algorithm: str = "sha256") -> dict[str, str]:
    digest = b64encode(hashlib.new(algorithm, data).digest()).decode()
    return {"Upload-Checksum": f"{algorithm} {digest}"}


def ended(client: TestClient, where: str) -> dict[str, Any]:
    """A job that has ended and whose copy of the audio is gone."""
    while True:
        done = finished(client, where)
        if done["audio_deleted_at"] is not None:
            return done


def refused(answer: Any, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["tus-resumable"] == "1.0.0"


def test_what_is_spoken_is_told_to_everybody(client: TestClient) -> None:
    stranger = TestClient(client.app, base_url="http://127.0.0.1")
    for path in ("/v1/uploads", "/v1/uploads/whatever"):
        told = stranger.options(path)
        assert told.status_code == 204
        assert told.headers["tus-version"] == told.headers["tus-resumable"] == "1.0.0"
        extensions = set(told.headers["tus-extension"].split(","))
        assert extensions == {"creation", "creation-with-upload", "expiration", "checksum", "termination"}
        assert told.headers["tus-max-size"] == "4000"
        assert told.headers["tus-checksum-algorithm"] == "sha1,sha256"


def test_pieces_become_an_audit_and_a_track(client: TestClient) -> None:
    where = begun(client)
    for start in range(0, len(SONG), 200):
        assert offset(client, where) == start
        answer = send(client, where, start, SONG[start : start + 200])
        assert (answer.status_code, answer.headers["upload-offset"]) == (
            204,
            str(min(start + 200, len(SONG))),
        )
        assert parsedate_to_datetime(answer.headers["upload-expires"])
    head = client.head(where, headers=TUS)
    assert (head.status_code, head.content, head.headers["cache-control"]) == (200, b"", "no-store")
    assert (head.headers["upload-length"], head.headers["upload-metadata"]) == (
        str(len(SONG)),
        *NAMED.values(),
    )
    shown = client.get(where).json()
    assert (shown["file"], shown["sha256"]) == ("song.wav", hashlib.sha256(SONG).hexdigest())
    for path, more in (("/v1/audits", {}), ("/v1/tracks", {"title": "T", "owner": "O"})):
        form = {"upload_id": (None, shown["id"]), **{name: (None, text) for name, text in more.items()}}
        accepted = client.post(path, files=form)
        assert accepted.status_code == 202, accepted.text
        done = ended(client, accepted.headers["location"])
        assert (done["state"], done["file"], done["sha256"]) == ("succeeded", "song.wav", shown["sha256"])
    assert client.delete(where, headers=TUS).status_code == 204
    for answer in (client.get(where), client.delete(where), send(client, where, 0, b"x")):
        refused(answer, 404, "not-found")
    assert list(parts(client).settings.uploads.iterdir()) == []


def test_the_first_bytes_may_come_along(client: TestClient) -> None:
    for size, sent in ((len(SONG), SONG[:50]), (len(SONG), SONG), (0, b"")):
        headers = {**PIECE, **NAMED, "Upload-Length": str(size)}
        answer = client.post("/v1/uploads", content=sent, headers=headers)
        assert (answer.status_code, answer.headers["upload-offset"]) == (201, str(len(sent)))
        assert client.get(answer.headers["location"]).json()["received_bytes"] == len(sent)
        assert client.delete(answer.headers["location"]).status_code == 204


def test_an_upload_that_cannot_begin_leaves_nothing(client: TestClient) -> None:
    whole = {**PIECE, "Upload-Length": str(len(SONG))}
    wrong = {**whole, **checksum(b"another")}
    refused(client.post("/v1/uploads", content=SONG, headers=wrong), 460, "checksum-mismatch")
    for change, status, code in (
        ({"Tus-Resumable": "0.2.2"}, 412, "tus-version"),
        ({"Upload-Length": "-1"}, 422, "invalid-request"),
        ({"Upload-Length": "9" * 30}, 422, "invalid-request"),
        ({"Upload-Length": "4001"}, 413, "upload-too-large"),
        ({"Upload-Length": str(len(SONG) - 1)}, 413, "upload-too-large"),
        ({"Upload-Metadata": "filename not-base64!"}, 422, "invalid-request"),
        ({"Upload-Metadata": "a YQ==,a YQ=="}, 422, "invalid-request"),
        ({"Upload-Metadata": "a " + "YWFh" * 2000}, 422, "invalid-request"),
        ({"Upload-Metadata": f"a {b64encode(bytes([255])).decode()}"}, 422, "invalid-request"),
        ({"Upload-Checksum": "crc32 AAAA"}, 400, "unsupported-checksum"),
        ({"Upload-Checksum": "sha1 %"}, 400, "unsupported-checksum"),
        ({"Content-Type": "audio/wav"}, 415, "unsupported-media-type"),
    ):
        answer = client.post("/v1/uploads", content=SONG, headers={**whole, **change})
        refused(answer, status, code)
    assert client.post("/v1/uploads").headers["tus-version"] == "1.0.0"
    lone = client.post("/v1/uploads", headers={**TUS, "Upload-Length": "1", **checksum(b"")})
    refused(lone, 422, "invalid-request")
    assert client.get("/v1/uploads").json()["items"] == []
    assert list(parts(client).settings.uploads.iterdir()) == []


def test_a_piece_is_refused_for_what_is_wrong_with_it(client: TestClient) -> None:
    where = begun(client)
    assert send(client, where, 0, SONG[:100]).status_code == 204
    refused(send(client, where, 0, SONG[:100]), 409, "offset-mismatch")
    refused(send(client, where, 100, SONG), 413, "upload-too-large")
    endless = client.patch(
        where, content=iter([SONG[100:], b"and more"]), headers={**PIECE, "Upload-Offset": "100"}
    )
    refused(endless, 413, "upload-too-large")
    refused(send(client, where, 100, b"x", **{"Content-Type": "audio/wav"}), 415, "unsupported-media-type")
    refused(send(client, where, 100, b"x", **{"Tus-Resumable": "2.0.0"}), 412, "tus-version")
    refused(client.patch(where, content=b"x", headers=PIECE), 422, "invalid-request")
    assert client.head(where, headers={"Tus-Resumable": "2.0.0"}).status_code == 412
    with parts(client).resumable.appending(where.rpartition("/")[2], "default"):
        held = send(client, where, 100, b"x")
        refused(held, 423, "upload-locked")
        assert int(held.headers["retry-after"]) >= 1
    assert offset(client, where) == 100
    assert client.delete(where).status_code == 204


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_a_piece_that_came_wrong_is_not_kept(client: TestClient, algorithm: str) -> None:
    where = begun(client)
    assert send(client, where, 0, SONG[:100], **checksum(SONG[:100], algorithm)).status_code == 204
    refused(send(client, where, 100, SONG[100:], **checksum(SONG, algorithm)), 460, "checksum-mismatch")
    assert offset(client, where) == 100
    assert send(client, where, 100, SONG[100:], **checksum(SONG[100:], algorithm)).status_code == 204
    assert client.get(where).json()["sha256"] == hashlib.sha256(SONG).hexdigest()
    assert client.delete(where).status_code == 204


@pytest.mark.parametrize("checked", [False, True])
def test_what_came_before_the_line_broke_is_kept_unless_it_is_checked(
    client: TestClient, checked: bool
) -> None:
    where = begun(client)
    headers = {**PIECE, "Upload-Offset": "0", **(checksum(SONG) if checked else {})}
    beginning: Message = {"type": "http.request", "body": SONG[:300], "more_body": True}
    pieces = iter([beginning])

    async def receive() -> Message:
        return next(pieces, {"type": "http.disconnect"})

    async def send_on(_message: Message) -> None: ...

    about = scope(client, where, len(SONG), **{name.lower(): text for name, text in headers.items()})
    assert client.portal is not None
    app: Any = client.app
    client.portal.call(app, {**about, "method": "PATCH"}, receive, send_on)
    kept = 0 if checked else 300
    assert offset(client, where) == kept
    assert send(client, where, kept, SONG[kept:]).status_code == 204
    assert client.get(where).json()["sha256"] == hashlib.sha256(SONG).hexdigest()
    assert client.delete(where).status_code == 204


def test_a_request_that_is_cut_off_by_a_stop_keeps_what_came(client: TestClient) -> None:
    where = begun(client)
    beginning: Message = {"type": "http.request", "body": SONG[:300], "more_body": True}
    pieces = iter([beginning])
    about = scope(
        client, where, len(SONG), **{k.lower(): v for k, v in {**PIECE, "Upload-Offset": "0"}.items()}
    )
    app: Any = client.app

    async def stop() -> None:
        waits = asyncio.Event()

        async def receive() -> Message:
            for piece in pieces:
                return piece
            waits.set()
            await asyncio.Event().wait()
            raise AssertionError("never")

        async def send_on(_message: Message) -> None: ...

        task = asyncio.create_task(app({**about, "method": "PATCH"}, receive, send_on))
        await waits.wait()
        task.cancel()
        await task

    assert client.portal is not None
    client.portal.call(stop)
    assert offset(client, where) == 300
    assert client.delete(where).status_code == 204


def test_who_can_only_post_says_what_is_meant(client: TestClient) -> None:
    where = begun(client)
    headers = {**PIECE, "Upload-Offset": "0", "X-HTTP-Method-Override": "PATCH"}
    assert client.post(where, content=SONG, headers=headers).status_code == 204
    head = client.post(where, headers={**TUS, "X-HTTP-Method-Override": "HEAD"})
    assert (head.headers["upload-offset"], head.content) == (str(len(SONG)), b"")
    assert head.headers["content-length"] == "0"  # a POST's answer has the body that it announces
    assert client.post(where, headers={**TUS, "X-HTTP-Method-Override": "PUT"}).status_code == 405
    assert client.post(where, headers={**TUS, "X-HTTP-Method-Override": "DELETE"}).status_code == 204
    assert client.get(where).status_code == 404


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Upload-Concat", "partial"),
        ("Upload-Concat", "final;/v1/uploads/a /v1/uploads/b"),
        ("Upload-Defer-Length", "1"),
        ("Trailer", "Upload-Checksum"),
    ],
)
def test_an_extension_that_is_not_spoken_is_refused(client: TestClient, header: str, value: str) -> None:
    headers = {**TUS, "Upload-Length": "6", header: value}
    answer = client.post("/v1/uploads", headers=headers)
    refused(answer, 422, "invalid-request")
    assert header.lower() in answer.json()["detail"].lower() or header == "Trailer"
    where = begun(client)
    refused(send(client, where, 0, b"a song", **{header: value}), 422, "invalid-request")
    assert offset(client, where) == 0
    assert client.delete(where).status_code == 204


def test_a_length_that_is_told_twice_is_no_length(client: TestClient) -> None:
    headers = [*TUS.items(), ("Upload-Length", "6"), ("Upload-Length", "60")]
    refused(client.post("/v1/uploads", headers=headers), 422, "invalid-request")


def test_a_request_that_comes_again_begins_one_upload(client: TestClient) -> None:
    once = {"Idempotency-Key": "an upload"}
    first, again = (begun(client, headers=once) for _ in "12")
    assert first == again
    other = client.post("/v1/uploads", headers={**TUS, "Upload-Length": "9", **once})
    refused(other, 422, "idempotency-key-reused")
    assert client.delete(first).status_code == 204


def test_a_job_needs_a_complete_upload_of_its_tenant_and_nothing_else(client: TestClient) -> None:
    where = begun(client)
    named = {"upload_id": (None, where.rpartition("/")[2])}
    refused_at = client.post("/v1/audits", files=named)
    assert (refused_at.status_code, refused_at.json()["code"]) == (409, "conflict")
    assert send(client, where, 0, SONG).status_code == 204
    both = client.post("/v1/audits", files={**named, "file": ("a.wav", GOOD)})
    assert (both.status_code, both.json()["code"]) == (422, "invalid-request")
    for headers in (key(client, tenant="stranger"), {}):
        unknown = named if headers else {"upload_id": (None, "0" * 32)}
        answer = client.post("/v1/audits", files=unknown, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
    repeated = {"Idempotency-Key": "from an upload"}
    jobs = {client.post("/v1/audits", files=named, headers=repeated).headers["location"] for _ in "12"}
    assert len(jobs) == 1
    ended(client, jobs.pop())
    assert client.delete(where).status_code == 204
    bad = begun(client, len(BAD))
    assert send(client, bad, 0, BAD).status_code == 204
    answer = client.post("/v1/audits", files={"upload_id": (None, bad.rpartition("/")[2])})
    assert (answer.status_code, answer.json()["code"]) == (422, "unreadable-audio")
    assert client.delete(bad).status_code == 204
    assert list(parts(client).settings.uploads.iterdir()) == []


def test_either_scope_that_starts_jobs_may_upload(client: TestClient) -> None:
    for one in (Scope.AUDITS_WRITE, Scope.TRACKS_WRITE):
        where = begun(client, headers=key(client, one))
        assert client.delete(where, headers=key(client, one)).status_code == 204
    weak = client.post("/v1/uploads", headers={**TUS, "Upload-Length": "1", **key(client, Scope.AUDITS_READ)})
    refused(weak, 403, "forbidden")


def test_a_tenant_stores_only_so_much_and_sees_what(client: TestClient) -> None:
    mine = key(client, tenant="small")
    made = [begun(client, 4000, headers=mine) for _ in range(25)]
    answer = client.post("/v1/uploads", headers={**TUS, "Upload-Length": "1", **mine})
    refused(answer, 413, "quota-reached")
    seen: list[str] = []
    cursor = None
    while cursor is not None or not seen:
        query = {"limit": 10} | ({"cursor": cursor} if cursor else {})
        page = client.get("/v1/uploads", params=query, headers=mine).json()
        seen += [one["links"]["self"] for one in page["items"]]
        cursor = page["next"]
    assert sorted(seen) == sorted(made)
    assert seen[0] == made[-1]
    assert client.get("/v1/uploads", params={"cursor": "x"}, headers=mine).status_code == 422
    for where in made:
        assert client.delete(where, headers=mine).status_code == 204
