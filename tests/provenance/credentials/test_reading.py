"""The look for a manifest before any library is asked."""

from pathlib import Path

import pytest

from core.errors import CredentialsError
from provenance.credentials import reading


@pytest.mark.parametrize("place", [0, 5, 6, 7, 8, 9, 15, 16, 30])
def test_the_label_is_found_wherever_it_lies(
    place: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "SEARCHED_BYTES", 8)
    (tmp_path / "with").write_bytes(b"c2p" * 20 + b"." + b"." * place + b"c2pa" + b"." * 3)
    (tmp_path / "without").write_bytes(b"c2p" * 20 + b"." * place + b"2pa" * 9)
    assert reading._may_hold_manifest(tmp_path / "with")
    assert not reading._may_hold_manifest(tmp_path / "without")


def test_an_empty_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "empty").write_bytes(b"")
    with pytest.raises(CredentialsError, match="cannot read empty"):
        reading._may_hold_manifest(tmp_path / "empty")
