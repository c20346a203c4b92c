"""What a tenant keeps no longer ends, with an event each; what a hold keeps stays; on both databases."""

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from api import database
from api.jobs.retention import Retention
from api.server.api_keys import Scope
from api.server.pages.settings import SCOPES
from core import clock
from tests.api.server.test_trailing import events
from tests.api.serving import GOOD, audited, finished, key, parts, serve


@pytest.fixture(scope="module")
def client(either: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with serve(tmp_path_factory.mktemp("home"), **either) as client:
        yield client


@pytest.fixture
def mine(client: TestClient, request: pytest.FixtureRequest) -> TestClient:
    """A tenant of its own, so that no test ends what another keeps."""
    name = f"t{abs(hash(request.node.name)) % 10**9}"
    return TestClient(client.app, base_url=str(client.base_url), headers=key(client, tenant=name))


NEVER = dict.fromkeys(("audio_days", "reports_days", "voices_days", "tagged_days"))


def keep_for(client: TestClient, **days: int) -> None:
    answer = client.put("/v1/retention", json={**NEVER, **days})
    assert answer.status_code == 200, answer.text


def sweep(client: TestClient, days: float) -> list[tuple[str, str]]:
    """What ends so many days from now; a dry run says the same before."""
    tenant = client.get("/v1/whoami").json()["tenant"]
    keeping = Retention(parts(client).registry.engine, parts(client).worker.files)
    then = clock.now() + timedelta(days=days)
    due = keeping.due(then)
    ended = keeping.sweep(then)
    assert sorted(map(str, due)) == sorted(map(str, ended))
    return [(one.what, one.object) for one in ended if one.tenant == tenant]


def status(client: TestClient, path: str) -> int:
    return client.get(path).status_code


def test_nothing_ends_where_nothing_was_set(mine: TestClient) -> None:
    told = mine.get("/v1/retention").json()
    assert told == dict.fromkeys(
        ("audio_days", "reports_days", "voices_days", "tagged_days", "changed_at", "who")
    )
    audited(mine, data={"retain": "true"})
    mine.post("/v1/artists", files={"files": ("v.wav", GOOD)}, data={"name": "Ada"})
    assert sweep(mine, 36_500) == []


def test_retained_audio_ends_and_its_audit_stays(mine: TestClient) -> None:
    audit = audited(mine, files={"file": ("a.flac", GOOD)}, data={"retain": "true"})
    path = f"/v1/audits/{audit['id']}"
    job = parts(mine).jobs.any_kind(audit["id"], tenant=mine.get("/v1/whoami").json()["tenant"])
    (upload,) = parts(mine).worker.files.received(job)
    keep_for(mine, audio_days=30)
    assert sweep(mine, 29.9) == []
    assert status(mine, f"{path}/sound") == 200 and upload.is_file()
    assert sweep(mine, 30.1) == [("audio", path)]
    assert status(mine, f"{path}/sound") == 404 and not upload.is_file()
    told = mine.get(path).json()
    assert told["audio_deleted_at"] is not None and told["findings"] == audit["findings"]
    assert status(mine, f"{path}/report") == 200
    assert sweep(mine, 31) == []  # once
    found = [one for one in events(mine, of=path) if one["phase"] == "done"]
    assert (found[-1]["action"], found[-1]["who"]) == ("retention.audio", "the service")


def test_audits_end_whole_and_their_cases_stay(mine: TestClient) -> None:
    audit = audited(mine)["id"]
    case = mine.post("/v1/cases", json={"audit_id": audit, "reason": "a call"}).json()
    queued = mine.post("/v1/audits", files={"file": ("b.wav", GOOD)}).headers["location"]
    keep_for(mine, reports_days=10)
    finished(mine, queued)
    assert sweep(mine, 9) == []
    ended = sweep(mine, 11)
    assert sorted(ended) == sorted([("report", f"/v1/audits/{audit}"), ("report", queued)])
    assert status(mine, f"/v1/audits/{audit}") == 404
    assert not (parts(mine).settings.outputs / audit).exists()
    left = mine.get(f"/v1/cases/{case['id']}").json()
    assert (left["audit_kept"], left["audit_id"]) == (False, audit)
    assert mine.get("/v1/audits").json()["items"] == []


def tagged(client: TestClient, **data: str) -> dict[str, Any]:
    sent = client.post(
        "/v1/tracks", files={"file": ("t.wav", GOOD)}, data={"title": "T", "owner": "O", **data}
    )
    return finished(client, sent.headers["location"])


def test_a_tagged_file_ends_and_its_record_stays(mine: TestClient) -> None:
    made = tagged(mine, retain="true")
    path, record = made["links"]["self"], made["links"]["record"]
    assert status(mine, f"{path}/file") == 200 and made["tagged_deleted_at"] is None
    keep_for(mine, audio_days=40, tagged_days=30)
    assert sweep(mine, 29.9) == []
    assert sweep(mine, 30.1) == [("tagged-file", path)]
    gone = mine.get(f"{path}/file")
    assert (gone.status_code, gone.json()["code"]) == (410, "no-longer-kept")
    told = mine.get(path).json()
    assert told["tagged_deleted_at"] is not None and told["result"] == made["result"]
    assert told["links"] == {"self": path, "record": record} and status(mine, record) == 200
    assert not (parts(mine).settings.outputs / made["id"]).exists()
    assert sweep(mine, 39) == []  # once
    assert sweep(mine, 41) == [("audio", path)]
    found = [one["action"] for one in events(mine, of=path) if one["phase"] == "done"]
    assert found[-2:] == ["retention.tagged-file", "retention.audio"]


def test_audio_and_tagged_file_of_one_tagging_are_due_together(mine: TestClient) -> None:
    path = tagged(mine, retain="true")["links"]["self"]
    keep_for(mine, audio_days=1, tagged_days=1)
    assert sorted(sweep(mine, 2)) == [("audio", path), ("tagged-file", path)]


def test_a_tagging_that_made_nothing_ends_whole(mine: TestClient) -> None:
    sent = mine.post(
        "/v1/tracks", files={"file": ("t.wav", b"RIFF")}, data={"title": "T", "owner": "O"}
    ).headers["location"]
    engine, job_id = parts(mine).registry.engine, sent.rpartition("/")[2]
    finished(mine, sent)
    with database.writing(engine) as connection:
        connection.execute(text("UPDATE jobs SET state = 'failed' WHERE id = :id"), {"id": job_id})
    keep_for(mine, tagged_days=3)
    assert sweep(mine, 2) == []
    assert sweep(mine, 4) == [("tagging", sent)]
    assert status(mine, sent) == 404


def test_a_hold_on_a_record_keeps_the_tagged_file(mine: TestClient) -> None:
    made = tagged(mine)
    path, record = made["links"]["self"], made["result"]["record_id"]
    hold = mine.post("/v1/holds", json={"kind": "record", "id": record, "reason": "a suit"}).json()
    keep_for(mine, tagged_days=1)
    assert sweep(mine, 2) == [] and status(mine, f"{path}/file") == 200
    mine.post(f"/v1/holds/{hold['id']}:release", json={"reason": "settled"})
    assert sweep(mine, 2) == [("tagged-file", path)]


def test_a_batch_ends_with_the_last_of_its_audits(mine: TestClient) -> None:
    tus = {"Tus-Resumable": "1.0.0", "Upload-Length": str(len(GOOD))}
    piece = {"Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream"}
    uploads = [mine.post("/v1/uploads", headers=tus).headers["location"] for _ in "12"]
    for place in uploads:
        mine.patch(place, content=GOOD, headers={**piece, "Upload-Offset": "0"})
    items = [{"upload_id": place.rpartition("/")[2]} for place in uploads]
    batch = mine.post("/v1/batches", json={"items": items}).headers["location"]
    while mine.get(batch).json()["completed_at"] is None:
        time.sleep(0.05)
    rows = mine.get(f"{batch}/results").json()["items"]
    first, second = (row["audit_id"] for row in rows)
    hold = mine.post("/v1/holds", json={"kind": "audit", "id": first, "reason": "a suit"}).json()
    keep_for(mine, reports_days=1)
    assert sweep(mine, 2) == [("report", f"/v1/audits/{second}")] and status(mine, batch) == 200
    mine.post(f"/v1/holds/{hold['id']}:release", json={"reason": "settled"})
    assert sweep(mine, 2) == [("report", f"/v1/audits/{first}"), ("batch", batch)]
    assert status(mine, batch) == 404


def test_voice_prints_end_with_their_consents(mine: TestClient) -> None:
    artist = mine.post("/v1/artists", files={"files": ("v.wav", GOOD)}, data={"name": "Ada"}).json()["id"]
    keep_for(mine, voices_days=100)
    assert sweep(mine, 99) == []
    assert sweep(mine, 101) == [("voice-print", f"/v1/artists/{artist}")]
    assert mine.get("/v1/artists").json()["items"] == []
    assert status(mine, f"/v1/artists/{artist}/consents") == 404
    again = mine.post("/v1/artists", files={"files": ("v.wav", GOOD)}, data={"name": "Ada"})
    assert again.status_code == 201


def test_a_hold_on_an_audit_a_case_or_a_record_keeps_the_audit(mine: TestClient) -> None:
    track = mine.post("/v1/tracks", files={"file": ("t.wav", GOOD)}, data={"title": "T", "owner": "O"})
    made = finished(mine, track.headers["location"])
    record = made["result"]["record_id"]
    first, second, free = (audited(mine, data={"retain": "true"})["id"] for _ in "123")
    case = mine.post("/v1/cases", json={"audit_id": second, "reason": "a call"}).json()["id"]
    holds = [
        mine.post("/v1/holds", json={"kind": kind, "id": one, "reason": "a suit"}).json()["id"]
        for kind, one in (("audit", first), ("case", case), ("record", record))
    ]
    keep_for(mine, audio_days=1, reports_days=2)
    assert sweep(mine, 3) == [("report", f"/v1/audits/{free}")]
    for path in (f"/v1/audits/{first}", f"/v1/audits/{second}", f"/v1/records/{record}"):
        refused = mine.delete(path)
        assert (refused.status_code, refused.json()["code"]) == (409, "legal-hold"), path
        assert status(mine, path) == 200
    for hold in holds[:2]:
        released = mine.post(f"/v1/holds/{hold}:release", json={"reason": "settled"}).json()
        assert released["released_reason"] == "settled"
        assert mine.post(f"/v1/holds/{hold}:release", json={"reason": "again"}).status_code == 409
    assert sorted(sweep(mine, 3)) == sorted(("report", f"/v1/audits/{one}") for one in (first, second))
    mine.post(f"/v1/holds/{holds[2]}:release", json={"reason": "settled"})
    assert mine.delete(f"/v1/records/{record}").status_code == 204
    states = [
        [one["id"] for one in mine.get(f"/v1/holds?state={state}").json()["items"]]
        for state in ("in_force", "released")
    ]
    assert states == [[], holds[::-1]]
    actions = [one["action"] for one in events(mine) if one["object"] == f"/v1/holds/{holds[0]}"]
    assert actions == ["hold.placed", "hold.released"]


def test_a_hold_on_a_record_keeps_the_audits_that_found_it(mine: TestClient) -> None:
    audit = audited(mine)["id"]
    track = mine.post("/v1/tracks", files={"file": ("t.wav", GOOD)}, data={"title": "T", "owner": "O"})
    record = finished(mine, track.headers["location"])["result"]["record_id"]
    engine, tenant = parts(mine).registry.engine, mine.get("/v1/whoami").json()["tenant"]
    with database.writing(engine) as connection:  # as an audit that found the record has it
        row = {"job_id": audit, "term": record, "tenant": tenant, "at": clock.now().replace(tzinfo=None)}
        columns = "(job_id, field, term, tenant, kind, created_at)"
        insert = f"INSERT INTO job_terms {columns} VALUES (:job_id, 'record', :term, :tenant, 'audit', :at)"
        connection.execute(text(insert), row)
    hold = mine.post("/v1/holds", json={"kind": "record", "id": record, "reason": "a suit"}).json()
    keep_for(mine, reports_days=1)
    assert sweep(mine, 2) == []
    assert mine.delete(f"/v1/audits/{audit}").json()["code"] == "legal-hold"
    mine.post(f"/v1/holds/{hold['id']}:release", json={"reason": "settled"})
    assert sweep(mine, 2) == [("report", f"/v1/audits/{audit}")]


def test_a_hold_on_an_artist_keeps_the_voice(mine: TestClient) -> None:
    artist = mine.post("/v1/artists", files={"files": ("v.wav", GOOD)}, data={"name": "Ada"}).json()["id"]
    hold = mine.post("/v1/holds", json={"kind": "artist", "id": artist, "reason": "a suit"}).json()
    keep_for(mine, voices_days=1)
    assert sweep(mine, 2) == []
    for named in ("Ada", artist):
        assert mine.delete(f"/v1/artists/{named}").json()["code"] == "legal-hold"
    assert [one["id"] for one in mine.get("/v1/artists").json()["items"]] == [artist]
    mine.post(f"/v1/holds/{hold['id']}:release", json={"reason": "settled"})
    assert mine.delete("/v1/artists/Ada").status_code == 204


def test_only_what_the_tenant_has_can_be_held(client: TestClient, mine: TestClient) -> None:
    audit = audited(client)["id"]
    for kind, one in (("audit", audit), ("case", "0" * 16), ("record", "0" * 16), ("artist", "nobody")):
        answer = mine.post("/v1/holds", json={"kind": kind, "id": one, "reason": "x"})
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found"), kind
    assert mine.post("/v1/holds", json={"kind": "song", "id": "1", "reason": "x"}).status_code == 422
    hold = client.post("/v1/holds", json={"kind": "audit", "id": audit, "reason": "x"}).json()["id"]
    assert status(mine, f"/v1/holds/{hold}") == 404
    assert mine.post(f"/v1/holds/{hold}:release", json={"reason": "x"}).status_code == 404
    assert status(client, f"/v1/holds/{hold}") == 200


def test_a_hold_is_placed_once_for_a_request(mine: TestClient) -> None:
    body = {"kind": "audit", "id": audited(mine)["id"], "reason": "x"}
    sent = {"Idempotency-Key": "one"}
    first, second = (mine.post("/v1/holds", json=body, headers=sent).json() for _ in "12")
    assert first == second and len(mine.get("/v1/holds").json()["items"]) == 1


def test_what_cannot_be_meant_is_refused(mine: TestClient) -> None:
    for days in ({"audio_days": 0}, {"audio_days": -1}, {"reports_days": 1e9}, {"voices_days": "soon"}):
        assert mine.put("/v1/retention", json={**NEVER, **days}).status_code == 422
    keep_for(mine, audio_days=5, reports_days=6)
    keep_for(mine, audio_days=7)  # all are set
    told = mine.get("/v1/retention").json()
    assert (told["audio_days"], told["reports_days"], told["who"]) == (7, None, "test")


def test_what_a_number_s_absence_would_mean_is_not_guessed(mine: TestClient) -> None:
    keep_for(mine, tagged_days=6)
    answer = mine.put("/v1/retention", json={"audio_days": 7})
    assert answer.status_code == 422
    for name in ("reports_days", "voices_days", "tagged_days"):
        assert name in answer.text
    assert mine.get("/v1/retention").json()["tagged_days"] == 6


def test_the_page_of_keys_says_what_every_scope_is_for() -> None:
    assert SCOPES.keys() == set(Scope)
