"""Odd values in every place that a client can fill: each is refused with a problem, and none is a 500."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.api.serving import GOOD, URL, parts, register, serve

NUL, LONE = "a\x00b", "a\ud800b"
HUGE = [2**31, 2**63 - 1, 2**63, 2**64, 10**23, 10**4000, -1, -(2**63) - 1]
DEEP = 40_000
JSON = {"Content-Type": "application/json"}


def cursor(*values: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode()


CURSORS = {
    "late": cursor("9999-12-31T23:59:59-23:59", "x"),
    "early": cursor("0001-01-01T00:00:00+23:59", "x"),
    "surrogate": cursor("2026-01-01T00:00:00+00:00", LONE),
    "nul": cursor("2026-01-01T00:00:00+00:00", NUL),
    "no text": cursor("2026-01-01T00:00:00+00:00", {"a": 1}),
    "deep": base64.urlsafe_b64encode(b"[" * DEEP).decode(),
    "huge": cursor(10**4000, "x"),
    "no zone": cursor("2026-01-01T00:00:00", "x"),
    "empty": "",
    "no base64": "%%%",
    "bytes": base64.urlsafe_b64encode(b"\xff\xfe").decode(),
    "nan": base64.urlsafe_b64encode(b'[NaN, "x"]').decode(),
    "surrogate address": "%ED%A0%80",
}
PATHS = [
    "/v1/audits/{}",
    "/v1/audits/{}/report",
    "/v1/audits/{}/picture",
    "/audits/{}",
    "/v1/tracks/{}",
    "/v1/tracks/{}/file",
    "/v1/records/{}",
    "/v1/records/{}/events",
    "/v1/records/{}/exports/csv",
    "/v1/records/00112233445566aa/events/{}",
    "/c2pa/v1/manifests/{}",
    "/v1/log/entries/{}",
    "/v1/log/tile/{}",
    "/v1/log/tile/0/{}",
    "/v1/log/tile/0/000.p/{}",
    "/v1/log/tile/entries/{}",
    "/static/{}",
    "/{}",
]
SEGMENTS = [
    "a%00b",
    "%ff",
    "%ed%a0%80",
    "%F0%9F%8E%B5",
    "0" * 5000,
    "1" * 5000,
    "9223372036854775808",
    "-1",
    "x999/x999/x999/x999/x999/999",
    "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "a" * 4000,
    "%0d%0aSet-Cookie:%20a=b",
]
BODIES = {
    "deep list": b"[" * DEEP,
    "deep table": b'{"a":' * DEEP,
    "closed deep": b'{"name":' + b"[" * DEEP + b"]" * DEEP + b"}",
    "deep, but legal to the parser": b'{"name":' + b"[" * 500 + b"]" * 500 + b"}",
    "no JSON": b"{",
    "no UTF-8": b'{"name": "\xff"}',
    "byte order mark": b"\xef\xbb\xbf{}",
    "UTF-16": '{"name": "a"}'.encode("utf-16"),
    "number": b"5",
    "null": b"null",
    "long number": b'{"name":' + b"9" * 5000 + b"}",
    "NaN": b'{"name": NaN}',
    "infinity": b'{"name": 1e999}',
    "key with NUL": b'{"a\\u0000": 1}',
    "key with surrogate": b'{"\\ud800": 1}',
    "twice": b'{"name": "a", "name": "b"}',
    "empty": b"",
}


@pytest.fixture(scope="module")
def client(either: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with serve(tmp_path_factory.mktemp("home"), **either) as client:
        register(parts(client).registry)
        answers = TestClient(client.app, base_url=URL, raise_server_exceptions=False)
        answers.headers.update(client.headers)
        yield answers


def refused(answer: Any, *statuses: int) -> None:
    """A problem with a code, and never the server's fault."""
    assert answer.status_code in (statuses or range(400, 500)), (answer.status_code, answer.text[:500])
    if "text/html" not in answer.headers["content-type"]:
        assert answer.headers["content-type"] == "application/problem+json", answer.text[:200]
        assert answer.json()["code"] and answer.json()["status"] == answer.status_code


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("segment", SEGMENTS, ids=lambda text: text[:20])
def test_a_path(client: TestClient, path: str, segment: str) -> None:
    answer = client.get(path.format(segment))
    if not (path == "/v1/log/entries/{}" and set(segment) == {"0"} and answer.status_code == 200):
        refused(answer, 404, 405, 414, 422, 400)


