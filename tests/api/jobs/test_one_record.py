"""A tagging that is killed anywhere makes one record, and its second attempt finds its own."""

from dataclasses import replace
from pathlib import Path

import pytest

from api.audit.engines import product_engines
from api.jobs.books import Jobs
from api.jobs.files import JobFiles
from api.jobs.job import Job, Upload
from api.jobs.worker import Worker
from api.registry.registry import Registry
from api.settings import Settings
from core.encode import encode
from provenance.credentials import read_credentials
from provenance.tag import Tagged
from tests.api.killing import Killed, killed_at
from tests.provenance.test_tag import Remembering
from tests.signals import music

REQUEST = {"title": "A Song", "owner": "A Label", "format": "wav", "retain": True}


def entered(settings: Settings, jobs: Jobs) -> Job:
    settings.uploads.mkdir(parents=True, exist_ok=True)
    encode(music(1.0, 44_100, 1), 44_100, settings.uploads / "in.wav", codec="wav")
    job, _ = jobs.create("track", "default", Upload("in.wav", "in.wav", "ab" * 32, 1), REQUEST)
    return job


def fresh(settings: Settings, registry: Registry, jobs: Jobs) -> Worker:
    """A worker as in a fresh process; its mark remembers its message."""
    return Worker(settings, registry, jobs, replace(product_engines(settings), marker=Remembering()))


def test_a_tagging_killed_at_any_statement_makes_one_record(tmp_path: Path, database_url: str) -> None:
    settings = Settings(home=tmp_path / "home", database_url=database_url)
    registry = Registry.open(settings)
    jobs, number, last = Jobs(registry.engine), 0, False
    while not last:
        number += 1
        job = entered(settings, jobs)
        before = {stored.record_id for stored in registry.records.page(limit=200)}
        with killed_at(registry.engine, number):
            try:
                fresh(settings, registry, jobs).run(job.id)
                last = True
            except Killed:
                pass
        fresh(settings, registry, jobs).run(job.id)
        done = jobs.find(job.id)
        assert done is not None
        assert done.state == "succeeded", (number, done.error)
        assert done.result is not None
        made = {stored.record_id for stored in registry.records.page(limit=200)} - before
        assert made == {done.result["record_id"]} == {job.request["record_id"]}, number
        assert not any(job.request["record_id"] in warning for warning in done.result["warnings"])
        output = JobFiles.of(settings).output(done)
        assert [path.name for path in output.iterdir()] == ["tagged.wav"]
        record = registry.records.verified(done.result["record_id"]).current.record
        assert read_credentials(output / "tagged.wav").record_sha256 == record.digest()
    assert number > 10
    registry.close()


def test_what_a_killed_attempt_left_is_swept(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    registry = Registry.open(settings)
    jobs = Jobs(registry.engine)
    job = entered(settings, jobs)
    left = settings.outputs / job.id / ".trackmark-abc"
    left.mkdir(parents=True)
    (left / "marked.wav").write_bytes(b"unreleased")

    def refuse(*_arguments: object, **_options: object) -> Tagged:
        raise Killed

    engines = replace(product_engines(settings), tagger=refuse)
    with pytest.raises(Killed):
        Worker(settings, registry, jobs, engines).run(job.id)
    assert not left.exists()
    registry.close()
