"""A limit that is set holds for every command that reads audio."""

from pathlib import Path

import pytest

from tests.api.cli.conftest import Trackmark


@pytest.fixture
def strict(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACKMARK_MAX_DURATION_S", "3")


@pytest.mark.usefixtures("strict")
def test_marks_and_voices_are_read_under_the_limit(trackmark: Trackmark, song: Path, tmp_path: Path) -> None:
    assert trackmark("keygen", "-o", tmp_path / "key").code == 0
    message = ["--message", "0" * 16, "--key", tmp_path / "key"]
    for command in (
        ["watermark", "embed", song, tmp_path / "out.wav", *message],
        ["watermark", "detect", song, "--key", tmp_path / "key"],
        ["artist", "enrol", "Ada", song],
    ):
        done = trackmark(*command)
        assert done.code != 0 and "limit" in done.out + done.err, command
    assert not (tmp_path / "out.wav").exists()
