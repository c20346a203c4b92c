import stat
from pathlib import Path

import pytest

from core.errors import KeyFileError
from provenance.watermark.key import WatermarkKey


def test_a_key_file_round_trips_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    key = WatermarkKey.generate()
    key.save(tmp_path / "a.key")
    assert WatermarkKey.load(tmp_path / "a.key") == key
    assert stat.S_IMODE((tmp_path / "a.key").stat().st_mode) == 0o600


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    WatermarkKey.generate().save(tmp_path / "a.key")
    before = (tmp_path / "a.key").read_bytes()
    with pytest.raises(KeyFileError, match="never overwritten"):
        WatermarkKey.generate().save(tmp_path / "a.key")
    assert (tmp_path / "a.key").read_bytes() == before


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"type": "x", "key": "00", "epoch": 0}', "\x00"])
def test_other_files_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "bad.key").write_text(text)
    with pytest.raises(KeyFileError):
        WatermarkKey.load(tmp_path / "bad.key")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match=r"gone\.key"):
        WatermarkKey.load(tmp_path / "gone.key")


def test_purposes_epochs_and_keys_give_unrelated_material() -> None:
    key, later = WatermarkKey(bytes(32)), WatermarkKey(bytes(32), epoch=1)
    other = WatermarkKey(bytes(31) + b"\x01")
    derived = {k.derive(p, 32) for k in (key, later, other) for p in ("chips", "mac", "interleaver")}
    assert len(derived) == 9
    assert key.check(b"12345678") != other.check(b"12345678")


def test_a_key_does_not_print_itself() -> None:
    assert "tenant_key" not in repr(WatermarkKey.generate())