@pytest.mark.parametrize("name", CURSORS)
@pytest.mark.parametrize("path", ["/v1/audits", "/v1/tracks"])
def test_a_cursor(client: TestClient, path: str, name: str) -> None:
    refused(client.get(f"{path}?cursor={CURSORS[name]}"), 422)


@pytest.mark.parametrize("number", HUGE, ids=lambda number: f"{str(number)[:12]}")
@pytest.mark.parametrize(
    "query",
    [
        "/v1/records?before={}",
        "/v1/records?limit={}",
        "/v1/audits?limit={}",
        "/v1/log/proofs/inclusion?index={}",
        "/v1/log/proofs/inclusion?index=0&size={}",
        "/v1/log/proofs/consistency?old_size={}",
        "/v1/log/entries/{}",
        "/c2pa/v1/matches/byBinding?alg=x&value=YQ==&maxResults={}",
    ],
)
def test_a_number_in_an_address(client: TestClient, query: str, number: int) -> None:
    answer = client.get(query.format("9" * 5001 if number == 10**4000 else number))
    assert answer.status_code == 200 or answer.status_code in (400, 404, 422), answer.text


@pytest.mark.parametrize("bad", ["a%00b", "%ed%a0%80", "%ff"])
def test_a_text_in_an_address(client: TestClient, bad: str) -> None:
    for query in ("/v1/records?sha256={}", "/c2pa/v1/matches/byBinding?alg={}&value=YQ==", "/v1/audits?{}=1"):
        refused(client.get(query.format(bad)), 400, 422)


POSTS = ["/v1/keys", "/c2pa/v1/matches/byBinding"] + [
    f"/v1/records/{{record}}/{event}"
    for event in ("amendments", "transfers", "disputes", "settlements", "revocations")
]


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("path", POSTS)
def test_a_body(client: TestClient, path: str, name: str) -> None:
    record = client.get("/v1/records").json()["items"][0]["record_id"]
    refused(client.post(path.format(record=record), content=BODIES[name], headers=JSON), 400, 422)


TEXTS = ["a\\u0000b", "a\\ud800b", "\\udfff\\ud800", "x" * 2000]
MADE: list[tuple[str, str]] = [
    ("/v1/keys", '{"name": "%s", "scopes": ["audits:read"]}'),
    ("/v1/keys", '{"name": "a", "scopes": ["%s"]}'),
    ("/v1/keys", '{"name": "a", "scopes": ["admin"], "tenant": "%s"}'),
    ("/v1/keys", '{"name": "a", "scopes": ["admin"], "expires_at": "%s"}'),
    ("/v1/records/{record}/transfers", '{"to": "%s"}'),
    ("/v1/records/{record}/transfers", '{"to": "A", "right": "%s"}'),
    ("/v1/records/{record}/transfers", '{"to": "A", "giver": "%s"}'),
    ("/v1/records/{record}/transfers", '{"to": "A", "effective": "%s"}'),
    ("/v1/records/{record}/transfers", '{"to": "A", "source_doc_sha256": "%s"}'),
    ("/v1/records/{record}/disputes", '{"issuer": "%s", "reason": "a"}'),
    ("/v1/records/{record}/disputes", '{"issuer": "a", "reason": "%s"}'),
    ("/v1/records/{record}/revocations", '{"issuer": "A Label", "reason": "%s"}'),
    ("/v1/records/{record}/amendments", '{"asset": {"title": "%s"}}'),
    ("/v1/records/{record}/amendments", '{"%s": 1}'),
    ("/v1/records/{record}/amendments", '{"parties": [{"id": "a", "name": "%s"}]}'),
    ("/c2pa/v1/matches/byBinding", '{"alg": "%s", "value": "YQ=="}'),
    ("/c2pa/v1/matches/byBinding", '{"alg": "a", "value": "%s"}'),
]


