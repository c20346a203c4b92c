"""Manifests are kept when a track is tagged, and go when its record goes."""

from pathlib import Path

import pytest
from sqlalchemy import text

from api import database
from api.errors import UnknownEntry
from api.registry.registry import Registry
from api.settings import Settings
from core.encode import encode
from core.errors import CredentialsError
from provenance.credentials.sidecar import manifest_id
from provenance.tag import Declaration, tag
from tests.provenance.test_tag import Remembering
from tests.signals import music


def test_a_tagged_track_has_its_manifest_kept_and_erased_with_its_record(tmp_path: Path) -> None:
    registry = Registry.open(Settings(home=tmp_path / "home"))
    encode(music(4.0, 44_100, 3), 44_100, tmp_path / "song.wav", codec="wav")
    manifests = registry.manifests
    done = tag(
        tmp_path / "song.wav",
        tmp_path / "out.flac",
        Declaration("A Song", "A Label", None, "none"),
        ledger=registry.ledger(),
        marker=Remembering(),
    )
    (name,) = manifests.of_record(done.record_id)
    store = manifests.store(name)
    assert manifest_id(store) == name
    assert store[4:8] == b"jumb"
    with pytest.raises(UnknownEntry):
        registry.for_tenant("stranger").manifests.store(name)
    with pytest.raises(CredentialsError):
        manifests.keep(done.record_id, b"nothing")
    with database.writing(registry.engine) as connection:
        connection.execute(text("DELETE FROM records"))
    assert manifests.of_record(done.record_id) == []
    registry.close()
