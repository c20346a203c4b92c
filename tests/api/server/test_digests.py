"""Digests of what is sent and fetched: files tell theirs, and a body that is not as it says is refused."""

import hashlib
from base64 import b64encode
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.server.digests import Expected, expected
from api.server.refusals import UnsupportedChecksum
from tests.api.server.routes.test_uploads import PIECE, TUS
from tests.api.serving import GOOD, audited, finished, parts, register


def digest(data: bytes, name: str = "sha-256") -> str:
    found = hashlib.new(name.replace("-", ""), data).digest()
    return f"{name}=:{b64encode(found).decode()}:"


def refused(answer: Any, code: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (400, code), answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def test_every_file_tells_its_digest(client: TestClient) -> None:
    audit = audited(client, files={"file": ("a.flac", GOOD)}, data={"retain": "true"})["id"]
    track = client.post("/v1/tracks", files={"file": ("a.wav", GOOD)}, data={"title": "T", "owner": "O"})
    tagged = finished(client, track.headers["location"])
    record = f"/v1/records/{tagged['result']['record_id']}"
    exports = [f"{record}/exports/{name}" for name in ("ddex", "csv", "credential", "evidence")]
    reports = [
        f"/v1/audits/{audit}/{name}" for name in ("report", "report?format=html", "outline", "picture")
    ]
    others = [
        f"{record}/envelope",
        f"{record}/proof",
        "/v1/log/checkpoint",
        f"/v1/tracks/{tagged['id']}/file",
    ]
    for path in exports + reports + others:
        answer = client.get(path)
        assert answer.status_code == 200, path
        assert answer.headers["content-digest"] == digest(answer.content), path
        assert answer.headers["repr-digest"] == digest(answer.content), path
    for path in ("/v1/audits", record, "/v1/whoami", "/", "/v1/audits/nothing/report"):
        assert not {"content-digest", "repr-digest"} & client.get(path).headers.keys(), path


def test_whoever_has_a_file_is_told_so_instead_of_sent_it_again(client: TestClient) -> None:
    audit = audited(client, files={"file": ("a.flac", GOOD)})["id"]
    track = client.post("/v1/tracks", files={"file": ("a.wav", GOOD)}, data={"title": "T", "owner": "O"})
    tagged = finished(client, track.headers["location"])
    names = ("report", "report?format=html", "report?format=pdf", "report?format=html&lang=de", "picture")
    files = [f"/v1/audits/{audit}/{name}" for name in names]
    files += [f"/v1/tracks/{tagged['id']}/file", f"/v1/records/{tagged['result']['record_id']}/envelope"]
    tags = set()
    for path in [*files, "/v1/log/entries/0", "/v1/log/tile/entries/000.p/1"]:
        whole = client.get(path)
        own = whole.headers["etag"]
        assert own == f'"{hashlib.sha256(whole.content).hexdigest()}"', path
        assert client.head(path).headers["etag"] == own
        tags.add(own)
        for sent in (own, f'"other", W/{own}', "*"):
            for ask in (client.get, client.head):
                answer = ask(path, headers={"If-None-Match": sent})
                assert (answer.status_code, answer.content) == (304, b""), (path, sent)
                told = ("etag", "vary", "cache-control", "repr-digest")
                assert [answer.headers.get(name) for name in told] == [whole.headers.get(n) for n in told]
                assert not {"content-type", "content-digest", "content-disposition"} & answer.headers.keys()
        for sent in ('"other"', own.strip('"'), "", '"*"'):
            assert client.get(path, headers={"If-None-Match": sent}).content == whole.content, (path, sent)
    assert len(tags) == len(files) + 2  # another form or language is another file


def test_a_part_is_sent_of_the_file_that_was_begun_or_else_the_whole(client: TestClient) -> None:
    path = f"/v1/audits/{audited(client)['id']}/report"
    whole = client.get(path)
    for sent, status in ((whole.headers["etag"], 206), ('"other"', 200)):
        answer = client.get(path, headers={"Range": "bytes=3-", "If-Range": sent})
        assert (answer.status_code, answer.content) == (status, whole.content[3 if status == 206 else 0 :])


def test_a_part_and_a_head_tell_the_digest_of_the_whole(client: TestClient) -> None:
    path = f"/v1/audits/{audited(client)['id']}/report"
    whole = client.get(path).content
    part = client.get(path, headers={"Range": "bytes=3-9"})
    assert (part.status_code, part.content) == (206, whole[3:10])
    head = client.head(path)
    for answer in (part, head):
        assert answer.headers["repr-digest"] == digest(whole)
        assert "content-digest" not in answer.headers


def test_the_digest_of_a_file_that_was_replaced_is_its_own(client: TestClient) -> None:
    audit = audited(client)["id"]
    path = f"/v1/audits/{audit}/outline"
    client.get(path)
    job = parts(client).jobs.get(audit, tenant="default", kind="audit")
    (parts(client).worker.files.output(job) / "outline.json").write_bytes(b"{}")
    assert client.get(path).headers["content-digest"] == digest(b"{}")


@pytest.mark.parametrize("name", ["sha-256", "sha-512"])
def test_a_body_is_held_against_its_digest(client: TestClient, name: str) -> None:
    body = b'{"subject": "a song", "reason": "a call"}'
    json = {"Content-Type": "application/json"}
    good, bad = digest(body, name), digest(body + b" ", name)
    before = len(client.get("/v1/cases?limit=200").json()["items"])
    assert client.post("/v1/cases", content=body, headers={**json, "Content-Digest": good}).status_code == 201
    both = f"{good}, {digest(body)}, md5=:AAAA:"  # what is not known here is passed over
    assert client.post("/v1/cases", content=body, headers={**json, "Content-Digest": both}).status_code == 201
    refused(
        client.post("/v1/cases", content=body, headers={**json, "Content-Digest": bad}), "digest-mismatch"
    )
    both = f"{digest(body)}, {digest(b'', 'sha-512')}"  # every one that is known must agree
    refused(
        client.post("/v1/cases", content=body, headers={**json, "Content-Digest": both}), "digest-mismatch"
    )
    assert len(client.get("/v1/cases?limit=200").json()["items"]) == before + 2


def test_a_form_that_is_not_as_it_says_leaves_no_file_and_no_job(client: TestClient) -> None:
    uploads = parts(client).settings.uploads
    request = client.build_request("POST", "/v1/audits", files={"file": ("a.wav", GOOD)})
    body, media = request.read(), {"Content-Type": request.headers["content-type"]}
    jobs, files = len(client.get("/v1/audits?limit=200").json()["items"]), set(uploads.iterdir())
    bad = {**media, "Content-Digest": digest(b"something else")}
    refused(client.post("/v1/audits", content=body, headers=bad), "digest-mismatch")
    assert len(client.get("/v1/audits?limit=200").json()["items"]) == jobs
    assert set(uploads.iterdir()) == files
    good = client.post("/v1/audits", content=body, headers={**media, "Content-Digest": digest(body)})
    assert finished(client, good.headers["location"])["sha256"] == hashlib.sha256(GOOD).hexdigest()


def test_of_a_piece_that_is_not_as_it_says_nothing_is_kept(client: TestClient) -> None:
    begun = client.post("/v1/uploads", headers={**TUS, "Upload-Length": "8"}).headers["location"]
    for data, at, sent, status in (
        (b"good", 0, b"good", 204),
        (b"bad!", 4, b"good", 400),
        (b"!ba", 4, b"good", 400),
        (b"good", 4, b"good", 204),
    ):
        headers = {**PIECE, "Upload-Offset": str(at), "Content-Digest": digest(sent)}
        assert client.patch(begun, content=data, headers=headers).status_code == status
        stored = int(client.head(begun, headers=TUS).headers["upload-offset"])
        assert stored == (at + len(data) if status == 204 else at)
    assert client.get(begun).json()["sha256"] == hashlib.sha256(b"goodgood").hexdigest()
    first = {**PIECE, "Upload-Length": "4", "Content-Digest": digest(b"else")}
    before = client.get("/v1/uploads").json()["items"]
    refused(client.post("/v1/uploads", content=b"some", headers=first), "digest-mismatch")
    assert client.get("/v1/uploads").json()["items"] == before


def test_a_digest_that_cannot_be_read_or_is_of_no_known_kind_is_refused(client: TestClient) -> None:
    register(parts(client).registry)
    for sent in ("", "md5=:AAAA:", "sha-256", "sha-256=abc", "sha-256=:AAAA:", "sha-256=:!:", "x" * 3000):
        refused(client.post("/v1/cases", json={}, headers={"Content-Digest": sent}), "unsupported-checksum")
        refused(client.get("/v1/records", headers={"Content-Digest": sent}), "unsupported-checksum")


def test_several_fields_are_one_list() -> None:
    one, two = (
        (b"content-digest", digest(b"a").encode()),
        (b"content-digest", digest(b"a", "sha-512").encode()),
    )
    assert isinstance(expected([one, (b"host", b"x"), two]), Expected)
    assert expected([(b"host", b"x")]) is None
    with pytest.raises(UnsupportedChecksum):
        expected([one, (b"content-digest", b"nonsense")])
