"""Killed in any commit and any write of a file, a batch makes each audit once, and tells its end once."""

import hashlib

import pytest
from sqlalchemy.exc import OperationalError

from api.jobs.batches import Batches, Wish
from api.uploads import ResumableUpload, Uploads
from tests.api.killing import answer_lost
from tests.api.mortal import ALL_OVER_S, LEASE_OVER_S, Mortal
from tests.api.serving import ENGINES, GOOD

ROWS = 2
COMMITS = {
    "commit batches batch_items",
    "commit jobs job_terms batch_items",
    "commit batches",
    "commit jobs tenant_turns",
    "commit watermark_keys",
    "commit jobs job_terms trail_events webhook_deliveries cases case_steps case_terms",
    "commit batches trail_events webhook_deliveries",
}
HERE = {"link home/uploads/*.wav", "remove home/uploads/*.wav"}
IN_STORE = {
    *("copy *.wav", "put outline.json", "put report.dsse.json", "put picture.png", "put spectrogram.png"),
    *("remove home/uploads/*.wav", "erase *.wav"),
}


def uploaded(home: Mortal, tenant: str) -> ResumableUpload:
    uploads = Uploads.of(home.engine, home.settings)
    upload = uploads.create(tenant, len(GOOD), "song.wav", "")
    with uploads.appending(upload.id, tenant) as writer:
        writer.write(GOOD, whole=False)
        writer.keep()
    return uploads.get(upload.id, tenant)


def killed(
    home: Mortal, number: int, only: str, *, really: bool = False
) -> tuple[bool, list[str], dict[str, int]]:
    """A batch whose process is killed in a write: whether it was, the writes, and the rows that it left."""
    before = home.rows()
    tenant, batch_id = home.tenant(), f"{home.batches:032x}"
    home.batches += 1
    source = uploaded(home, tenant)
    wishes = [Wish(None, source.id, {"checks": None, "by": None})] * ROWS
    batches = Batches.of(home.engine, home.settings)

    def asked() -> None:
        batches.create(batch_id, tenant, wishes, sha256="ab" * 32)

    def work(later_s: float = 0) -> None:
        for result in batches.results(batch_id, tenant, after=0, limit=ROWS):
            if result.audit_id is not None:
                home.worker(ENGINES, later_s).run(result.audit_id)

    def whole() -> None:
        asked()
        batches.spread(batch_id)
        work()

    life = home.die(whole, number, only, really=really)
    if life.ended:
        asked()  # who was not answered asks again
        home.sweep(LEASE_OVER_S)
        work(LEASE_OVER_S)
    home.sweep(ALL_OVER_S)
    found = batches.get(batch_id, tenant)
    assert found.states == {"succeeded": ROWS} and found.completed_at is not None, life.reached[-1:]
    results = batches.results(batch_id, tenant, after=0, limit=ROWS)
    assert {result.sha256 for result in results} == {hashlib.sha256(GOOD).hexdigest()}
    rows = {name: value - before[name] for name, value in home.rows().items()}
    for result in results:
        home.forget(home.jobs.get(str(result.audit_id), tenant=tenant, kind="audit"))
    folder = "trackmark" if home.s3 else "home"
    assert home.stored() + home.here() == [f"{folder}/uploads/*.wav"], life.reached[-1:]
    Uploads.of(home.engine, home.settings).remove(source.id, tenant)
    assert home.stored() + home.here() == []
    return life.ended, life.reached, rows


def test_a_batch_that_is_killed_anywhere_goes_on_once(mortal_home: Mortal) -> None:
    home, writes = mortal_home, COMMITS
    only = r"commit (?!jobs$)"
    if home.engine.dialect.name == "sqlite":  # what a file holds depends on no database
        only = rf"{only}|link|copy|put|erase|remove home/uploads"
        writes = COMMITS | (IN_STORE if home.s3 else HERE)
    killed(home, 0, only)  # the first of a home makes what all share
    _, reached, once = killed(home, 0, only)
    assert set(reached) == writes
    number, ended = 0, True
    while ended:
        number += 1
        ended, reached, rows = killed(home, number, only)
        assert rows == once, reached[-1]
    assert number > len(writes)


@pytest.mark.parametrize("mortal_home", ["home sqlite", "home postgresql"], indirect=True)
def test_a_batch_whose_process_gets_sigkill_goes_on_once(mortal_home: Mortal) -> None:
    entered = "commit jobs job_terms batch_items"
    killed(mortal_home, 0, entered)  # the first of a home makes what all share
    _, _, once = killed(mortal_home, 0, entered)
    ended, _, rows = killed(mortal_home, 1, entered, really=True)
    assert ended and rows == once


@pytest.mark.parametrize("mortal_home", ["home sqlite", "store sqlite"], indirect=True)
def test_rows_whose_commit_was_not_answered_keep_their_files(mortal_home: Mortal) -> None:
    home, tenant = mortal_home, mortal_home.tenant()
    source = uploaded(home, tenant)
    batches = Batches.of(home.engine, home.settings)
    wishes = [Wish(None, source.id, {"checks": None, "by": None})]
    batches.create("f" * 32, tenant, wishes, sha256="ab" * 32)
    with answer_lost(home.engine, "INSERT INTO jobs"), pytest.raises(OperationalError):
        batches.spread("f" * 32)
    (result,) = batches.results("f" * 32, tenant, after=0, limit=1)
    job = home.jobs.get(str(result.audit_id), tenant=tenant, kind="audit")
    home.sweep(ALL_OVER_S)
    assert home.files.has_upload(job)
    home.worker(ENGINES).run(job.id)
    assert home.now(job).state == "succeeded"
