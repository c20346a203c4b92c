"""`trackmark record` and `trackmark catalogue`, on a registry with real audio."""

import csv
import json
import xml.etree.ElementTree as ET
from contextlib import closing
from pathlib import Path

import pytest

from api.registry.registry import Registry
from api.settings import Settings
from core.encode import encode
from tests.api.cli.conftest import Trackmark
from tests.api.serving import register
from tests.signals import music


@pytest.fixture
def catalogue(tmp_path: Path, song: Path) -> Path:
    """A table with two good rows and three bad ones."""
    encode(music(4.0, 44_100, 9), 44_100, tmp_path / "other.wav", codec="wav")
    (tmp_path / "zip.wav").write_bytes(b"PK\x03\x04 no audio")
    path = tmp_path / "catalogue.csv"
    path.write_text(
        "file,title,owner,isrc,artist,ai\n"
        "song.wav,Night Drive,A Label,US-RC1-76-07839,Ada,none\n"
        "other.wav,Day Walk,A Label,,,\n"
        "zip.wav,Broken,A Label,,,\n"
        "gone.wav,Gone,A Label,,,\n"
        "song.wav,Twice,A Label,WRONG,,\n",
        encoding="utf-8",
    )
    return path


def test_a_catalogue_is_imported_and_its_records_live(
    trackmark: Trackmark, catalogue: Path, tmp_path: Path
) -> None:
    assert trackmark("catalogue", "import", catalogue, "--check", "--json").code == 1
    assert trackmark("catalogue", "export", "-o", tmp_path / "none.csv", "--json").lines[0]["records"] == 0
    done = trackmark("catalogue", "import", catalogue, "--rejected", tmp_path / "rejected.csv", "--json")
    found = done.lines[0]
    assert done.code == 1
    assert [item["line"] for item in found["imported"]] == [2, 3]
    told = [(item["line"], item["column"]) for item in found["rejected"]]
    assert told == [(4, "file"), (5, "file"), (6, "isrc"), (6, "file")]
    with (tmp_path / "rejected.csv").open(newline="", encoding="utf-8") as file:
        assert [row["line"] for row in csv.DictReader(file)] == ["4", "5", "6", "6"]
    again = trackmark("catalogue", "import", catalogue, "--json").lines[0]
    assert again["imported"] == []
    assert "registered already" in again["rejected"][0]["reason"]

    record_id = found["imported"][0]["record_id"]
    assert trackmark("record", "amend", record_id, '{"asset": {"title": "Night Ride"}}').code == 0
    assert trackmark("record", "transfer", record_id, "--to", "A Buyer", "--percent", "25").code == 0
    assert trackmark("record", "dispute", record_id, "--by", "Ada", "--reason", "unpaid").code == 0
    shown = trackmark("record", "show", record_id, "--json").lines[0]
    assert (shown["title"], shown["status"], shown["revision"]) == ("Night Ride", "disputed", 3)
    assert [event["type"] for event in shown["events"]] == ["register", "amend", "transfer", "dispute.open"]
    text = trackmark("record", "show", record_id).out
    assert "A Buyer, 25\u00a0% of the master right, worldwide" in text
    assert "Dispute opened" in text and "by Ada" in text and "“unpaid”" in text
    assert "asset.title: Night Drive → Night Ride" in text

    (same,) = trackmark("record", "list", "night", "--json").lines
    first = shown["events"][0]
    assert same["registered_at"] == shown["logged_at"] == first["logged_at"]
    assert f"Registered {same['registered_at']}, signed {first['issued_at']} by A Label" in text
    assert same["registered_at"] in trackmark("record", "list", "night").out

    for found_by in (["night"], ["--isrc", "USRC17607839"], ["--owner", "a buyer"], ["--status", "disputed"]):
        listed = trackmark("record", "list", *found_by, "--json").lines
        assert [one["record_id"] for one in listed] == [record_id], found_by
    assert len(trackmark("record", "list", "--json").lines) == 2
    assert "-n shows more" in trackmark("record", "list", "-n", 1).out
    assert "no record matches" in trackmark("record", "list", "nowhere").out

    verified = trackmark("verify", tmp_path / "song.wav", "--json")
    assert (verified.code, verified.lines[0]["status"]) == (1, "disputed")
    assert "contest" in verified.lines[0]["explanation"]

    table = tmp_path / "all.csv"
    assert trackmark("catalogue", "export", "-o", table, "--json").lines[0]["records"] == 2
    assert "Night Ride" in table.read_text(encoding="utf-8")
    xml = tmp_path / "r.xml"
    said = trackmark("record", "export", record_id, "-f", "ddex", "-o", xml, "--json").lines[0]
    assert ET.parse(xml).findtext(".//ContainsAI") == "None"
    assert said["left_out"] == []
    paper = tmp_path / "certificate.html"
    assert trackmark("record", "certificate", record_id, "-o", paper).code == 0
    assert "Certificate of registration" in paper.read_text(encoding="utf-8")

    assert trackmark("record", "revoke", record_id, "--by", "A Label", "--reason", "sold").code == 0
    assert trackmark("record", "amend", record_id, '{"asset": {"title": "X"}}').code == 1
    assert trackmark("verify", tmp_path / "song.wav", "--json").lines[0]["status"] == "record_revoked"


