"""Signed reports of comparisons: written with a real registry, verified with keys only, whatever is tried."""

import base64
import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from api.registry.registry import Registry
from api.report import compared as reports
from api.report import pdf, statement
from api.report.compared import build_comparison, stem_of, write_all, write_comparison
from api.report.report import CheckedComparison, UnreadableReport, read_report, verify_report
from api.settings import Settings
from core import clock
from core.errors import ProofError, SignatureError
from provenance.records import envelope as dsse
from provenance.records.report import COMPARISON_TYPE, PAYLOAD_TYPE, sign_report, to_payload
from provenance.records.trust import TrustedKeys
from tests.api.report.compared import FOUND, OUTLINES, comparison, found
from tests.api.report.statements import statement as audit
from tests.api.report.test_report import register
from tests.fakes import RECORD

NOW = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    opened = Registry.open(Settings(home=tmp_path / "home"))
    register(opened)
    yield opened
    opened.close()


def written(registry: Registry, folder: Path, told: dict[str, Any]) -> Path:
    path = folder / "x.report.dsse.json"
    write_comparison(told, registry, path)
    return path


def test_a_comparison_verifies_with_the_registry_gone(registry: Registry, tmp_path: Path) -> None:
    path = written(registry, tmp_path, found("many changes"))  # the suspect is the registered track
    keys = TrustedKeys.from_json(registry.keys.published.trusted().to_json())
    registry.close()
    checked = verify_report(path, keys)
    assert (checked.kind, checked.records, checked.checkpoint_size) == ("comparison", {"suspect": RECORD}, 1)
    told = checked.to_dict()
    assert told["record_ids"] == {"original": None, "suspect": RECORD}
    assert len(told["alignment"]["stretches"]) == 9 and not told["audio_checked"]
    (claim,) = told["claims"].values()
    assert set(told["claims"]) == {"suspect"} and claim["record_id"] == RECORD and claim["owners"]
    lines = checked.lines()
    assert any(line.startswith(f"record {RECORD} claims: “{claim['title']}”, owner ") for line in lines)
    assert sum(line.startswith("what was logged later, such as a revocation, cannot") for line in lines) == 1
    assert lines[0] == "a report of a comparison of two files"
    assert "result: 9 stretches match" in lines and any(RECORD in line for line in lines)


@pytest.mark.parametrize("name", FOUND)
def test_every_comparison_is_signed_and_told_on_a_terminal(
    name: str, registry: Registry, tmp_path: Path
) -> None:
    path = written(registry, tmp_path, found(name))
    lines = verify_report(path, registry.keys.published.trusted()).lines()
    assert 5 <= len(lines) < 40 and not any("None" in line for line in lines)
    assert not any("copied" in line for line in lines)


def test_a_statement_says_what_it_rests_on(registry: Registry) -> None:
    made = build_comparison(found("one stretch"), registry)
    assert made["files"]["suspect"]["name"] == "suspect.wav"
    assert {one["name"] for one in made["models"]} == {"watermark-channel"}
    assert all(len(one["sha256"]) == 64 for one in (*made["models"], made["calibration"]))
    assert made["calibration"]["metrics"]["asked_speed_1.10_10s"] == 57
    assert made["limits"]["alignment.p_value at_most"] == 1e-4
    assert set(made["basis"]) == {"alignment", "watermark", "credentials", "fingerprint", "ownership"}
    assert made["log"]["checkpoint"] == registry.log.checkpoint()
    assert "issuer" not in made
    named = build_comparison(found("one stretch"), registry, public_url="https://registry.example/")
    assert named["issuer"]["verify_at"] == "https://registry.example/verify"


def test_the_same_comparison_at_the_same_time_is_the_same_bytes(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)
    folders = []
    for number in range(2):
        told = found("many changes")
        told["elapsed_s"] = told["suspect"]["watermark"]["elapsed_s"] = float(number)  # two runs differ in it
        write_all(told, registry, tmp_path / str(number), outlines=OUTLINES, language="de")
        folders.append({one.name: one.read_bytes() for one in (tmp_path / str(number)).iterdir()})
    assert folders[0] == folders[1]
    other = found("many changes")
    other["alignment"]["score"] = 0.93
    numbers = {build_comparison(one, registry)["report_id"] for one in (told, other)}
    assert len(numbers) == 2


