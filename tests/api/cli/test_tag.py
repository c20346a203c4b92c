"""`tag` and `watermark embed` as a person meets them: outputs are safe, options are refused by name."""

import hashlib
import json
from pathlib import Path

import pytest

from core.decode import decode
from core.encode import encode
from tests import scores
from tests.api.cli.conftest import Trackmark
from tests.signals import music


def test_an_existing_output_is_replaced_only_with_force(
    trackmark: Trackmark, song: Path, tmp_path: Path
) -> None:
    there = tmp_path / "there.wav"
    there.write_bytes(b"precious")
    words = ("--title", "T", "--owner", "O", "--json")
    master = song.read_bytes()
    for out in (there, song):
        done = trackmark("tag", song, "-o", out, *words)
        assert (done.code, "--force" in done.err) == (2, True)
    key = tmp_path / "my.key"
    assert trackmark("keygen", "-o", key).code == 0
    marking = ("--message", "00112233445566ff", "--key", key, "--json")
    assert trackmark("watermark", "embed", song, there, *marking).code == 2
    assert (there.read_bytes(), song.read_bytes()) == (b"precious", master)
    assert trackmark("tag", song, "-o", there, *words, "--force").code == 0
    assert decode(there).duration_s == pytest.approx(4.0)


@pytest.mark.parametrize(
    ("option", "value"), [("--isrc", "US-RC1"), ("--title", " "), ("--owner", ""), ("--generator", "")]
)
def test_a_wrong_option_is_refused_by_its_name(
    trackmark: Trackmark, song: Path, tmp_path: Path, option: str, value: str
) -> None:
    given = {"--title": "T", "--owner": "O", option: value}
    done = trackmark(
        "tag", song, "-o", tmp_path / "out.wav", *(word for pair in given.items() for word in pair)
    )
    assert done.code == 2
    assert option in done.err
    assert not (tmp_path / "out.wav").exists()


def test_what_is_lost_is_said_on_standard_error_and_in_the_answer(
    trackmark: Trackmark, tmp_path: Path
) -> None:
    loud = tmp_path / "loud.wav"
    encode(music(4.0, 44_100, 3) * 2.0, 44_100, loud, codec="wav", bits=-32)
    done = trackmark(
        "tag", loud, "-o", tmp_path / "out.flac", "--title", "T", "--owner", "O", "--isrc",
        "ISRC US-RC1-76-07839", "--json",
    )  # fmt: skip
    assert done.code == 0
    assert "turned down" in done.err
    assert any("turned down" in text for text in json.loads(done.out)["warnings"])


def test_a_rendering_names_its_score(trackmark: Trackmark, song: Path, tmp_path: Path) -> None:
    notes, out = tmp_path / "song.mid", tmp_path / "out.wav"
    notes.write_bytes(scores.midi(scores.tune()))
    words = ("tag", song, "-o", out, "--title", "T", "--owner", "O", "--generator", "OpenAI/MuseNet 1")
    refused = trackmark(*words, "--score", song)
    assert (refused.code, "MIDI" in refused.err, out.exists()) == (3, True, False)
    done = trackmark(*words, "--score", notes, "--json")
    shown = trackmark("record", "show", done.lines[0]["record_id"], "--json").lines[0]
    assert shown["ingredients"] == [
        {"relation": "score", "format": "midi", "sha256": hashlib.sha256(notes.read_bytes()).hexdigest()}
    ]
    told = trackmark("record", "show", done.lines[0]["record_id"]).out
    assert "made from the score (midi)" in told
