"""A folder of a process that was killed is taken away; one that somebody holds is not."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from core.passing import passing_folder, remove_abandoned

KILLED = """
import os, signal
from core.passing import passing_folder
with passing_folder() as folder:
    (folder / "song.wav").write_bytes(b"an unreleased master")
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(autouse=True)
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)


def test_a_folder_ends_with_its_block(tmp_path: Path) -> None:
    with passing_folder() as folder:
        (folder / "a").write_bytes(b"a")
        assert folder.parent == tmp_path and folder.stat().st_mode & 0o077 == 0
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_is_taken_away_and_nothing_else(tmp_path: Path) -> None:
    ended = subprocess.run([sys.executable, "-c", KILLED], check=False, env={**os.environ})
    assert ended.returncode == -9
    (left,) = tmp_path.iterdir()
    assert [path.name for path in left.iterdir()] == ["song.wav"]
    (tmp_path / "trackmark-other").mkdir()
    (tmp_path / "trackmark-passing-link").symlink_to(tmp_path / "trackmark-other")
    with passing_folder() as held:
        remove_abandoned(until=left.stat().st_mtime)  # it may be about to be locked
        assert left.is_dir()
        remove_abandoned(until=float("inf"))
        assert {path.name for path in tmp_path.iterdir()} == {
            held.name,
            "trackmark-other",
            "trackmark-passing-link",
        }