def test_a_folder_of_everything(registry: Registry, tmp_path: Path) -> None:
    told = found("one stretch")
    told["suspect"]["file"] = "in/<b>copy.mp3"
    signed, failed = write_all(told, registry, tmp_path / "reports", outlines=OUTLINES)
    stem = "original.wav+<b>copy.mp3"
    assert failed == () and signed.name == f"{stem}.report.dsse.json"
    assert sorted(one.name for one in signed.parent.iterdir()) == sorted(
        ["keys.json", *(f"{stem}{end}" for end in (".html", ".pdf", ".png", ".report.dsse.json"))]
    )
    keys = TrustedKeys.from_json((signed.parent / "keys.json").read_bytes())
    assert isinstance(verify_report(signed, keys), CheckedComparison)
    page = (signed.parent / f"{stem}.html").read_text()
    assert "&lt;b&gt;copy.mp3" in page and "<b>copy" not in page
    assert "Comparison report" in page and "The signature was checked" in page
    assert b"<pdfaid:part>3<" in (signed.parent / f"{stem}.pdf").read_bytes()


def test_where_no_pdf_can_be_made_all_else_is_written_and_said(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pdf, "_START", "import os; os.abort()")
    signed, (warning,) = write_all(found("nothing"), registry, tmp_path / "reports", outlines=OUTLINES)
    assert {one.suffix for one in signed.parent.iterdir()} == {".json", ".html", ".png"}
    assert "no PDF was made" in warning and "says the same" in warning


def test_names_that_no_file_system_bears_are_cut_and_told_apart() -> None:
    long = "夜に駆ける" * 60
    first, second = stem_of(long, "a.wav"), stem_of(f"{long}!", "a.wav")
    assert first != second
    assert all(len(f"{one}.report.dsse.json".encode()) < 255 for one in (first, stem_of(long, long)))


def envelope(path: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(path.read_bytes())
    return read


def changed(path: Path, change: Callable[[bytes], bytes]) -> None:
    """The same signatures over another payload."""
    held = envelope(path)
    payload = change(base64.b64decode(held["payload"]))
    assert payload != base64.b64decode(held["payload"])
    path.write_text(json.dumps({**held, "payload": base64.b64encode(payload).decode()}))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"speed":1.06', b'"speed":1.01'),
        (b'"same_bytes":false', b'"same_bytes":true'),
        (b'"score":0.94', b'"score":1'),
    ],
)
def test_an_edited_number_is_refused(old: bytes, new: bytes, registry: Registry, tmp_path: Path) -> None:
    path = written(registry, tmp_path, found("one stretch"))
    changed(path, lambda payload: payload.replace(old, new))
    with pytest.raises(SignatureError):
        verify_report(path, registry.keys.published.trusted())


def test_a_key_that_stands_twice_is_refused(registry: Registry, tmp_path: Path) -> None:
    path = written(registry, tmp_path, found("one stretch"))
    changed(
        path, lambda payload: payload.replace(b'"same_bytes":false', b'"same_bytes":true,"same_bytes":false')
    )
    with pytest.raises(SignatureError, match="changed after it was signed"):
        verify_report(path, registry.keys.published.trusted())
    path = written(registry, tmp_path, found("one stretch"))
    twice = path.read_text().replace('"payloadType"', f'"payloadType":"{PAYLOAD_TYPE}","payloadType"')
    path.write_text(twice)
    with pytest.raises(UnreadableReport):
        verify_report(path, registry.keys.published.trusted())


def test_another_payload_type_breaks_the_signature(registry: Registry, tmp_path: Path) -> None:
    for other in (PAYLOAD_TYPE, "application/json", ""):
        path = written(registry, tmp_path, found("one stretch"))
        path.write_text(json.dumps({**envelope(path), "payloadType": other}))
        with pytest.raises(SignatureError):
            verify_report(path, registry.keys.published.trusted())


@pytest.mark.parametrize(
    ("made", "payload_type"),
    [(audit("everything"), COMPARISON_TYPE), (comparison("one stretch"), PAYLOAD_TYPE)],
)
def test_no_kind_of_report_passes_as_another_even_where_its_issuer_signs_it_so(
    made: dict[str, Any], payload_type: str, registry: Registry, tmp_path: Path
) -> None:
    path = tmp_path / "x.report.dsse.json"
    path.write_bytes(sign_report(made, [registry.keys.signer("report")], payload_type).to_json())
    with pytest.raises(SignatureError, match="is of schema"):
        verify_report(path, registry.keys.published.trusted())


