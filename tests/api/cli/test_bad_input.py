"""Every kind of bad file through every command that reads files: exit code 3, a typed error, no crash."""

import json
from pathlib import Path

import pytest

from api.registry.registry import Registry
from api.settings import Settings
from tests import hostile
from tests.api.cli.conftest import Outcome, Trackmark

COMMANDS = ("audit", "verify", "detect")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return hostile.write_all(tmp_path_factory.mktemp("hostile"))


@pytest.fixture
def ask(trackmark: Trackmark, tmp_path: Path) -> "dict[str, list[object]]":
    key = tmp_path / "key"
    assert trackmark("keygen", "-o", key).code == 0
    return {
        "audit": ["audit", "--json"],
        "verify": ["verify", "--json"],
        "detect": ["watermark", "detect", "--json", "--key", key],
    }


@pytest.mark.parametrize("command", COMMANDS)
def test_refused_files(
    trackmark: Trackmark, ask: dict[str, list[object]], files: dict[str, Path], command: str
) -> None:
    # `watermark detect` streams: it has no quarrel with three hours
    refused = {n: e for n, (_, e) in hostile.REFUSED.items() if (command, n) != ("detect", "three-hours.wav")}
    paths = [files[name] for name in refused]
    done = trackmark(*ask[command], *paths, paths[0].parent / "missing.wav", paths[0].parent)
    assert done.code == 3
    told = {Path(line["file"]).name: line["error"] for line in done.lines}
    assert told.pop("missing.wav")["type"] == "UnreadableAudio"
    assert told.pop(paths[0].parent.name)["type"] == "UnreadableAudio"
    assert {name: error["type"] for name, error in told.items()} == {
        name: error.__name__ for name, error in refused.items()
    }
    assert all(len(error["message"]) > 10 for error in told.values())


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("name", ["silent.wav", "offset.wav", "one-sample.wav"])
def test_odd_files_are_inconclusive_with_a_reason(
    trackmark: Trackmark, ask: dict[str, list[object]], files: dict[str, Path], command: str, name: str
) -> None:
    done = trackmark(*ask[command], files[name])
    assert done.code == (0 if command == "detect" else 1), (
        "nothing failed to be read, and nothing is vouched for"
    )
    assert "inconclusive" in json.dumps(done.lines[0])


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("name", ["silent.wav", "one-sample.wav"])
def test_people_read_why_nothing_was_looked_for(
    trackmark: Trackmark, ask: dict[str, list[object]], files: dict[str, Path], command: str, name: str
) -> None:
    """Not that no mark is there, nor that the audio lasts no time at all."""
    done = trackmark(*(word for word in ask[command] if word != "--json"), files[name])
    told = " ".join(done.out.split())
    assert "none of ours" not in told and "0.000 s" not in told and " 0.0 s," not in told
    assert ("the audio is silent" if name == "silent.wav" else "less than 0.001 s of audio") in told


def test_a_good_file_is_answered_beside_a_bad_one(trackmark: Trackmark, files: dict[str, Path]) -> None:
    done = trackmark("audit", "--json", files["zip.wav"], files["silent.wav"], files["empty.wav"])
    assert done.code == 3
    assert [("error" in line) for line in done.lines] == [True, False, True]


@pytest.mark.parametrize("name", ["text.mp3", "nan.wav", "silent.wav", "offset.wav", "one-sample.wav"])
def test_tagging_and_embedding_refuse_and_leave_nothing(
    trackmark: Trackmark, files: dict[str, Path], tmp_path: Path, name: str, home: Path
) -> None:
    key, out = tmp_path / "key", tmp_path / "out.wav"
    trackmark("keygen", "-o", key)
    tagged = trackmark("tag", files[name], "-o", out, "--title", "T", "--owner", "O", "--json")
    assert tagged.code == 3
    embedded = trackmark("watermark", "embed", files[name], out, "--message", "00" * 8, "--key", key)
    assert embedded.code == 3
    assert "error:" in embedded.err
    assert not out.exists()
    registry = Registry.open(Settings(home=home))
    assert registry.records.page() == []
    registry.close()


def test_enrolling_from_a_bad_file_enrols_nobody(trackmark: Trackmark, files: dict[str, Path]) -> None:
    assert trackmark("artist", "enrol", "Ada", files["random.mp3"]).code == 3
    told = trackmark("artist", "enrol", "Ada", files["random.mp3"], "--json")
    assert told.code == 3 and told.lines[0]["error"]["type"] == "UnreadableAudio"
    assert trackmark("artist", "list", "--json").lines == []


def test_people_read_the_reason_on_standard_error(trackmark: Trackmark, files: dict[str, Path]) -> None:
    done: Outcome = trackmark("audit", files["twelve-channels.wav"])
    assert done.code == 3
    assert done.out == ""
    assert "12" in done.err
