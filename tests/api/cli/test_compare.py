"""`trackmark compare` at work on real files."""

from dataclasses import replace
from pathlib import Path

import pytest

from api.audit import engines
from core.encode import encode
from tests import fakes
from tests.api.cli.conftest import Trackmark
from tests.api.compare import pairs


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The song, its copy, another song, and silence, as audio files; marks are not looked for."""
    made = []
    for name in (pairs.SONG, pairs.COPY, pairs.OTHER, pairs.SILENCE):
        path = tmp_path / f"{name.decode()}.wav"
        encode(pairs.heard(name).clamp(-1, 1), pairs.RATE, path, codec="wav")
        made.append(path)
    product = engines.product_engines
    monkeypatch.setattr(
        engines,
        "product_engines",
        lambda settings: replace(product(settings), marker=fakes.Part(fakes.unmarked())),
    )
    return made


def test_a_copy_is_told_with_its_place_and_speed(trackmark: Trackmark, files: list[Path]) -> None:
    song, copy, _, _ = files
    done = trackmark("compare", song, copy, "--json")
    assert done.code == 0, done.err
    (found,) = done.lines
    assert found["suspect"]["file"] == str(copy)
    assert found["alignment"]["stretches"][0]["speed"] == pytest.approx(pairs.SPEED, abs=0.005)
    shown = trackmark("compare", song, copy)
    assert shown.code == 0
    assert "at 1.06 times its speed" in " ".join(shown.out.split())


def test_a_report_is_written_verified_and_read(
    trackmark: Trackmark, files: list[Path], tmp_path: Path
) -> None:
    song, copy, other, _ = files
    folder = tmp_path / "reports"
    done = trackmark("compare", song, copy, "--reports", folder, "--language", "de", "--json")
    assert done.code == 0, done.err
    report = Path(done.lines[0]["report"])
    assert sorted(one.name for one in folder.iterdir()) == [
        *("keys.json", "song.wav+copy.wav.html", "song.wav+copy.wav.pdf", "song.wav+copy.wav.png"),
        "song.wav+copy.wav.report.dsse.json",
    ]
    assert "Vergleichsbericht" in (folder / "song.wav+copy.wav.html").read_text()
    checked = trackmark("verify-report", report, "--audio", song, "--audio", copy)
    assert checked.code == 0, checked.err
    assert "a report of a comparison of two files" in checked.out
    assert checked.out.count("this is that file") == 2 or "this is that" in " ".join(checked.out.split())
    told = trackmark("verify-report", report, "--audio", song, "--json").lines[0]
    assert (told["kind"], told["audio_checked"]) == ("comparison", False)
    assert trackmark("verify-report", report, "--audio", other).code == 1
    read = tmp_path / "read.html"
    assert trackmark("report", report, "-o", read).code == 0
    assert "Comparison report" in read.read_text() and "data:image/png" in read.read_text()


def test_nothing_found_is_no_failure_and_silence_cannot_be_compared(
    trackmark: Trackmark, files: list[Path]
) -> None:
    song, _, other, silence = files
    nothing = trackmark("compare", song, other)
    assert nothing.code == 0
    assert "No match found" in nothing.out and "different works" in " ".join(nothing.out.split())
    silent = trackmark("compare", song, silence)
    assert silent.code == 1
    assert "Cannot be compared" in silent.out


def test_an_unreadable_file_is_named(trackmark: Trackmark, files: list[Path], tmp_path: Path) -> None:
    text = tmp_path / "notes.mp3"
    text.write_text("not audio")
    done = trackmark("compare", files[0], text)
    assert done.code == 3
    assert "the suspect: " in done.err
    assert trackmark("compare", files[0], tmp_path).code == 3
