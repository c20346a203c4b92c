"""Songs in each container, without and with credentials."""

from pathlib import Path

import pytest

from core.encode import encode
from provenance.credentials import write_credentials
from tests.provenance.credentials.signing import CODECS, IDENTITY, RECORD
from tests.signals import music


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two seconds of music in each container, without credentials."""
    folder = tmp_path_factory.mktemp("plain")
    wav = music(2, 44_100, 1)
    paths = {name: folder / f"song.{name}" for name in CODECS}
    for name, path in paths.items():
        encode(wav, 44_100, path, codec=CODECS[name])
    return paths


@pytest.fixture(scope="module")
def signed(plain: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The same with credentials."""
    folder = tmp_path_factory.mktemp("signed")
    for path in plain.values():
        write_credentials(path, folder / path.name, RECORD, IDENTITY, log_origin="example.com/log")
    return {name: folder / path.name for name, path in plain.items()}
