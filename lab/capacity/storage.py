"""Measure what is stored: of an upload, an audit's files, a registered track, an entry of the log.

`python -m lab.capacity.storage [DATA]` makes three minutes of different recordings of people, registers them
again and again, has them audited once, and writes `docs/benchmarks/storage.md` and, beside it, the same as
JSON. Databases are SQLite's, counted by its own table of pages (`dbstat`), indexes with their tables.
"""

import argparse
import json
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
from sqlalchemy import Engine

from api import database
from api.audit.engines import product_engines
from api.jobs.books import Jobs
from api.jobs.job import Upload
from api.jobs.work import REPORT, Context, perform
from api.registry.registry import Registry
from api.settings import Settings
from core.decode import decode
from lab.datasets import data_root
from lab.evaluation.fingerprint.scale import build
from lab.evaluation.speed import music
from lab.registrations import new_records
from provenance.fingerprint import Fingerprint, extract

PAGE = Path(__file__).resolve().parents[2] / "docs" / "benchmarks" / "storage.md"
LENGTH_S = 180
PATIENT_S = 4 * 3600.0
TRACKS = 200
IN_COPY = 2000
LOG = ("log_leaves", "log_nodes", "log_head", "witnessed_checkpoints")
PRINTS = ("fingerprint_track", "fingerprint_hash")


@dataclass(frozen=True)
class Stored:
    """Bytes, each of one file, audit, track or entry.

    Attributes:
        length_s: of the file.
        upload: the file itself.
        report: the signed report of its audit.
        pictures: what the audit leaves beside it.
        hashes: of its fingerprint; a number, not bytes.
        log: an entry of the transparency log.
        record: a signed record, with the digests and terms that find it.
        fingerprint: in the database.
        copy: of the fingerprint, in the sorted copy that a worker maps.
    """

    length_s: int
    upload: int
    report: int
    pictures: int
    hashes: int
    log: float
    record: float
    fingerprint: float
    copy: float


def tables(engine: Engine) -> dict[str, int]:
    """Bytes of each table and its indexes, in whole pages."""
    query = (
        "SELECT m.tbl_name, sum(s.pgsize) FROM dbstat s JOIN sqlite_master m ON m.name = s.name GROUP BY 1"
    )
    with database.reading(engine) as connection:
        return {str(row[0]): int(row[1]) for row in connection.exec_driver_sql(query)}


def registered(registry: Registry, print_of: Fingerprint, tracks: int) -> dict[str, float]:
    """Register tracks that have one fingerprint; bytes of each, by what holds them."""
    keyid = registry.keys.signer("record").keyid
    before = tables(registry.engine)
    for record in new_records(tracks, keyid):
        registry.records.register(record, print_of)
    grown = {name: size - before.get(name, 0) for name, size in tables(registry.engine).items()}
    parts = {"log": 0.0, "fingerprint": 0.0, "record": 0.0}
    for name, size in grown.items():
        part = "log" if name in LOG else "fingerprint" if name in PRINTS else "record"
        parts[part] += size / tracks
    return parts


def audited(registry: Registry, settings: Settings, file: Path, folder: Path) -> dict[str, int]:
    """Bytes of each file that an audit leaves, all checks asked."""
    digest = sha256(file.read_bytes()).hexdigest()
    upload = Upload(file.name, file.name, digest, file.stat().st_size)
    wish = {"artist": None, "checks": None, "policy": None, "retain": False, "search": None, "stored": ""}
    job, _ = Jobs(registry.engine).create("audit", "default", upload, wish)
    folder.mkdir()
    context = Context(job, [file], folder, registry, settings, lambda *_: None)
    perform(product_engines(settings), context)
    return {path.name: path.stat().st_size for path in folder.rglob("*") if path.is_file()}


def measure(data: Path, folder: Path, tracks: int, in_copy: int, length_s: int = LENGTH_S) -> Stored:
    """All of it, in an empty folder."""
    # A long file may take long to decode, which is what a busy machine needs.
    settings, file = Settings(home=folder / "home", max_duration_s=PATIENT_S), folder / "song.flac"
    music(data, length_s, file)
    clip = decode(file)
    heard = extract(clip.wav, clip.sample_rate)
    registry = Registry.open(settings)
    parts = registered(registry, heard, tracks)
    left = audited(registry, settings, file, folder / "left")
    registry.close()
    build(folder / "copy", [heard], in_copy, float(length_s), np.random.default_rng(0))
    copy = sum(path.stat().st_size for path in (folder / "copy").iterdir()) / in_copy
    report = left.pop(REPORT)
    return Stored(length_s, file.stat().st_size, report, sum(left.values()), heard.filed, **parts, copy=copy)


def page(found: Stored, tracks: int) -> str:
    """The page."""
    told: Mapping[str, tuple[str, float]] = {
        "the file, FLAC, 16 bit, stereo": ("upload", found.upload),
        "its audit: the signed report": ("audit", found.report),
        "its audit: pictures, outline, keys, page": ("audit", found.pictures),
        "a record with the digests and terms that find it": ("track", found.record),
        "its fingerprint in the database": ("track", found.fingerprint),
        "its fingerprint in a worker's sorted copy": ("track", found.copy),
        "an entry of the log, with its part of the tree": ("entry", found.log),
    }
    rows = "\n".join(f"| {name} | {each} | {size:,.0f} |" for name, (each, size) in told.items())
    return f"""# What is stored: measured

Written by `python -m lab.capacity.storage`; do not edit. {found.length_s} s of different recordings of
people, end to end; registered {tracks} times, audited once with all checks; {found.hashes:,} hashes each.
SQLite, indexes with their tables, in whole pages. What an audit takes of the database stands in
[100,000 audits](load-hundred-thousand.md).

| what | of each | bytes |
|---|---|---:|
{rows}
"""


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", nargs="?", type=Path)
    parser.add_argument("-o", "--output", type=Path, default=PAGE)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = measure(data_root(options.data), Path(folder), TRACKS, IN_COPY)
    options.output.write_text(page(found, TRACKS), encoding="utf-8")
    told = json.dumps(asdict(found), indent=1)
    options.output.with_suffix(".json").write_text(told + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
