"""What a full disk does not take is told of the output, which is whole or not there; no input is blamed."""

import errno
import io
import os
from pathlib import Path
from typing import Any

import pytest

from api.cli.place import OPENINGS

from .conftest import Trackmark

FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


class Full:
    """A disk that takes no bytes of a file, though it takes its name."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *ends: str) -> None:
        opened = io.open

        def write_bytes(path: Path, data: Any) -> int:
            with opened(path, "wb") as file:
                if any(end in path.name for end in ends):
                    raise FULL
                return file.write(data)

        monkeypatch.setattr(Path, "write_bytes", write_bytes)


@pytest.fixture
def record(trackmark: Trackmark, song: Path, tmp_path: Path) -> str:
    done = trackmark("tag", song, "-o", tmp_path / "out.wav", "--title", "T", "--owner", "O", "--json")
    return str(done.lines[0]["record_id"])


@pytest.mark.parametrize(("kind", "ends"), [("ddex", "x.xml"), ("csv", "x.csv"), ("evidence", ".tlog-proof")])
def test_an_export_is_whole_or_not_there(
    kind: str, ends: str, trackmark: Trackmark, record: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / ("folder" if kind == "evidence" else ends)
    before = OPENINGS.get(kind, b"") + b" of an earlier one"
    if kind != "evidence":
        out.write_bytes(before)
    Full(monkeypatch, ends)
    done = trackmark("record", "export", record, "-f", kind, "-o", out)
    assert done.code == 1
    assert f"cannot write {out}: No space left on device" in done.err
    if kind == "evidence":
        assert list(out.iterdir()) == []
    else:
        assert out.read_bytes() == before


def test_a_report_that_finds_no_room_is_no_fault_of_the_file(
    trackmark: Trackmark, record: str, song: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Full(monkeypatch, ".report.dsse.json")
    folder = tmp_path / "reports"
    done = trackmark("audit", song, "--checks", "credentials", "--reports", folder)
    assert done.code == 1, "not 3: the file could be read"
    assert f"cannot write {folder / song.name}.report.dsse.json: No space left" in done.err


def test_a_key_that_finds_no_room_leaves_no_empty_file(
    trackmark: Trackmark, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "k.key"
    with monkeypatch.context() as patch:
        real = os.fdopen

        def full(handle: int, *arguments: Any, **options: Any) -> Any:
            real(handle, "wb").close()
            raise FULL

        patch.setattr("provenance.watermark.key.os.fdopen", full)
        done = trackmark("keygen", "-o", out)
    assert f"cannot write the key file {out}: No space left on device" in done.err
    assert not out.exists()
    assert trackmark("keygen", "-o", out).code == 0
