"""Signing keys behind a passphrase, and keys that are given by the environment."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from api.keys.given import key_secrets
from api.registry.registry import Registry
from api.settings import Settings
from core.errors import KeyFileError
from provenance.records.keys import Ed25519Signer, Es256Signer
from tests.api.serving import register


def test_a_passphrase_encrypts_the_signing_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = tmp_path / "secret"
    secret.write_text("correct horse\n")
    monkeypatch.setenv("TRACKMARK_KEY_PASSPHRASE_FILE", str(secret))
    store = Registry.open(Settings(home=tmp_path / "home"))
    made = register(store)
    new = store.keys.rotate("record", "yearly")
    store.records.verified(made.record_id)
    store.close()
    for name in ("record.pem", "log.pem"):
        assert b"BEGIN ENCRYPTED PRIVATE KEY" in (tmp_path / "home" / "keys" / name).read_bytes()
    monkeypatch.delenv("TRACKMARK_KEY_PASSPHRASE_FILE")
    for wrong, message in ((None, "encrypted"), (SecretStr("battery staple"), "wrong passphrase")):
        with pytest.raises(KeyFileError, match=message):
            Registry.open(Settings(home=tmp_path / "home", key_passphrase=wrong)).keys.signer("record")
    again = Registry.open(Settings(home=tmp_path / "home", key_passphrase=SecretStr("correct horse")))
    assert again.keys.signer("record").keyid == new.keyid
    again.close()


def test_keys_of_the_environment_never_touch_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record, log = Es256Signer.generate(), Ed25519Signer.generate()
    monkeypatch.setenv("TRACKMARK_RECORD_KEY", record.to_pem(b"pw").decode())
    monkeypatch.setenv("TRACKMARK_LOG_KEY", log.to_pem(b"pw").decode())
    monkeypatch.setenv("TRACKMARK_KEY_PASSPHRASE", "pw")
    settings = Settings(home=tmp_path)
    assert "pw" not in repr(settings)
    assert "PRIVATE" not in repr(settings) + repr(key_secrets(settings))
    store = Registry.open(settings)
    made = register(store)
    assert store.records.verified(made.record_id).current.keyids == (record.keyid,)
    assert store.for_tenant("other").keys.signer("record").keyid == record.keyid
    assert not {"record.pem", "log.pem"} & {path.name for path in (tmp_path / "keys").iterdir()}
    with pytest.raises(KeyFileError, match="given by the environment"):
        store.keys.rotate("record", "no")
    store.close()


def test_wrong_secrets_are_told(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match="not both"):
        key_secrets(
            Settings(home=tmp_path, key_passphrase=SecretStr("a"), key_passphrase_file=tmp_path / "x")
        )
    with pytest.raises(KeyFileError, match="cannot read"):
        key_secrets(Settings(home=tmp_path, key_passphrase_file=tmp_path / "x"))
    store = Registry.open(
        Settings(home=tmp_path, log_key=SecretStr(Es256Signer.generate().to_pem().decode()))
    )
    with pytest.raises(KeyFileError, match="Ed25519"):
        store.keys.signer("log")
    store.close()


def test_a_new_epoch_of_the_watermark_key_stays_one_secret(tmp_path: Path) -> None:
    store = Registry.open(Settings(home=tmp_path / "home"))
    first = store.keys.watermark()
    second = store.keys.next_watermark_epoch()
    assert second.epoch == first.epoch + 1 and second.keyid != first.keyid
    assert first in second.epochs
    store.close()
    again = Registry.open(Settings(home=tmp_path / "home"))
    assert again.keys.watermark() == second
    again.close()
    assert (tmp_path / "home" / "keys" / "watermark-default.key").stat().st_mode & 0o777 == 0o600
