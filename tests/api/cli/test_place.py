"""What a command writes replaces what it wrote before, and nothing else."""

from contextlib import closing
from pathlib import Path

import pytest

from api.registry.registry import Registry
from api.settings import Settings
from tests.api.cli.conftest import Trackmark
from tests.api.serving import register

OWN = {
    ("catalogue", "export", "-o"): "csv",
    ("record", "export", "{id}", "-f", "csv", "-o"): "csv",
    ("record", "export", "{id}", "-f", "ddex", "-o"): "xml",
    ("record", "export", "{id}", "-f", "credential", "-o"): "jwt",
    ("record", "certificate", "{id}", "-o"): "pdf",
    ("record", "certificate", "{id}", "--output"): "html",
    ("audit-trail", "export", "-o"): "jsonl",
}


@pytest.fixture
def record_id(home: Path) -> str:
    """A record of the registry."""
    with closing(Registry.open(Settings(home=home))) as registry:
        return register(registry).record_id


@pytest.mark.parametrize("words", OWN, ids=" ".join)
def test_what_others_made_is_not_replaced(
    trackmark: Trackmark, record_id: str, tmp_path: Path, words: tuple[str, ...]
) -> None:
    arguments = [word.format(id=record_id) for word in words]
    master, own = tmp_path / f"song.{OWN[words]}", tmp_path / f"own.{OWN[words]}"
    master.write_bytes(b"RIFF of somebody else")
    done = trackmark(*arguments, master)
    assert (done.code, done.out) == (2, "")
    assert "--out" in done.err and "choose another name" in done.err
    assert master.read_bytes() == b"RIFF of somebody else"
    own.touch()  # an empty file is no loss
    for _ in range(2):
        assert trackmark(*arguments, own).code == 0
    nowhere = trackmark(*arguments, tmp_path / "none" / f"x.{OWN[words]}")
    assert (nowhere.code, nowhere.out) == (2, "")
    assert "there is no folder" in nowhere.err


def test_a_query_for_a_time_stamp_replaces_nothing(
    trackmark: Trackmark, record_id: str, tmp_path: Path
) -> None:
    query = tmp_path / "log.tsq"
    assert trackmark("log", "timestamp", "--query", query).code == 0
    before = query.read_bytes()
    again = trackmark("log", "timestamp", "--query", query)
    assert again.code == 2 and "exists; choose another name" in again.err
    assert query.read_bytes() == before


def test_rejected_rows_take_the_place_of_no_other_table(
    trackmark: Trackmark, song: Path, tmp_path: Path
) -> None:
    table, link = tmp_path / "catalogue.csv", tmp_path / "same.csv"
    table.write_text("file,title,owner\nsong.wav,Song,A Label\ngone.wav,Gone,A Label\n", encoding="utf-8")
    before = table.read_bytes()
    link.symlink_to(table)
    for wrong in (table, link, song, tmp_path / "none" / "rejected.csv"):
        done = trackmark("catalogue", "import", table, "--rejected", wrong, "--json")
        assert (done.code, done.out) == (2, ""), wrong
        assert "--rejected: " in done.err
    assert table.read_bytes() == before
    assert trackmark("record", "list").out == "no record matches\n"
    assert trackmark("catalogue", "export", "-o", table).code == 2  # what people filled in is no export
    for _ in range(2):
        rejected = tmp_path / "rejected.csv"
        assert trackmark("catalogue", "import", table, "--rejected", rejected, "--check").code == 1
    assert "gone.wav" in rejected.read_text(encoding="utf-8")


def test_what_was_registered_is_told_where_the_rejected_rows_cannot_be_written(
    trackmark: Trackmark, song: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, _content: bytes) -> None:
        raise OSError(28, "No space left on device", str(path))

    table, rejected = tmp_path / "catalogue.csv", tmp_path / "rejected.csv"
    table.write_text("file,title,owner\nsong.wav,Song,A Label\n", encoding="utf-8")
    monkeypatch.setattr("api.cli.catalogue.write_whole", full)
    done = trackmark("catalogue", "import", table, "--rejected", rejected, "--json")
    assert done.code == 1
    assert [one["line"] for one in done.lines[0]["imported"]] == [2]
    assert str(rejected) in done.err
