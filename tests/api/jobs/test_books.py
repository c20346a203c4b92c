"""The books of jobs: one request, one job, however often and at what moment it comes."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

from sqlalchemy import Engine

from api.database.tables import DEFAULT_TENANT
from api.jobs.books import Jobs
from api.jobs.entering import Idempotency
from api.jobs.job import Upload

AT_ONCE, ROUNDS = 8, 10


def test_a_request_that_comes_many_times_at_one_moment_is_one_job(engine: Engine) -> None:
    jobs, upload = Jobs(engine), Upload("song.wav", "stored", "ab" * 32, 10)
    for round_ in range(ROUNDS):
        once, together = Idempotency(f"key-{round_}", "cd" * 32, timedelta(days=1)), Barrier(AT_ONCE)

        def enter(
            _nth: int, once: Idempotency = once, together: Barrier = together
        ) -> tuple[str, str | None, bool]:
            together.wait()
            job, new = jobs.create("track", DEFAULT_TENANT, upload, {"title": "T"}, once)
            return job.id, job.request.get("record_id"), new

        with ThreadPoolExecutor(AT_ONCE) as crowd:
            answers = list(crowd.map(enter, range(AT_ONCE)))
        assert len({(job_id, record_id) for job_id, record_id, _ in answers}) == 1
        assert sum(new for _, _, new in answers) == 1
