"""`trackmark generate` as a person meets it."""

import errno
import json
from pathlib import Path

import pytest

from core import files
from provenance.commitment import Opening
from tests.api.cli.conftest import Trackmark


def test_what_opens_the_commitments_is_kept_for_its_owner_only(trackmark: Trackmark, tmp_path: Path) -> None:
    out = tmp_path / "Night.flac"
    done = trackmark("generate", "a secret prompt", "-o", out, "--seconds", "6", "--seed", "4", "--json")
    assert done.code == 0, done.err
    private = tmp_path / "Night.flac.private.json"
    kept = json.loads(private.read_text())
    assert private.stat().st_mode & 0o077 == 0
    assert (kept["prompt"]["text"], kept["seed"]["text"]) == ("a secret prompt", "4")
    told = done.lines[0]
    assert kept["record_id"] == told["record_id"]
    trackmark("record", "export", told["record_id"], "-o", tmp_path / "proof")
    envelopes = "".join(path.read_text() for path in (tmp_path / "proof").rglob("*.json"))
    assert "secret" not in envelopes
    shown = trackmark("record", "show", told["record_id"], "--json").lines[0]
    assert shown["title"] == "Night", "a prompt is private, so it is no title"
    opening = Opening(**kept["prompt"])
    assert opening.opens(opening.commitment)
    again = trackmark("generate", "a secret prompt", "-o", out, "--seconds", "6", "--seed", "4")
    assert (again.code, "--force" in again.err) == (2, True)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("la" * 50_000,), "100000 characters"),
        (("caf\udce9",), "no text in UTF-8"),
        (("", "--model", "/no/such/model"), "neither a folder with a model"),
        (("", "--model", "{tmp}"), "holds no model"),
        (("", "--seconds", "3", "--continue", "{song}"), "lasts 4.0 s already"),
        (("", "--melody", "{song}"), "follows no melody"),
        (("", "--melody", "{song}", "--continue", "{song}"), "not both"),
    ],
)
def test_what_cannot_be_generated_is_told_and_leaves_nothing(
    trackmark: Trackmark, song: Path, tmp_path: Path, words: tuple[str, ...], why: str
) -> None:
    out = tmp_path / "out.wav"
    given = (word.format(tmp=tmp_path, song=song) for word in words)
    done = trackmark("generate", *given, "-o", out)
    assert (done.code, why in done.err) == (1, True), done.err
    assert not list(tmp_path.glob("out*"))


def test_what_opens_another_record_is_not_replaced_unasked(trackmark: Trackmark, tmp_path: Path) -> None:
    """The track was moved elsewhere; what opens its record would be lost for good."""
    private = tmp_path / "out.wav.private.json"
    private.write_text("of another record")
    done = trackmark("generate", "x", "-o", tmp_path / "out.wav")
    assert (done.code, "opens the commitments of another record" in " ".join(done.err.split())) == (2, True)
    assert [path.name for path in tmp_path.glob("out*")] == [private.name]
    assert private.read_text() == "of another record"


def test_a_disk_that_cannot_take_what_opens_the_commitments_leaves_no_record(
    trackmark: Trackmark, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It cannot be made again: a record that was registered before could be opened by nobody."""
    out, settle = tmp_path / "out.wav", files.settle

    def full(path: Path) -> None:
        if ".private.json" in path.name:
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        settle(path)

    monkeypatch.setattr("api.cli.generate.settle", full)
    done = trackmark("generate", "x", "-o", out, "--seconds", "6")
    assert done.code == 1 and f"cannot write {out}.private.json" in done.err.replace("\n", ""), done.err
    assert not [path for path in tmp_path.iterdir() if "out" in path.name]
    assert trackmark("record", "list", "--json").lines == []