@pytest.mark.parametrize("text", TEXTS, ids=["nul", "surrogate", "surrogates", "long"])
@pytest.mark.parametrize(("path", "body"), MADE)
def test_a_text_in_a_body(client: TestClient, path: str, body: str, text: str) -> None:
    record = client.get("/v1/records").json()["items"][0]["record_id"]
    content = (body % text).encode()
    answer = client.post(path.format(record=record), content=content, headers=JSON)
    if not (text[0] == "x" and answer.status_code == 201):  # a long title is a title
        refused(answer, 400, 422)


NUMBERS = ["1" * 400, "1e400", "-1", "9223372036854775808", "1.5", "NaN", "true", "[]", "{}", "null"]


@pytest.mark.parametrize("number", NUMBERS, ids=lambda text: text[:12])
def test_a_number_in_a_body(client: TestClient, number: str) -> None:
    record = client.get("/v1/records").json()["items"][0]["record_id"]
    for path, body in (
        ("amendments", '{"asset": {"duration_ms": %s}}'),
        ("amendments", '{"asset": %s}'),
        ("amendments", '{"asset": {"title": %s}}'),
        ("amendments", '{"rights": %s}'),
        ("amendments", '{"rights": [{"right": "master", "holder": "owner", "share_ppm": %s}]}'),
        ("amendments", '{"x": %s}'),
        ("transfers", '{"to": "A", "right": "none such", "share_ppm": %s}'),
    ):
        answer = client.post(f"/v1/records/{record}/{path}", content=(body % number).encode(), headers=JSON)
        if number != "null":
            refused(answer, 400, 409, 422)
        assert answer.status_code < 500


@pytest.mark.parametrize(
    "moment",
    [
        "9999-12-31T23:59:59-23:59",
        "0001-01-01T00:00:00+23:59",
        "9999-12-31T23:59:59",
        "99999-01-01T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "-1",
        "1e400",
        "0001-01-01T00:00:00Z",
    ],
)
def test_a_date(client: TestClient, moment: str) -> None:
    body = {"name": "a", "scopes": ["audits:read"], "expires_at": moment}
    refused(client.post("/v1/keys", json=body), 422)


@pytest.mark.parametrize(
    "header", ["Idempotency-Key", "If-Match", "Content-Type", "X-API-Key", "Authorization"]
)
@pytest.mark.parametrize("value", [b"a\x80\xff", b"\xed\xa0\x80", b"x" * 20_000, b"", b"\x7f"])
def test_a_header(client: TestClient, header: str, value: bytes) -> None:
    record = client.get("/v1/records").json()["items"][0]["record_id"]
    answer = client.post(
        f"/v1/records/{record}/transfers", json={"to": "A", "right": "none"}, headers={header.encode(): value}
    )
    refused(answer)
    answer = client.post("/v1/audits", files={"file": ("a.wav", GOOD)}, headers={header.encode(): value})
    assert answer.status_code < 500


@pytest.mark.parametrize(
    "text", ["a\x00b", "\udcff", "a" * 300_000, "\u202e"], ids=["nul", "raw", "long", "mark"]
)
@pytest.mark.parametrize("field", ["artist", "checks", "retain", "policy"])
def test_a_field_of_a_form(client: TestClient, field: str, text: str) -> None:
    value = text.encode("utf-8", "surrogateescape")
    answer = client.post("/v1/audits", files={"file": ("a.wav", GOOD)}, data={field: value})
    refused(answer, 404, 413, 422)


@pytest.mark.parametrize("name", [NUL, "\udcff.wav", "\u202e", "", "x" * 9000])
def test_the_name_of_a_file(client: TestClient, name: str) -> None:
    for path, form in (("/v1/audits", {}), ("/v1/tracks", {"title": "a", "owner": "b"})):
        head = b'Content-Disposition: form-data; name="file"; filename="'
        parts_ = [b"--b", head + name.encode("utf-8", "surrogateescape") + b'"', b"", GOOD]
        for key, value in form.items():
            parts_ += [b"--b", f'Content-Disposition: form-data; name="{key}"'.encode(), b"", value.encode()]
        body = b"\r\n".join([*parts_, b"--b--", b""])
        answer = client.post(path, content=body, headers={"Content-Type": "multipart/form-data; boundary=b"})
        assert answer.status_code == 202 or answer.status_code in (413, 422), answer.text