def test_a_record_key_signs_no_comparison_and_an_unknown_type_is_none(
    registry: Registry, tmp_path: Path
) -> None:
    path, keys = tmp_path / "x.report.dsse.json", registry.keys.published.trusted()
    payload = to_payload(comparison("one stretch"))
    path.write_bytes(dsse.sign(payload, COMPARISON_TYPE, [registry.keys.signer("record")]).to_json())
    with pytest.raises(SignatureError):
        verify_report(path, keys)
    path.write_bytes(dsse.sign(payload, "text/plain", [registry.keys.signer("report")]).to_json())
    with pytest.raises(SignatureError, match="of type"):
        verify_report(path, keys)


@pytest.mark.parametrize(
    "damage",
    [
        {"files": {}},
        {"findings": {}},
        {"findings": None},
        {"files": {"original": {"name": "a", "sha256": "b"}}},
        {"log": None},
        {"records": [1]},
        {"records": {"original": {"envelope": 1}}},
    ],
)
def test_what_is_signed_and_no_whole_comparison_is_refused_with_words(
    damage: dict[str, Any], registry: Registry, tmp_path: Path
) -> None:
    path = tmp_path / "x.report.dsse.json"
    whole = {**comparison("one stretch"), "log": {"checkpoint": None}, **damage}
    path.write_bytes(sign_report(whole, [registry.keys.signer("report")], COMPARISON_TYPE).to_json())
    with pytest.raises(UnreadableReport, match="lacks parts"):
        verify_report(path, registry.keys.published.trusted())


def test_a_record_of_another_file_is_refused(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = found("many changes")
    proof = statement.proof(told["suspect"]["ownership"], registry)
    assert proof is not None
    monkeypatch.setattr(reports, "proof", lambda *_: proof)  # the original's findings name no record
    with pytest.raises(ProofError, match="not the one"):
        verify_report(written(registry, tmp_path, told), registry.keys.published.trusted())


def test_a_stranger_s_keys_do_not_verify(registry: Registry, tmp_path: Path) -> None:
    path = written(registry, tmp_path, found("one stretch"))
    stranger = Registry.open(Settings(home=tmp_path / "stranger"))
    with pytest.raises(SignatureError):
        verify_report(path, stranger.keys.published.trusted())
    stranger.close()


def test_each_file_is_compared_when_given(registry: Registry, tmp_path: Path) -> None:
    told, files = found("one stretch"), []
    for role in ("original", "suspect"):
        files.append(tmp_path / f"{role}.wav")
        files[-1].write_bytes(role.encode())
        told[role]["sha256"] = hashlib.sha256(role.encode()).hexdigest()
    path, keys = written(registry, tmp_path, told), registry.keys.published.trusted()
    one, both = verify_report(path, keys, audio=files[:1]), verify_report(path, keys, audio=files)
    assert (one.held, one.audio_checked) == (frozenset({"original"}), False)
    assert both.audio_checked and sum("this is that file" in line for line in both.lines()) == 2
    files[1].write_bytes(b"another")
    with pytest.raises(ProofError, match="is not a file of the report"):
        verify_report(path, keys, audio=files)


def test_a_record_that_is_gone_leaves_no_proof(registry: Registry) -> None:
    told = found("many changes")
    told["suspect"]["ownership"]["record_id"] = "1234567890abcdef"
    made = build_comparison(told, registry)
    assert made["records"] == {"original": None, "suspect": None}
    assert json.loads(to_payload(made)) == made  # canonical JSON holds all of it


def test_a_hostile_name_stays_text(registry: Registry, tmp_path: Path) -> None:
    told = found("one stretch")
    told["original"]["file"] = "$x^<script>alert(1)<\n.wav"
    signed, _failed = write_all(told, registry, tmp_path / "reports", outlines=OUTLINES)
    report, kind = read_report(signed)
    assert kind is CheckedComparison
    assert report["files"]["original"]["name"] == Path(told["original"]["file"]).name
    assert "<script>" not in next(signed.parent.glob("*.html")).read_text()


def test_a_key_that_is_trusted_for_records_only_verifies_no_report(
    registry: Registry, tmp_path: Path
) -> None:
    path, keys = written(registry, tmp_path, found("one stretch")), registry.keys.published.trusted()
    with pytest.raises(SignatureError):
        verify_report(path, replace(keys, report=()))
