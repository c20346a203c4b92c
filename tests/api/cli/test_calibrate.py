import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.cli import main
from core.encode import encode
from detector.music import local
from tests.closed import closed
from tests.signals import music, noise

runner = CliRunner()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TRACKMARK_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_a_catalogue_becomes_the_calibration_of_audits(home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "human" / "album"
    folder.mkdir(parents=True)
    for k in range(local.LEAST):
        wav = music(5, 22050, seed=k) + noise(5, 22050, seed=k, channels=2, amplitude=1e-3)
        encode(wav, 22050, folder / f"{k:02d}.wav", codec="wav")
    (folder / "copy.wav").write_bytes((folder / "00.wav").read_bytes())
    (folder / "broken.mp3").write_bytes(b"no audio")
    encode(music(2, 22050, seed=99), 22050, folder / "short.wav", codec="wav")
    result = runner.invoke(main, ["calibrate", "--human", str(tmp_path / "human"), "--json", "--quiet"])
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    assert answer["recordings"] == local.LEAST
    assert sorted(Path(s["file"]).name for s in answer["skipped"]) == ["broken.mp3", "copy.wav", "short.wav"]
    assert local.read(home / "music-calibration.json").digest == answer["digest"]

    from api.audit.engines import product_engines
    from api.settings import Settings
    from core.decode import decode

    finding = product_engines(Settings()).music.hear(decode(folder / "03.wav"))
    assert finding.calibration.endswith(f"local sha256:{answer['digest']}")


def test_too_small_a_catalogue_changes_nothing(home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "human"
    folder.mkdir()
    encode(music(5, 22050, seed=1), 22050, folder / "one.wav", codec="wav")
    result = runner.invoke(main, ["calibrate", "--human", str(folder), "--json", "--quiet"])
    assert result.exit_code != 0 and "at least" in result.output
    assert not (home / "music-calibration.json").exists()


@pytest.mark.parametrize("seconds", [None, 2.0])
def test_a_folder_without_a_recording_that_can_be_judged_is_told(
    home: Path, tmp_path: Path, seconds: float | None
) -> None:
    folder = tmp_path / "human"
    folder.mkdir()
    if seconds is not None:
        encode(music(seconds, 22050), 22050, folder / "short.wav", codec="wav")
    result = runner.invoke(main, ["calibrate", "--human", str(folder)])
    assert result.exit_code == 1
    assert "nothing is changed: no recording in" in " ".join(result.stderr.split())
    assert not list(home.rglob("*calibration*"))


def test_a_folder_that_cannot_be_listed_is_not_left_out(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "human" / "locked").mkdir(parents=True)
    closed(monkeypatch, tmp_path / "human" / "locked")
    result = runner.invoke(main, ["calibrate", "--human", str(tmp_path / "human"), "--quiet"])
    assert result.exit_code and "cannot be listed" in " ".join(result.stderr.split())
