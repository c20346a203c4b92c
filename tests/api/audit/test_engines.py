"""Whoever touches audio asks `Engines`, so that one object stands in for all of it."""

import ast
from dataclasses import replace
from pathlib import Path

import pytest

from api.audit import engines
from api.audit.engines import Engines
from api.audit.enrolling import voiceprint
from core.errors import AudioTooLarge, UnreadableAudio
from core.limits import Limits
from tests import fakes
from tests.api.cli.conftest import invoke

ROOT = Path(__file__).parents[3]
TOUCHES = {
    "core.decode": {"decode", "stream", "decode_bytes"},
    "core.reception": {"received"},
    "detector.music": {"MusicDetector"},
    "detector.voice": {"VoiceDetector"},
    "provenance.birth": {"generate_tagged"},
    "provenance.credentials": {"read_credentials"},
    "provenance.fingerprint": {"extract"},
    "provenance.tag": {"tag"},
    "provenance.watermark": {"embed", "detect", "embed_blocks", "detect_blocks"},
}
ALLOWED = {
    "api/audit/engines.py": "the one place",
    "api/cli/adapter.py": "scores with other people's detectors, which are no part of Engines",
    "api/cli/calibrate.py": "makes the scores that belong to the very weights that ship",
    "api/cli/doctor.py": "tries the decoder itself",
    "api/cli/watermark.py": "marks a stream with a key of one's own, without a registry",
}


def touching() -> set[str]:
    """Files of `api` that load what touches audio, anywhere in the file but for types alone."""
    found = set()
    for path in (ROOT / "api").rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        typing = {id(node) for test in ast.walk(tree) if _for_types(test) for node in ast.walk(test)}
        for node in ast.walk(tree):
            if not isinstance(node, ast.ImportFrom) or id(node) in typing:
                continue
            if TOUCHES.get(node.module or "", set()) & {name.name for name in node.names}:
                found.add(path.relative_to(ROOT).as_posix())
    return found


def _for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def test_nothing_goes_round_the_engines() -> None:
    assert touching() == set(ALLOWED)


def test_a_voice_print_is_made_of_every_recording_in_turn() -> None:
    told: list[tuple[str, float]] = []
    parts = fakes.engines()
    parts = replace(parts, voice=fakes.Part(b"print"))
    made = voiceprint(parts, [Path("a.wav"), Path("b.wav")], Limits(), lambda *step: told.append(step))
    assert made == b"print"
    assert told == [("decode", 0.0), ("decode", 1 / 3), ("enrol", 2 / 3)]
    with pytest.raises(AudioTooLarge):
        voiceprint(replace(parts, decoder=fakes.Part(AudioTooLarge("long"))), [Path("a.wav")], Limits())


@pytest.fixture
def standing_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Engines:
    """Engines whose every part refuses, in the place of those that ship."""
    refuse = fakes.Part(UnreadableAudio("asked the engines"))
    parts = Engines(*[refuse] * 9)
    monkeypatch.setattr(engines, "product_engines", lambda _settings: parts)
    monkeypatch.setenv("TRACKMARK_HOME", str(tmp_path / "home"))
    return parts


@pytest.mark.usefixtures("standing_in")
def test_commands_ask_the_engines(tmp_path: Path) -> None:
    song, table = tmp_path / "song.wav", tmp_path / "songs.csv"
    song.write_bytes(b"no audio at all")
    table.write_text("file,title,owner\nsong.wav,Song,A Label\n")
    for command in (
        ("artist", "enrol", "Ada", song),
        ("tag", song, "-o", tmp_path / "out.wav", "--title", "Song", "--owner", "A Label"),
        ("generate", "a calm piano", "-o", tmp_path / "out.wav", "--seconds", "1"),
    ):
        done = invoke(*command)
        assert (done.code, "asked the engines" in done.err) == (3, True), done.err
    assert "asked the engines" in invoke("catalogue", "import", table).out