@pytest.mark.parametrize(
    "arguments",
    [
        ["record", "show", "ff" * 8],
        ["record", "show", "nonsense"],
        ["record", "amend", "ff" * 8, "not json"],
        ["record", "amend", "ff" * 8, "[]"],
        ["record", "amend", "ff" * 8, "@/none"],
        ["record", "transfer", "ff" * 8],
        ["record", "export", "ff" * 8, "-f", "pdf", "-o", "{tmp}/x"],
        ["record", "certificate", "ff" * 8, "-o", "{tmp}/x.pdf"],
        ["record", "certificate", "ff" * 8, "-o", "{tmp}/x.docx"],
        ["catalogue", "import", "{tmp}/bad.csv"],
    ],
)
def test_wrong_use_exits_with_2(trackmark: Trackmark, tmp_path: Path, arguments: list[str]) -> None:
    (tmp_path / "bad.csv").write_text(json.dumps({"no": "table"}))
    done = trackmark(*(argument.format(tmp=tmp_path) for argument in arguments))
    assert (done.code, done.out) == (2, ""), done.err


def test_a_table_that_is_not_there_exits_with_3(trackmark: Trackmark, tmp_path: Path) -> None:
    assert trackmark("catalogue", "import", tmp_path / "none.csv").code == 3


