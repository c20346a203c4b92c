"""Enrolled voices: sealed at rest, opened on record, erased without a trace; earlier releases' too."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import torch
from pydantic import SecretStr
from sqlalchemy import text

from api import database
from api.errors import ConflictingEntry, UnknownEntry
from api.keys.sealing import is_sealed
from api.registry.artists import Reader
from api.registry.registry import Registry
from api.settings import Settings
from core.errors import KeyFileError
from detector.voice.voiceprint import VoicePrint

PRINT = b"a very recognisable voice print" * 20


def opened(home: Path, url: str = "", passphrase: str | None = None) -> Registry:
    return Registry.open(
        Settings(home=home, database_url=url, key_passphrase=SecretStr(passphrase) if passphrase else None)
    )


@pytest.fixture
def registry(tmp_path: Path, database_url: str) -> Iterator[Registry]:
    registry = opened(tmp_path / "home", database_url)
    yield registry
    registry.close()


def stored(registry: Registry) -> list[bytes]:
    with database.reading(registry.engine) as connection:
        rows = connection.execute(text("SELECT voiceprint FROM artists ORDER BY name")).scalars()
        return [bytes(row) for row in rows]


def plain(registry: Registry, name: str, tenant: str = "default") -> None:
    """As a release that sealed nothing left it."""
    registry.for_tenant(tenant).artists.enrol(name, PRINT)
    with database.writing(registry.engine) as connection:
        connection.execute(text("DELETE FROM voice_keys"))
        connection.execute(text("UPDATE artists SET voiceprint = :p"), {"p": PRINT})


def test_a_voice_is_sealed_and_opens_for_its_tenant(registry: Registry) -> None:
    registry.artists.enrol("Ada", PRINT)
    registry.artists.enrol("Bob", PRINT)
    ada, bob = stored(registry)
    assert PRINT[:16] not in ada + bob and ada[8:] != bob[8:]
    assert [artist.voiceprint for artist in registry.artists.all()] == [PRINT, PRINT]
    assert registry.artists.one("Ada").voiceprint == PRINT


def test_a_voice_in_anothers_place_does_not_open(registry: Registry) -> None:
    registry.artists.enrol("Ada", b"Ada's")
    registry.artists.enrol("Bob", b"Bob's")
    with database.writing(registry.engine) as connection:
        rows = connection.execute(text("SELECT name, id FROM artists"))
        ids = {row.name: row.id for row in rows}
        for table, key in (("artists", "id"), ("voice_keys", "artist_id")):
            column = "voiceprint" if table == "artists" else "wrapped"
            hers = f"SELECT {column} FROM {table} WHERE {key} = :a"
            swap = text(f"UPDATE {table} SET {column} = ({hers}) WHERE {key} = :b")
            connection.execute(swap, {"a": ids["Ada"], "b": ids["Bob"]})
    ada, bob = registry.artists.all()
    assert ada.voiceprint == b"Ada's" and is_sealed(bob.voiceprint)


def test_every_opening_is_on_record_and_no_listing_is(registry: Registry) -> None:
    registry.artists.enrol("Ada", PRINT)
    registry.artists.enrol("Bob", PRINT)
    ada = registry.artists.find("Ada").id
    registry.artists.listed()
    registry.artists.find("Bob")
    assert registry.artists.readings() == []
    registry.on_behalf(Reader("API key 12", "audit 7")).artists.all()
    registry.on_behalf(Reader("API key 12", "audit 8")).artists.one("Bob")
    registry.artists.one("Ada")
    read = registry.artists.readings()
    assert [(r.who, r.purpose, r.voices) for r in read[1:]] == [
        ("API key 12", "audit 8", 1),
        ("API key 12", "audit 7", 2),
    ]
    assert read[0].who.startswith("user ") and read[0].artist_id == ada
    assert [r.purpose for r in registry.artists.readings(ada)] == ["not stated", "audit 7"]
    assert registry.for_tenant("other").artists.readings() == []


def test_voices_that_cannot_be_compared_with_a_new_one_stay_sealed(registry: Registry) -> None:
    def made(encoder: str) -> bytes:
        return VoicePrint(torch.eye(4)[:1], encoder, 12.0).to_bytes()

    ada, bob = registry.artists.enrol("Ada", made("old")), registry.artists.enrol("Bob", made("new"))
    assert registry.artists.others(made("newest"), "") == []
    assert registry.artists.others(made("new"), bob.id) == [] and registry.artists.readings() == []
    assert [one.name for one in registry.artists.others(made("old"), bob.id)] == ["Ada"]
    assert [one.voices for one in registry.artists.readings()] == [2]
    assert [one.name for one in registry.artists.named([bob.id, "gone", ada.id])] == ["Bob", "Ada"]


def test_with_nobody_enrolled_nothing_is_opened(registry: Registry) -> None:
    assert registry.artists.all() == [] and registry.artists.readings() == []
    assert not list((registry.home / "keys").glob("voices-*"))


def test_an_erased_voice_leaves_no_byte_behind(tmp_path: Path) -> None:
    registry = opened(tmp_path)
    registry.artists.enrol("Bob", PRINT)
    registry.artists.enrol("Ada", PRINT)
    registry.artists.all()
    sealed = stored(registry)[0]
    with database.reading(registry.engine) as connection:
        query = text(
            "SELECT wrapped FROM voice_keys k JOIN artists a ON a.id = k.artist_id WHERE name = 'Ada'"
        )
        wrapped = bytes(connection.execute(query).scalar_one())
    registry.artists.remove("Ada")  # gone at once, not when the server stops
    content = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    for gone in (PRINT[:31], sealed[8:40], wrapped[:16]):
        assert gone not in content
    assert [artist.name for artist in registry.artists.all()] == ["Bob"]
    with pytest.raises(UnknownEntry):
        registry.artists.remove("Ada")
    registry.close()


def test_an_artist_is_found_by_name_before_id(registry: Registry) -> None:
    ada = registry.artists.enrol("Ada", PRINT)
    thief = registry.artists.enrol(ada.id, b"named like her id")
    assert registry.artists.find(ada.id).id == thief.id
    registry.artists.remove(ada.id)
    assert registry.artists.find(ada.id).name == "Ada"
    registry.artists.remove(ada.id)
    assert registry.artists.listed() == []
    registry.artists.enrol("Ada", PRINT)
    with pytest.raises(ConflictingEntry):
        registry.artists.enrol("Ada", PRINT)


def test_voices_of_an_earlier_release_are_read_and_sealed_by_the_next_opening(
    tmp_path: Path, database_url: str
) -> None:
    first = opened(tmp_path / "home", database_url)
    plain(first, "Ada")
    assert first.artists.one("Ada").voiceprint == PRINT and stored(first) == [PRINT]
    first.close()
    second = opened(tmp_path / "home", database_url)
    (sealed,) = stored(second)
    assert is_sealed(sealed) and second.artists.one("Ada").voiceprint == PRINT
    content = b"".join(file.read_bytes() for file in second.home.rglob("*") if file.is_file())
    assert PRINT[:31] not in content
    second.close()


def test_a_machine_without_the_key_sees_the_artists_and_opens_none(tmp_path: Path, database_url: str) -> None:
    first = opened(tmp_path / "home", database_url)
    first.artists.enrol("Ada", PRINT)
    (first.home / "keys" / "voices-default.key").rename(tmp_path / "aside")
    assert [is_sealed(artist.voiceprint) for artist in first.artists.all()] == [True]
    with pytest.raises(KeyFileError, match=r"voices-default\.key"):
        first.artists.enrol("Bob", PRINT)
    assert not (first.home / "keys" / "voices-default.key").exists()
    (tmp_path / "aside").rename(first.home / "keys" / "voices-default.key")
    assert first.artists.one("Ada").voiceprint == PRINT
    first.close()


def test_the_key_of_voices_is_behind_the_passphrase(tmp_path: Path) -> None:
    first = opened(tmp_path, passphrase="correct horse")
    first.artists.enrol("Ada", PRINT)
    first.close()
    assert '"key"' not in (tmp_path / "keys" / "voices-default.key").read_text()
    again = opened(tmp_path, passphrase="correct horse")
    assert again.artists.one("Ada").voiceprint == PRINT
    again.close()
    wrong = opened(tmp_path, passphrase="wrong")
    with pytest.raises(KeyFileError, match="passphrase"):
        wrong.artists.all()
    wrong.close()


def test_the_list_tells_the_encoder(registry: Registry) -> None:
    voice = VoicePrint(torch.eye(4)[:1], "some-encoder", 12.0)
    registry.artists.enrol("Ada", voice.to_bytes())
    registry.artists.enrol("Bob", b"no print at all")
    assert [artist.encoder for artist in registry.artists.listed()] == ["some-encoder", None]


def test_only_readings_since_the_enrolment_concern_an_artist(registry: Registry) -> None:
    registry.artists.enrol("Ada", PRINT)
    registry.artists.all()
    bob = registry.artists.enrol("Bob", PRINT)
    with database.writing(registry.engine) as connection:
        table = text("UPDATE voice_reads SET read_at = :t")
        moment = bob.created_at - timedelta(seconds=1)
        connection.execute(
            table, {"t": moment.replace(tzinfo=None) if "sqlite" in registry.engine.name else moment}
        )
    assert registry.artists.readings(bob.id) == []
