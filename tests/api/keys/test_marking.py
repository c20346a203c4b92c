"""Watermark secrets and the credentials identity: behind a passphrase, and renewed before their end."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from api.keys.files import KeySecrets, KeyStore
from api.keys.marking import RENEW_BEFORE, MarkingKeys
from api.registry.registry import Registry
from api.settings import Settings
from core.errors import KeyFileError
from provenance.credentials.identity import C2paIdentity
from provenance.watermark import WatermarkKey
from tests.api.cli.conftest import invoke


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    opened = Registry.open(Settings(home=tmp_path))
    opened.keys.enter()
    yield opened
    opened.close()


def marking(registry: Registry) -> MarkingKeys:
    return MarkingKeys(registry.engine, KeyStore(registry.home), registry.keys.at_home)


def ends(identity: C2paIdentity) -> datetime:
    return identity.leaf.not_valid_after_utc


def test_the_certificate_is_renewed_by_itself_before_its_end(registry: Registry) -> None:
    keys, first = marking(registry), registry.keys.credentials()
    early = ends(first) - RENEW_BEFORE - timedelta(days=1)
    assert keys.credentials(early).leaf == first.leaf
    late = ends(first) - RENEW_BEFORE + timedelta(days=1)
    renewed = keys.credentials(late)
    assert renewed.root == first.root and ends(renewed) > ends(first)
    assert registry.keys.credentials().leaf == renewed.leaf  # for every process from now on
    assert keys.credentials(ends(renewed) + timedelta(days=900)).root == first.root  # even long after it


def test_with_the_root_s_key_offline_the_end_is_told_and_renewed_by_hand(registry: Registry) -> None:
    keys, first = marking(registry), registry.keys.credentials()
    root_key = registry.home / "keys" / "c2pa.root-key.pem"
    kept = root_key.read_bytes()
    root_key.unlink()
    assert keys.credentials(ends(first) - timedelta(days=1)).leaf == first.leaf
    with pytest.raises(KeyFileError, match="key renew credentials"):
        keys.credentials(ends(first) + timedelta(days=1))
    with pytest.raises(KeyFileError, match="root key is not here"):
        keys.renew_credentials()
    root_key.write_bytes(kept)
    assert ends(keys.renew_credentials(ends(first))) > ends(first)


def test_the_command_renews(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACKMARK_HOME", str(registry.home))
    before = registry.keys.credentials()
    done = invoke("key", "renew", "credentials", "--json")
    after = registry.keys.credentials()
    assert done.code == 0 and done.lines[0]["not_after"] == ends(after).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert after.leaf != before.leaf and after.root == before.root
    assert invoke("key", "renew", "record").code == 2


def test_with_a_passphrase_no_private_byte_lies_in_clear(tmp_path: Path) -> None:
    registry = Registry.open(Settings(home=tmp_path, key_passphrase=SecretStr("correct horse")))
    registry.keys.enter()
    registry.keys.watermark()
    key = registry.keys.next_watermark_epoch()
    identity = registry.keys.renew_credentials()
    assert identity.root_key is not None
    private = [key.tenant_key, key.tenant_key.hex().encode()]
    for secret in (identity.leaf_key, identity.root_key):
        private.append(secret.private_numbers().private_value.to_bytes(32, "big"))
    for path in (tmp_path / "keys").iterdir():
        data = path.read_bytes()
        assert b"BEGIN PRIVATE KEY" not in data and b"BEGIN EC PRIVATE" not in data, path
        assert not any(secret in data for secret in private), path
    registry.close()
    again = Registry.open(Settings(home=tmp_path, key_passphrase=SecretStr("correct horse")))
    assert again.keys.watermark() == key and again.keys.credentials().leaf == identity.leaf
    again.close()
    for wrong in (None, SecretStr("battery staple")):
        locked = Registry.open(Settings(home=tmp_path, key_passphrase=wrong))
        for act in (locked.keys.watermark, locked.keys.credentials):
            with pytest.raises(KeyFileError, match=r"passphrase|PASSPHRASE|encrypted"):
                act()
        locked.close()


def test_keys_in_clear_are_still_read_with_a_passphrase(tmp_path: Path) -> None:
    plain = KeyStore(tmp_path)
    key, identity = plain.watermark_key("default", make=True), plain.c2pa_identity(make=True)
    assert isinstance(key, WatermarkKey) and identity is not None
    signer = plain.made("record")
    locked = KeyStore(tmp_path, KeySecrets(passphrase=b"correct horse"))
    assert locked.made("record").keyid == signer.keyid
    assert locked.watermark_key("default") == key
    found = locked.c2pa_identity()
    assert found is not None and found.leaf == identity.leaf
    assert found.leaf.not_valid_after_utc > datetime.now(UTC)