def test_the_evidence_of_a_record_verifies_at_every_step_without_the_registry(
    trackmark: Trackmark, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(home=home)
    with closing(Registry.open(settings)) as registry:
        record_id = register(registry, title="Night Drive").record_id
    steps = [
        ((), 0, "verified", "stands as asserted"),
        (("amend", record_id, '{"asset": {"title": "Night Ride"}}'), 0, "verified", "'Night Ride'"),
        (("transfer", record_id, "--to", "A Buyer"), 0, "verified", "revision 3"),
        (("dispute", record_id, "--by", "Ada", "--reason", "unpaid"), 1, "contested", "Ada on"),
        (("dispute", record_id, "--close", "--by", "Ada", "--reason", "paid"), 0, "verified", "asserted"),
        (("revoke", record_id, "--by", "A Label", "--reason", "sold"), 1, "contested", "REVOKED"),
    ]
    for number, (act, code, status, text) in enumerate(steps):
        if act:
            assert trackmark("record", *act).code == 0
        folder = tmp_path / f"step-{number}"
        assert trackmark("record", "export", record_id, "-f", "evidence", "-o", folder).code == 0
        with monkeypatch.context() as elsewhere:
            elsewhere.setenv("TRACKMARK_HOME", str(tmp_path / "nothing here"))
            done = trackmark("verify", folder, "--json")
            assert not (tmp_path / "nothing here").exists()
        assert (done.code, done.lines[0]["status"]) == (code, status), done.out
        assert text in done.lines[0]["steps"][-1]["text"]
        assert "belong together" in done.lines[0]["keys"]
    with closing(Registry.open(settings)) as registry:
        assert registry.records.find_by_sha256("cd" * 32)[0].title == "Night Ride"
    told = " ".join(trackmark("verify", folder).out.split())  # lines are broken between words
    assert "those of this machine's registry" in told
    assert "not verified (contested)" in told
    assert trackmark("record", "export", record_id, "-f", "evidence", "-o", folder).code == 2
    (folder / "0001-register.salt").write_text("00" * 32)
    assert trackmark("verify", folder, "--json").lines[0]["status"] == "not_verified"
    assert trackmark("verify", tmp_path / "step-0", tmp_path / "nothing").code == 3
    (tmp_path / "empty").mkdir()
    assert trackmark("verify", tmp_path / "empty").code == 3


def test_a_record_is_public_until_that_is_withdrawn(trackmark: Trackmark, home: Path) -> None:
    with closing(Registry.open(Settings(home=home))) as registry:
        record = register(registry).record_id
        assert registry.publications.since(record) is None
        assert trackmark("record", "publish", record, "--yes").out == f"record {record} is public\n"
        assert registry.publications.since(record) is not None
        assert trackmark("record", "publish", record, "--withdraw", "--json").lines[0]["public"] is False
        assert registry.publications.since(record) is None
    assert trackmark("record", "publish", "0" * 16, "--yes").code == 2


def test_a_transfer_says_that_a_public_record_is_private_again(trackmark: Trackmark, home: Path) -> None:
    with closing(Registry.open(Settings(home=home))) as registry:
        record = register(registry).record_id
    sold = ("record", "transfer", record, "--to", "Second Label", "--percent", 10)
    assert "private again" not in trackmark(*sold).out
    assert trackmark("record", "publish", record, "--yes").code == 0
    assert "it was public and is private again" in trackmark(*sold, "--from", "A Label").out
    assert trackmark("record", "publish", record, "--yes").code == 0
    assert trackmark(*sold, "--from", "A Label", "--json").lines[0]["public"] is False


def test_a_list_tells_of_records_by_what_they_say(trackmark: Trackmark, home: Path) -> None:
    with closing(Registry.open(Settings(home=home))) as registry:
        made = register(registry, title="Nachtfahrt", owner="Straße Records")
        register(registry, title="Other")
    for asked in (["nachtfahrt", "STRASSE"], ["--owner", "strasse records"]):
        (found,) = trackmark("record", "list", *asked, "--json").lines
        assert (found["record_id"], found["title"], found["leaf_index"]) == (made.record_id, "Nachtfahrt", 0)
    assert len(trackmark("record", "list", "--json").lines) == 2
    assert trackmark("record", "list", "...").code != 0


def test_an_import_names_the_record_that_states_the_same_isrc(
    trackmark: Trackmark, song: Path, tmp_path: Path
) -> None:
    encode(music(4.0, 44_100, 9), 44_100, tmp_path / "other.wav", codec="wav")
    first, second = tmp_path / "first.csv", tmp_path / "second.csv"
    for table, name in ((first, "song.wav"), (second, "other.wav")):
        text = f"file,title,owner,isrc\n{name},Night Drive,A Label,USRC17607839\n"
        table.write_text(text, encoding="utf-8")
    (one,) = trackmark("catalogue", "import", first, "--json").lines[0]["imported"]
    assert one["warnings"] == []
    for checked in (["--check"], []):
        done = trackmark("catalogue", "import", second, "--json", *checked)
        (two,) = done.lines[0]["imported"]
        assert done.code == 0
        assert f"record {one['record_id']} states ISRC USRC17607839, too" in two["warnings"][0]
    assert trackmark("record", "show", one["record_id"], "--json").lines[0]["same_isrc"] == [two["record_id"]]
    assert f"record {one['record_id']} states it, too" in trackmark("record", "show", two["record_id"]).out
