"""Killed in any commit and in any write of a file or an object, an audit and a tagging go on, once.

What a file holds depends on no database, so that files and objects are walked through on SQLite; the commits
are on both.
"""

import re
from dataclasses import replace
from functools import cache

import pytest

from api.audit.engines import Engines, product_engines
from api.jobs.job import Kind
from api.jobs.work import REPORT
from core.encode import encode_bytes
from provenance.credentials import read_credentials
from provenance.records.envelope import Envelope
from tests.api.mortal import ALL_OVER_S, LEASE_OVER_S, Mortal
from tests.api.serving import ENGINES
from tests.provenance.test_tag import Remembering
from tests.signals import music


@cache
def song() -> bytes:
    return encode_bytes(music(1.0, 44_100, 1), 44_100, codec="wav")


def engines(home: Mortal, kind: Kind) -> Engines:
    return ENGINES if kind == "audit" else replace(product_engines(home.settings), marker=Remembering())


REPORTED = ("outline.json", "picture.png", "report.dsse.json", "spectrogram.png")
LEFT: dict[Kind, list[str]] = {
    "audit": [f"outputs/*/{name}" for name in REPORTED],
    "track": ["outputs/*/tagged.wav", "uploads/*.wav"],
}
"""All files of a job that has ended, in the home or in the store, and on no machine anything else."""
LOOSE = {"record_files", "record_terms"}
"""They also keep the digest of a file that a killed attempt finished, and that nobody ever got."""
PUT = [
    f"{verb} {place}{name}"
    for name in REPORTED
    for verb, place in (("put", ""), ("remove", "home/outputs/*/1/"))
]
KEY = """make home/keys
write home/keys/.lock
make home/keys/.new-*
write home/keys/.new-*/watermark-label-*.key
move to home/keys/watermark-label-*.key
remove home/keys/.new-*
commit watermark_keys"""
BEGUN = """commit jobs tenant_turns
remove home/outputs/*
make home/outputs/*/1
make home/outputs/*
commit jobs"""
REGISTERED = (
    *("log_nodes", "log_leaves", "records", "record_files", "record_terms", "trail_events"),
    *("fingerprint_track", "fingerprint_hash", "log_head"),
)
WRITES: dict[Kind, str] = {
    "audit": f"""{BEGUN}
{KEY}
write home/outputs/*/1/.report.dsse.json.*.part
move to home/outputs/*/1/report.dsse.json
remove home/outputs/*/1/.report.dsse.json.*.part
write home/outputs/*/1/.picture.png.*.part
move to home/outputs/*/1/picture.png
remove home/outputs/*/1/.picture.png.*.part
write home/outputs/*/1/.spectrogram.png.*.part
move to home/outputs/*/1/spectrogram.png
remove home/outputs/*/1/.spectrogram.png.*.part
write home/outputs/*/1/.outline.json.*.part
move to home/outputs/*/1/outline.json
remove home/outputs/*/1/.outline.json.*.part
commit jobs job_terms trail_events webhook_deliveries cases case_steps case_terms
remove home/uploads/*.wav""",
    "track": f"""{BEGUN}
{KEY}
make home/outputs/*/1/.trackmark-*
write home/outputs/*/1/.trackmark-*/.marked.wav.*.part
move to home/outputs/*/1/.trackmark-*/marked.wav
remove home/outputs/*/1/.trackmark-*/.marked.wav.*.part
make home/outputs/*/1/.trackmark-*/.credentials-*
write home/outputs/*/1/.trackmark-*/.credentials-*/tagged
write home/outputs/*/1/.trackmark-*/.credentials-*/signed
move to home/outputs/*/1/.trackmark-*/finished.wav
remove home/outputs/*/1/.trackmark-*/.credentials-*/tagged
remove home/outputs/*/1/.trackmark-*/.credentials-*
commit {" ".join(REGISTERED)}
commit manifests
move to home/outputs/*/1/tagged.wav
remove home/outputs/*/1/.trackmark-*/marked.wav
remove home/outputs/*/1/.trackmark-*
commit record_files record_terms
commit jobs job_terms""",
}
"""Whatever a job writes: what is new here is killed, too, and so is looked at."""
IN_STORE: dict[Kind, list[str]] = {
    "audit": [*PUT, "erase *.wav"],
    "track": ["put tagged.wav", "remove home/outputs/*/1/tagged.wav"],
}
FETCHED = """make passing/trackmark-passing-*
write passing/trackmark-passing-*/.*.wav.*.part
remove passing/trackmark-passing-*/.*.wav.*.part
remove passing/trackmark-passing-*/*.wav
remove passing/trackmark-passing-*"""
ANYWAY = r"commit (?!jobs$)"
STORING = rf"{ANYWAY}|put|copy|erase|\S+ passing/|remove home/outputs/\*/1/[a-z]"
KINDS: tuple[Kind, ...] = ("audit", "track")


