"""Songs, excerpts of them, and an empty index with a folder for its copies."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine

from provenance.fingerprint import Fingerprint, extract, fingerprint_metadata
from tests.provenance.fingerprint.filed import RATE, song
from tests.signals import noise


@pytest.fixture(scope="module")
def songs() -> list[Fingerprint]:
    return [extract(song(seed), RATE) for seed in range(4)]


@pytest.fixture(scope="module")
def asked() -> list[Fingerprint]:
    """Ten seconds of each song, with noise."""
    hiss = noise(10.0, RATE, seed=1, amplitude=0.02)
    return [extract(song(seed)[:, 3 * RATE : 13 * RATE] + hiss, RATE) for seed in range(4)]


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = create_engine(f"sqlite:///{tmp_path / 'index.db'}")
    fingerprint_metadata.create_all(made)
    yield made
    made.dispose()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "copies"