def test_a_body_of_json_says_so_and_is_utf_8(client: TestClient) -> None:
    body = b'{"name": "a", "scopes": ["audits:read"]}'
    for media in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=b", ""):
        answer = client.post("/v1/keys", content=body, headers={"Content-Type": media})
        refused(answer, 422)
        assert answer.json()["detail"] == "send the body with Content-Type: application/json"
    headers = {"Content-Type": "application/json; charset=utf-16"}
    for code in ("utf-16", "utf-16-le", "utf-32"):
        refused(client.post("/v1/keys", content=body.decode().encode(code), headers=headers), 422)
    for sent in (body, b"\xef\xbb\xbf" + body):
        assert client.post("/v1/keys", content=sent, headers=headers).status_code == 201
    assert client.post("/v1/keys").json()["errors"] == [{"field": "body", "detail": "is missing"}]


def test_an_answer_repeats_little_of_what_was_sent(client: TestClient) -> None:
    for names in ("x" * 60_000, "&".join(f"x{number}=" for number in range(5000))):
        answer = client.get(f"/v1/audits?{names}")
        refused(answer, 422)
        assert len(answer.content) < 5000


@pytest.mark.parametrize("asked", ["lines=0-1", "bytes=9-0", "bytes=-", "bytes", "bytes=0-1,3-4", "bytes=x-"])
def test_a_range_that_is_not_heeded_is_answered_with_the_whole(client: TestClient, asked: str) -> None:
    whole, part = (client.get("/static/style.css", headers=sent) for sent in ({}, {"Range": asked}))
    assert (part.status_code, part.content) == (200, whole.content)
    assert client.get("/static/style.css", headers={"Range": "bytes=2-5"}).content == whole.content[2:6]


@pytest.mark.parametrize("boundary", ["x" * 5000, "\xff", "a b", " "])
def test_an_odd_boundary(client: TestClient, boundary: str) -> None:
    media = f"multipart/form-data; boundary={boundary}".encode("latin-1")
    headers = [(b"content-type", media)]
    for path in ("/v1/audits", "/v1/artists", "/v1/comparisons", "/c2pa/v1/matches/byContent"):
        refused(client.post(path, content=b"--x\r\n", headers=headers), 400, 415, 422)


def test_a_field_that_is_there_twice(client: TestClient) -> None:
    sent, folder = {"file": ("a.wav", GOOD)}, parts(client).settings.uploads
    before = set(folder.iterdir())
    answer = client.post("/v1/audits", files=sent, data={"retain": ["true", "false"]})
    refused(answer, 422)
    assert "'retain' was sent more than once" in answer.json()["detail"]
    assert set(folder.iterdir()) <= before


@pytest.mark.parametrize(
    "name", ["Idempotency-Key", "Authorization", "X-API-Key", "Content-Type", "If-Match"]
)
def test_a_header_of_one_value_that_is_there_twice(client: TestClient, name: str) -> None:
    answer = client.post("/v1/keys", json={"name": "a"}, headers=[(name, "a"), (name, "b")])
    refused(answer, 400)
    assert answer.json()["code"] == "malformed-request"


@pytest.mark.parametrize("path", ["/v1/keys", "/v1/audits", "/v1/uploads"])
def test_a_body_that_two_readers_would_end_in_two_places(client: TestClient, path: str) -> None:
    framed = {"Content-Length": "5", "Transfer-Encoding": "chunked"}
    answer = client.post(path, content=b"0\r\n\r\n", headers=framed)
    refused(answer, 400)
    assert answer.json()["code"] == "malformed-request"


@pytest.mark.parametrize("path", ["/v1/keys", "/v1/audits", "/v1/uploads"])
def test_a_packed_body_is_not_read_as_a_plain_one(client: TestClient, path: str) -> None:
    for coding in ("gzip", "br", "identity, gzip"):
        packed = client.post(path, content=b"{}", headers=JSON | {"Content-Encoding": coding})
        refused(packed, 415)
        assert packed.json()["code"] == "unsupported-media-type"