def counted(home: Mortal, kind: Kind) -> tuple[str, set[str]]:
    """A pattern of the writes in which a process is killed, and these writes.

    What depends neither on the store nor on the database is killed once, in a home with SQLite.
    """
    all_of_them = WRITES[kind].split("\n")
    if home.s3 is None:
        only = ANYWAY if home.engine.dialect.name == "postgresql" else ""
        return only, {one for one in all_of_them if re.match(only, one)}
    commits = {one for one in all_of_them if re.match(ANYWAY, one)}
    if home.engine.dialect.name == "postgresql":
        return ANYWAY, commits
    return STORING, {*commits, *IN_STORE[kind], *FETCHED.split("\n")}


def killed(
    home: Mortal, kind: Kind, number: int, only: str, *, really: bool = False
) -> tuple[bool, list[str], dict[str, int]]:
    """A job whose process is killed in a write: whether it was, the writes, and the rows that it left."""
    wishes = {"title": "A Song", "owner": "A Label", "format": "wav", "retain": True}
    before = home.rows()
    tenant = home.tenant()
    job = home.enter(kind, tenant, song(), **(wishes if kind == "track" else {}))
    worker = home.worker(engines(home, kind))
    life = home.die(lambda: worker.run(job.id), number, only, really=really)
    if life.ended:
        home.sweep(LEASE_OVER_S)  # another process starts
        assert home.now(job).state == "succeeded" or home.files.has_upload(job), life.reached[-1:]
        home.worker(engines(home, kind), LEASE_OVER_S).run(job.id)
    home.sweep(ALL_OVER_S)
    done = home.now(job)
    assert done.state == "succeeded" and done.result is not None, (life.reached[-1:], done.error)
    if kind == "audit":
        report = Envelope.from_json(home.files.read(done, REPORT))
        assert done.sha256.encode() in report.payload
        assert not home.files.has_upload(done) and done.audio_deleted_at is not None
    else:
        assert home.files.has_upload(done) and done.audio_deleted_at is None
        assert done.result["record_id"] == job.request["record_id"]
        record = home.registry.for_tenant(tenant).records.verified(done.result["record_id"]).current.record
        with home.files.output_at_hand(done, ["tagged.wav"]) as folder:
            assert read_credentials(folder / "tagged.wav").record_sha256 == record.digest()
    kept = [f"{'trackmark' if home.s3 else 'home'}/{name}" for name in LEFT[kind]]
    assert home.stored() + home.here() == kept, life.reached[-1:]
    rows = {name: number - before[name] for name, number in home.rows().items() if name not in LOOSE}
    home.forget(done)
    return life.ended, life.reached, rows


@pytest.mark.parametrize("kind", KINDS)
def test_a_job_that_is_killed_anywhere_goes_on_once(mortal_home: Mortal, kind: Kind) -> None:
    home = mortal_home
    only, writes = counted(home, kind)
    killed(home, kind, 0, only)  # the first of a home makes what all share
    _, reached, once = killed(home, kind, 0, only)
    assert set(reached) == writes
    number, ended = 0, True
    while ended:
        number += 1
        ended, reached, rows = killed(home, kind, number, only)
        assert rows == once, reached[-1]
    assert number > len(writes)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("mortal_home", ["home sqlite", "home postgresql"], indirect=True)
def test_a_job_whose_process_gets_sigkill_goes_on_once(mortal_home: Mortal, kind: Kind) -> None:
    home = mortal_home
    last = "commit jobs job_terms"
    killed(home, kind, 0, last)  # the first of a home makes what all share
    _, _, once = killed(home, kind, 0, last)
    ended, _, rows = killed(home, kind, 1, last, really=True)
    assert ended and rows == once
