"""The commands at work: the real watermark, real files, a real registry; models of the detector are fakes."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import api.audit.audit
from api.audit import engines
from api.audit.engines import product_engines
from api.registry.registry import Registry
from api.scan import worker
from api.scan.engines import ENGINES
from api.settings import Settings
from core.decode import decode
from core.encode import encode
from detector.voice.errors import EnrolmentError
from provenance.watermark import embed
from tests import fakes
from tests.api.cli.conftest import Trackmark, invoke
from tests.api.scan.catalogues import in_turn
from tests.signals import music


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One registry for all tests here: tagging is not free."""
    folder = tmp_path_factory.mktemp("registry")
    product = product_engines(fakes.SETTINGS)
    quick = replace(product, music=fakes.Part(fakes.MUSIC), voice=fakes.Part(fakes.VOICE))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRACKMARK_HOME", str(folder))
        patch.setattr(api.audit.audit, "product_engines", lambda _settings: quick)
        yield folder


@pytest.fixture(scope="module")
def track(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("track") / "track.wav"
    encode(music(8.0, 44_100, 4), 44_100, path, codec="wav")
    return path


@pytest.fixture(scope="module")
def tagged(home: Path, track: Path) -> dict[str, Any]:
    out = track.with_name("tagged.flac")
    done = invoke(
        *("tag", track, "-o", out, "--title", "A Song", "--owner", "A Label", "--ai", "none", "--json")
    )
    assert done.code == 0, done.err
    return {**done.lines[0], "path": out}


def test_a_tagged_track_verifies_step_by_step(trackmark: Trackmark, tagged: dict[str, Any]) -> None:
    done = trackmark("verify", tagged["path"], "--json")
    found = done.lines[0]
    assert done.code == 0, found
    assert found["verified"]
    assert found["record_id"] == tagged["record_id"]
    names = ("watermark", "record", "signature", "log proof", "time stamp", "credentials", "fingerprint")
    assert {step["step"]: step["outcome"] for step in found["steps"]} == {
        name: "absent" if name == "time stamp" else "ok" for name in names
    }
    assert "verified" in trackmark("verify", tagged["path"]).out


def test_a_re_encoded_copy_verifies_without_credentials(
    trackmark: Trackmark, tagged: dict[str, Any], tmp_path: Path
) -> None:
    marked, copy = decode(tagged["path"]), tmp_path / "copy.mp3"
    encode(marked.wav, marked.sample_rate, copy, codec="mp3", bit_rate=128_000)
    done = trackmark("verify", copy, "--json")
    outcomes = {step["step"]: step["outcome"] for step in done.lines[0]["steps"]}
    assert done.code == 0
    assert outcomes["credentials"] == "absent"
    assert outcomes["watermark"] == outcomes["fingerprint"] == "ok"


def test_the_unmarked_original_does_not_verify(
    trackmark: Trackmark, tagged: dict[str, Any], track: Path
) -> None:
    done = trackmark("verify", track, "--json")
    assert done.code == 1
    assert done.lines[0]["status"] == "mark_removed_or_unmarked"


def test_a_transplanted_mark_does_not_verify(
    trackmark: Trackmark, tagged: dict[str, Any], home: Path, tmp_path: Path
) -> None:
    """The copy attack, done as well as can be: the record's mark, perfect, in another track."""
    store = Registry.open(Settings(home=home))
    message = bytes.fromhex(tagged["record_id"])
    forged = embed(music(8.0, 44_100, 9), 44_100, message, store.keys.watermark())
    store.close()
    stolen = tmp_path / "stolen.wav"
    encode(forged, 44_100, stolen, codec="wav")
    done = trackmark("verify", stolen, "--json")
    assert done.code == 1
    assert done.lines[0]["status"] == "mark_unconfirmed", "that other track is nobody's that is known here"
    audit = trackmark("audit", stolen, "--json")
    assert audit.code == 1
    assert audit.lines[0]["decision"]["action"] == "review"


def test_an_edited_tagged_file_fails_on_its_credentials(
    trackmark: Trackmark, tagged: dict[str, Any], tmp_path: Path
) -> None:
    edited = tmp_path / "edited.flac"
    data = bytearray(tagged["path"].read_bytes())
    at = data.index(b"A Song") if b"A Song" in data else len(data) // 2
    data[at : at + 1] = b"B"
    edited.write_bytes(bytes(data))
    done = trackmark("verify", edited, "--json")
    outcomes = {step["step"]: step["outcome"] for step in done.lines[0]["steps"]}
    assert done.code == 1
    assert outcomes["credentials"] == "failed"
    assert trackmark("audit", edited, "--json").lines[0]["decision"]["action"] == "review"


def test_an_audit_with_reports_that_verify_offline(
    trackmark: Trackmark, tagged: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reports = tmp_path / "reports"
    done = trackmark("audit", tagged["path"], "--reports", reports, "--json")
    assert done.code == 0, done.out + done.err
    report = Path(done.lines[0]["report"])
    assert sorted(p.name for p in reports.iterdir()) == [
        *("keys.json", "tagged.flac.html", "tagged.flac.pdf", "tagged.flac.png"),
        "tagged.flac.report.dsse.json",
    ]
    assert trackmark("verify-report", report, "--audio", tagged["path"]).code == 0
    monkeypatch.setenv("TRACKMARK_HOME", str(tmp_path / "elsewhere"))
    here = trackmark("verify-report", report, "--json")
    assert here.code == 0
    assert "proves only" in here.lines[0]["trust"]
    given = trackmark("verify-report", report, "--json", "--keys", reports / "keys.json")
    assert given.lines[0]["record_id"] == tagged["record_id"]
    assert not (tmp_path / "elsewhere").exists(), "verifying makes no registry"

    read = tmp_path / "read.html"
    assert trackmark("report", report, "-o", read, "--keys", reports / "keys.json").code == 0
    assert "The signature was checked" in read.read_text()
    again = tmp_path / "again.pdf"
    assert trackmark("report", report, "-o", again, "--keys", reports / "keys.json").code == 0
    assert again.read_bytes().startswith(b"%PDF")
    assert trackmark("report", report, "-o", tmp_path / "read.docx").code == 2
    assert trackmark("report", reports / "keys.json", "-o", read).code == 3

    assert trackmark("verify-report", report, "--audio", report).code == 1
    assert trackmark("verify-report", reports / "keys.json", "--keys", reports / "keys.json").code == 3
    assert trackmark("verify-report", tmp_path / "none", "--keys", reports / "keys.json").code == 3
    other = trackmark("verify-report", report, "--keys", report)
    assert other.code == 2 and f"{report}: the key list is not of version" in " ".join(other.err.split())
    envelope = json.loads(report.read_text())
    envelope["signatures"][0]["sig"] = "A" * 86 + "=="
    report.write_text(json.dumps(envelope))
    assert trackmark("verify-report", report, "--keys", reports / "keys.json").code == 1
    read.unlink()
    assert trackmark("report", report, "-o", read, "--keys", reports / "keys.json").code == 1
    assert not read.exists()
    (reports / "keys.json").unlink()
    assert trackmark("verify-report", report).code == 2
    unchecked = trackmark("report", report, "-o", read)
    assert unchecked.code == 0
    assert "no keys" in unchecked.err
    assert "was not checked" in read.read_text()


@pytest.mark.parametrize("command", [["audit", "--checks", "credentials"], ["compare"]])
def test_the_first_thing_that_a_registry_is_asked_for_may_be_a_report(
    command: list[str], trackmark: Trackmark, song: Path, tmp_path: Path
) -> None:
    files = [song, song] if command == ["compare"] else [song]
    done = trackmark(*command, *files, "--reports", tmp_path / "reports", "--json")
    (line,) = done.lines
    assert "error" not in line, line
    assert trackmark("verify-report", line["report"]).code == 0


def test_an_audit_for_people(trackmark: Trackmark, tagged: dict[str, Any]) -> None:
    done = trackmark("audit", tagged["path"])
    assert done.code == 0
    for words in ("A Song", tagged["record_id"], "no trace of a neural decoder found", "accept"):
        assert words in done.out


def test_tagging_a_tagged_track_is_refused(
    trackmark: Trackmark, tagged: dict[str, Any], tmp_path: Path
) -> None:
    done = trackmark("tag", tagged["path"], "-o", tmp_path / "again.wav", "--title", "T", "--owner", "O")
    assert done.code == 3
    assert tagged["record_id"] in done.err


def test_a_mark_of_ones_own_key(trackmark: Trackmark, track: Path, tmp_path: Path) -> None:
    key, other, out = tmp_path / "key", tmp_path / "other", tmp_path / "out.m4a"
    trackmark("keygen", "-o", key)
    trackmark("keygen", "-o", other)
    embedded = trackmark(
        *("watermark", "embed", track, out, "--message", "00FF00ff00ff00ff", "--key", key, "--json")
    )
    assert embedded.code == 0, embedded.err
    assert embedded.lines[0]["snr_db"] > 20
    found = trackmark("watermark", "detect", out, track, "--key", key, "--json")
    assert found.code == 0
    assert [line["present"] for line in found.lines] == [True, False]
    assert found.lines[0]["message"] == "00ff00ff00ff00ff"
    assert set(found.lines[0]) == {
        *(
            "file",
            "present",
            "p_value",
            "message",
            "speed",
            "pitch_semitones",
            "segments",
            "duration_s",
            "elapsed_s",
            "messages",
        )
    }
    assert [one["message"] for one in found.lines[0]["messages"]] == ["00ff00ff00ff00ff"]
    assert not trackmark("watermark", "detect", out, "--key", other, "--json").lines[0]["present"]
    asked = trackmark("watermark", "detect", track, "--key", key, "--ask", "00ff00ff00ff00ff", "--json")
    assert not asked.lines[0]["present"] and asked.lines[0]["messages"] == []
    assert (
        "--ask must be 16 hex digits"
        in trackmark("watermark", "detect", track, "--key", key, "--ask", "x").err
    )
    shown = trackmark("watermark", "detect", out, "--key", key)
    assert "00ff00ff00ff00ff read from 0 s" in " ".join(shown.out.split())


def test_artists_come_and_go(
    trackmark: Trackmark, track: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ear = SimpleNamespace(enrol=lambda clips: b"print" * len(clips), alike=lambda _one, others: list(others))
    shipped = engines.product_engines
    monkeypatch.setattr(engines, "product_engines", lambda settings: replace(shipped(settings), voice=ear))
    consent = tmp_path / "consent.txt"
    consent.write_text("I agree. Ada")
    assert trackmark("artist", "enrol", "Ada", track, track, "--consent", consent, "--json").code == 0
    assert trackmark("artist", "enrol", "Ada", track, track).code == 1, "the name is taken"

    def refuse(clips: object) -> None:
        raise EnrolmentError("two voices are heard", "two-voices")

    ear.enrol = refuse
    refused = trackmark("artist", "enrol", "Bob", track, track, "--json")
    assert refused.code == 3 and refused.lines[0]["error"]["reason"] == "two-voices"
    ear.enrol = lambda clips: b"print"
    (alone,) = trackmark("artist", "enrol", "Alone", track, "--json").lines
    one, like = alone["warnings"]
    assert "one recording" in one and like.startswith("sounds like 'Ada', enrolled on 20")
    (read,) = trackmark("artist", "reads", "Ada", "--json").lines
    assert read["purpose"].startswith("enrolment of artist ")
    assert trackmark("artist", "reads", "Alone", "--json").lines == []
    assert trackmark("artist", "delete", "Alone").code == 0
    assert trackmark("artist", "enrol", "Bob", track, track, "--consent", tmp_path / "none").code == 2
    listed = trackmark("artist", "list", "--json").lines
    assert [(line["name"], line["consent"]) for line in listed] == [("Ada", True)]
    assert trackmark("audit", track, "--artist", "Nobody").code == 2
    terms = ("--scope", "singing", "--from", "2026-01-01", "--territory", "DE", "--evidence", consent)
    (made,) = trackmark("artist", "consent", "add", "Ada", *terms, "--json").lines
    assert made["state"] == "active" and made["territory"] == ["DE"] and made["flags"] == []
    assert trackmark("artist", "consent", "add", "Ada", "--scope", "dancing").code == 2
    assert trackmark("artist", "consent", "add", "Nobody", "--scope", "singing").code == 2
    assert trackmark("artist", "consent", "revoke", "Ada", made["id"], "--reason", "ended").code == 0
    (ended,) = trackmark("artist", "consent", "list", "Ada", "--json").lines
    assert (ended["state"], ended["revoked_reason"]) == ("revoked", "ended")
    assert trackmark("artist", "delete", "Ada").code == 0
    assert trackmark("artist", "delete", "Ada").code == 2
    assert trackmark("artist", "list", "--json").lines == []


def test_a_scan_is_told_at_once_where_its_table_cannot_go(trackmark: Trackmark, tmp_path: Path) -> None:
    listed = tmp_path / "masters.csv"
    listed.write_text("file\na.wav\n")
    (tmp_path / "r.parquet").mkdir()
    for place, why in (
        (listed, "is what names the files"),
        (tmp_path / "r.parquet", "is a folder"),
        (tmp_path / "none" / "r.csv", "there is no folder"),
    ):
        for words in (("-o", place), ("-o", tmp_path / "o.csv", "--matches", place)):
            done = trackmark("scan", listed, *words)
            assert (done.code, why in " ".join(done.err.split())) == (2, True), done.err
    assert listed.read_text() == "file\na.wav\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["masters.csv", "r.parquet"]


def test_a_scan_of_a_folder(
    trackmark: Trackmark, tagged: dict[str, Any], home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ENGINES, "local", in_turn)
    worker._opened.cache_clear()
    folder = tmp_path / "catalogue"
    folder.mkdir()
    (folder / "a.flac").write_bytes(tagged["path"].read_bytes())
    (folder / "b.mp3").write_bytes(b"no music")
    results = tmp_path / "results.jsonl"
    done = trackmark("scan", folder, "-o", results, "--json", "--quiet")
    assert done.code == 3, "one file could not be read"
    rows = [json.loads(line) for line in results.read_text().splitlines()]
    assert [row["ownership"] for row in rows] == ["match", None]
    assert rows[1]["error_type"] == "UnreadableAudio"
    assert done.err.splitlines() == [], "quiet"
    assert trackmark("scan", home / "keys", "-o", results).code == 3
