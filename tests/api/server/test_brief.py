"""Lookups by content and enrolments are jobs: bounded, fair, waited for or not, and never done twice."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from api import database
from api.database.tables import Table
from api.errors import TooManyJobs
from api.jobs.job import Upload
from api.jobs.leases import LeaseLost
from api.server.brief import AT_MOST
from core.errors import AudioTooLarge
from core.limits import Limits
from tests import fakes
from tests.api.serving import ENGINES, GOOD, Decoder, finished, key, parts, serve

BY_CONTENT = "/c2pa/v1/matches/byContent"
WAV = {"content-type": "audio/wav"}
NO_WAIT = {"prefer": "wait=5, Respond-Async"}
VOICE: dict[str, Any] = {
    "files": [("files", ("a.wav", GOOD)), ("files", ("b.wav", GOOD + b"2"))],
    "data": {"name": "Ada"},
}
_JOBS = Table.metadata.tables["jobs"]


@pytest.fixture
def idle(tmp_path: Path) -> Iterator[TestClient]:
    """A server that works on nothing and waits for nothing."""
    with serve(tmp_path, run_jobs=False, answer_wait_s=0) as client:
        yield client


def ids(client: TestClient) -> list[str]:
    query = select(_JOBS.c.id).order_by(_JOBS.c.created_at, _JOBS.c.id)
    with database.reading(parts(client).registry.engine) as connection:
        return list(connection.execute(query).scalars())


def uploads(client: TestClient) -> list[Path]:
    return list(parts(client).settings.uploads.iterdir())


def test_who_does_not_wait_is_told_where_the_outcome_will_be(tmp_path: Path) -> None:
    with serve(tmp_path) as client:
        lookup = client.post(BY_CONTENT, content=GOOD, headers={**WAV, **NO_WAIT})
        enrolment = client.post("/v1/artists", headers=NO_WAIT, **VOICE)
        for answer in (lookup, enrolment):
            assert answer.status_code == 202, answer.text
            assert answer.headers["preference-applied"] == "respond-async"
            assert answer.headers["location"] == answer.json()["links"]["self"]
            assert int(answer.headers["retry-after"]) >= 1
        assert finished(client, lookup.headers["location"])["matches"] == []
        made = finished(client, enrolment.headers["location"])
        assert (made["state"], made["artist"]["name"], made["problem"]) == ("succeeded", "Ada", None)
        other = key(client, tenant="other")
        for answer in (lookup, enrolment):
            assert client.get(answer.headers["location"], headers=other).status_code == 404


def test_a_lookup_that_was_not_done_in_time_is_found_by_the_same_request(idle: TestClient) -> None:
    late = idle.post(BY_CONTENT, content=GOOD, headers=WAV)
    assert (late.status_code, late.json()["code"]) == (503, "unavailable")
    assert int(late.headers["retry-after"]) >= 1
    assert idle.post(BY_CONTENT, content=GOOD, headers=WAV).status_code == 503
    (job,) = ids(idle)
    assert len(uploads(idle)) == 1
    parts(idle).worker.run(job)
    told = idle.post(BY_CONTENT, content=GOOD, headers=WAV)
    assert (told.status_code, told.json()) == (200, {"matches": []})
    assert uploads(idle) == []
    # What was told is not told again: something may have been registered since.
    assert idle.post(BY_CONTENT, content=GOOD, headers=WAV).status_code == 503
    assert len(ids(idle)) == 2


def test_another_question_about_the_same_file_is_another_lookup(idle: TestClient) -> None:
    for asked in ({}, {"maxResults": "1"}, {"alg": "com.trackmark.nothing"}):
        idle.post(BY_CONTENT, content=GOOD, headers=WAV, params=asked)
    assert len(ids(idle)) == 2  # the third was refused


def test_a_tenant_has_only_so_many_lookups_under_way(idle: TestClient) -> None:
    for number in range(AT_MOST):
        assert idle.post(BY_CONTENT, content=GOOD + b"%d" % number, headers=WAV).status_code == 503
    refused = idle.post(BY_CONTENT, content=GOOD, headers=WAV)
    assert (refused.status_code, refused.json()["code"]) == (429, "too-many-requests")
    assert int(refused.headers["retry-after"]) >= 1
    assert len(uploads(idle)) == AT_MOST
    other = idle.post(BY_CONTENT, content=GOOD, headers={**WAV, **key(idle, tenant="other")})
    assert other.status_code == 503


def test_the_problem_of_a_job_is_the_answer_to_who_waits(tmp_path: Path) -> None:
    class Late(Decoder):
        def decode(self, path: Path, _limits: Limits) -> Any:
            raise AudioTooLarge(f"{path.name}: too long")

    with serve(tmp_path, replace(ENGINES, decoder=Late())) as client:
        lookup = client.post(BY_CONTENT, content=GOOD, headers=WAV)
        enrolment = client.post("/v1/artists", headers={"idempotency-key": "k"}, **VOICE)
        for answer in (lookup, enrolment):
            assert (answer.status_code, answer.json()["code"]) == (413, "audio-too-large")
        # A refused request did nothing, so its key is free.
        voice = {**VOICE, "data": {"name": "Bea"}}
        again = client.post("/v1/artists", headers={"idempotency-key": "k"}, **voice)
        assert again.json()["code"] == "audio-too-large"
        assert uploads(client) == []


def test_an_enrolment_that_takes_long_goes_on_and_is_replayed_under_its_key(idle: TestClient) -> None:
    once = {"idempotency-key": "k"}
    first, again = (idle.post("/v1/artists", headers=once, **VOICE) for _ in range(2))
    assert [first.status_code, again.status_code] == [202, 202]
    assert first.headers["location"] == again.headers["location"]
    (job,) = ids(idle)
    parts(idle).worker.run(job)
    made = idle.post("/v1/artists", headers=once, **VOICE)
    assert (made.status_code, made.headers["idempotency-replayed"]) == (201, "true")
    assert made.json() == idle.get(first.headers["location"]).json()["artist"]
    assert [one["name"] for one in idle.get("/v1/artists").json()["items"]] == ["Ada"]
    assert uploads(idle) == []


def test_erasing_an_artist_erases_enrolments_that_wait(idle: TestClient) -> None:
    waiting = idle.post("/v1/artists", **VOICE)
    assert len(uploads(idle)) == 2
    assert idle.delete("/v1/artists/Ada").status_code == 204
    assert idle.delete("/v1/artists/Ada").status_code == 404
    assert (uploads(idle), ids(idle)) == ([], [])
    assert idle.get(waiting.headers["location"]).status_code == 404


def test_an_attempt_that_comes_late_enrols_nobody(idle: TestClient) -> None:
    """The artist is erased at the last moment, when the voice print is made and not yet kept."""
    idle.post("/v1/artists", **VOICE)
    worker, (job,) = parts(idle).worker, ids(idle)
    real = worker._engines.voice

    class Slow:
        hear, alike = real.hear, real.alike

        def enrol(self, clips: Any) -> bytes:
            assert idle.delete("/v1/artists/Ada").status_code == 204
            return real.enrol(clips)

    worker._engines = replace(worker._engines, voice=Slow())
    worker.run(job)
    assert idle.get("/v1/artists").json()["items"] == []


def test_an_enrolment_is_repeatable_and_names_stay_unique(idle: TestClient) -> None:
    artists = parts(idle).registry.artists
    first = artists.enrol("Ada", b"print", artist_id="ab" * 8)
    assert artists.enrol("Ada", b"print", artist_id="ab" * 8).id == first.id
    assert len(artists.listed()) == 1
    with pytest.raises(LeaseLost):
        artists.enrol("Bea", b"print", while_wanted=_unwanted)
    assert len(artists.listed()) == 1
    idle.post("/v1/artists", **VOICE)
    (job,) = ids(idle)
    parts(idle).worker.run(job)
    told = parts(idle).jobs.get(job, tenant="default", kind="enrolment").error
    assert told is not None and told["code"] == "conflict"


def _unwanted(_connection: Any) -> None:
    raise LeaseLost


def test_brief_jobs_wait_for_no_long_one(tmp_path: Path) -> None:
    begun, go = threading.Event(), threading.Event()

    class Hanging(Decoder):
        def decode(self, path: Path, limits: Limits) -> Any:
            if b"long" in path.read_bytes():
                begun.set()
                assert go.wait()
            return super().decode(path, limits)

    with serve(tmp_path, replace(ENGINES, decoder=Hanging()), job_concurrency=1) as client:
        client.post("/v1/audits", files={"file": ("a.wav", b"a long one")})
        assert begun.wait()
        assert client.post(BY_CONTENT, content=GOOD, headers=WAV).status_code == 200
        go.set()


def test_one_tenants_long_job_holds_up_no_other_tenant(tmp_path: Path) -> None:
    begun, go = threading.Semaphore(0), threading.Event()

    class Hanging(Decoder):
        def decode(self, path: Path, limits: Limits) -> Any:
            if b"long" in path.read_bytes():
                begun.release()
                assert go.wait()
            return super().decode(path, limits)

    with serve(tmp_path, replace(ENGINES, decoder=Hanging()), job_concurrency=1) as client:
        for _ in range(3):
            client.post("/v1/audits", files={"file": ("a.wav", b"a long one")})
        assert begun.acquire()
        other = key(client, tenant="other")
        sent = client.post("/v1/audits", files={"file": ("a.wav", GOOD)}, headers=other)
        assert finished(client, sent.headers["location"], headers=other)["state"] == "succeeded"
        assert not begun.acquire(blocking=False), "the place of others is not for who has one"
        go.set()


def test_all_recordings_of_an_enrolment_share_one_budget(tmp_path: Path) -> None:
    asked: list[int] = []

    class Watched(Decoder):
        def decode(self, path: Path, limits: Limits) -> Any:
            asked.append(limits.max_decoded_bytes)
            return super().decode(path, limits)

    one = fakes.clip(2.0).wav.nbytes
    with serve(tmp_path, replace(ENGINES, decoder=Watched()), enrol_decoded_bytes=10 * one) as client:
        assert client.post("/v1/artists", **VOICE).status_code == 201
    assert asked == [10 * one, 9 * one]


def test_the_books_count_what_is_under_way(idle: TestClient) -> None:
    jobs, file = parts(idle).jobs, Upload("a", "a", "ab" * 32, 1)
    job, _ = jobs.create("lookup", "a", file, {}, most=1)
    jobs.create("audit", "a", file, {}, most=1)
    jobs.create("lookup", "b", file, {}, most=1)
    with pytest.raises(TooManyJobs):
        jobs.create("lookup", "a", file, {}, most=1)
    jobs.cancel(job.id, tenant="a", kind="lookup")
    jobs.create("lookup", "a", file, {}, most=1)
