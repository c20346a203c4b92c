"""Songs that tests file, and what became of the copies."""

from pathlib import Path

import torch
from sqlalchemy import Connection, Engine

from provenance.fingerprint import Copies, SqlIndex
from provenance.fingerprint.postings import Filed
from provenance.fingerprint.sql import Tracks
from tests.signals import music

RATE = 44100
MINE, THEIRS = "a label", "another label"


def song(seed: int) -> torch.Tensor:
    return music(15.0, RATE, seed=100 + seed)


def record_id(number: int) -> str:
    return f"{number:016x}"


def copied(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir() if entry.name != "lock")


class NoSql(SqlIndex):
    """Must not be asked for hashes."""

    def filed_on(self, connection: Connection, tracks: Tracks) -> Filed:
        raise AssertionError("SQL was asked")


def held(engine: Engine, folder: Path) -> list[int]:
    """How many tracks each copy of the chain holds."""
    with engine.connect() as connection:
        return [copy.tracks for copy in Copies(engine, folder).chain(connection)]
