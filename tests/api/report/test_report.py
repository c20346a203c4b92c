"""Signed reports: written with a real registry, verified with nothing but keys."""

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from api.audit.audit import audit_file
from api.audit.result import AuditResult
from api.keys.signing import SigningKeys
from api.registry.fingerprints import Fingerprints
from api.registry.registry import Registry
from api.report import audited as reports
from api.report import pdf, statement, words
from api.report.audited import build_report, write_all, write_report
from api.report.report import UnreadableReport, read_report, verify_report
from api.report.statement import fingerprint_card, model_cards
from api.settings import Settings
from core.errors import ProofError, SignatureError
from provenance.fingerprint import Fingerprint
from provenance.records.asset import Asset
from provenance.records.involvement import AiInvolvement
from provenance.records.record import Claim, Issuer, OwnershipRecord
from provenance.records.rights import Party, RightShare
from provenance.records.trust import TrustedKeys
from tests.fakes import RECORD, clip, engines, marked, match


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    opened = Registry.open(Settings(home=tmp_path / "home"))
    yield opened
    opened.close()


def register(registry: Registry) -> None:
    record = OwnershipRecord(
        record_id=RECORD,
        issued_at="2026-11-22T12:00:00Z",
        issuer=Issuer("A Label", registry.keys.signer("record").keyid),
        asset=Asset("A <Song>", "cd" * 32, 10_000, 44_100, 2, "wav"),
        ai_involvement=AiInvolvement("None"),
        parties=(Party("owner", "A Label", "org"),),
        rights=(RightShare("master", "owner", 1_000_000),),
        provenance_of_claim=Claim("asserted"),
    )
    nothing = Fingerprint(np.zeros(0, np.uint64), np.zeros(0, np.uint32), 0, 0)
    registry.records.register(record, nothing)


def audited(registry: Registry, monkeypatch: pytest.MonkeyPatch, name: str = "song.wav") -> AuditResult:
    index = SimpleNamespace(query=lambda _fp: [match(RECORD)])
    monkeypatch.setattr(Fingerprints, "index", lambda _self: index)
    monkeypatch.setattr(SigningKeys, "watermark", lambda _self: "key")
    return audit_file(
        name,
        registry=registry,
        settings=Settings(home=registry.home),
        engines=engines(audio=clip(name=name), detection=marked()),
    )


@pytest.fixture
def result(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> AuditResult:
    register(registry)
    found = audited(registry, monkeypatch)
    assert found.findings.ownership.status == "match", found.findings.ownership
    return found


def test_a_report_verifies_with_the_registry_gone(
    registry: Registry, result: AuditResult, tmp_path: Path
) -> None:
    written = write_report(result, registry, tmp_path / "song.report.dsse.json")
    keys = TrustedKeys.from_json(registry.keys.published.trusted().to_json())
    registry.close()
    checked = verify_report(Path(str(written.report)), keys)
    assert checked.records == {"file": RECORD}
    assert checked.checkpoint_size == 1
    assert checked.to_dict()["decision"]["action"] == "accept"
    assert any(RECORD in line for line in checked.lines())
    claim = checked.to_dict()["claims"]["file"]
    assert claim == {
        "record_id": RECORD,
        "title": "A <Song>",
        "owners": ["A Label"],
        "claim_status": "asserted",
    }


def test_a_report_says_what_it_rests_on(registry: Registry, result: AuditResult) -> None:
    report = build_report(result, registry)
    assert report["policy"]["sha256"] == result.decision.policy_sha256
    assert report["policy"]["thresholds"]
    assert report["file"]["sha256"] == result.sha256
    assert set(report["basis"]) == set(words.BASIS)
    assert all(len(model["sha256"]) == 64 for model in report["models"])
    assert report["log"]["checkpoint"] == registry.log.checkpoint()


def test_a_changed_report_is_refused(registry: Registry, result: AuditResult, tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    write_report(result, registry, path)
    envelope = json.loads(path.read_bytes())
    payload = base64.b64decode(envelope["payload"])
    assert b'"action":"accept"' in payload
    by_hand = payload.replace(b'"accept"', b'"reject"')
    for changed in (by_hand, json.dumps(json.loads(by_hand), indent=1).encode(), by_hand[:-9], b"\xff"):
        envelope["payload"] = base64.b64encode(changed).decode()
        path.write_text(json.dumps(envelope))
        with pytest.raises(SignatureError, match="changed after it was signed"):
            verify_report(path, registry.keys.published.trusted())


def test_a_stranger_s_keys_do_not_verify(registry: Registry, result: AuditResult, tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    write_report(result, registry, path)
    stranger = Registry.open(Settings(home=tmp_path / "stranger"))
    with pytest.raises(SignatureError):
        verify_report(path, stranger.keys.published.trusted())
    mixed = replace(stranger.keys.published.trusted(), report=registry.keys.published.trusted().report)
    with pytest.raises(SignatureError):
        verify_report(path, mixed)
    stranger.close()


def test_a_report_on_another_record_than_its_evidence_is_refused(
    registry: Registry, result: AuditResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = replace(result.findings.ownership, record_id="1234567890abcdef")
    claimed = replace(result, findings=replace(result.findings, ownership=other))
    evidence = statement.proof(result.to_dict()["ownership"], registry)
    monkeypatch.setattr(reports, "proof", lambda *_: evidence)
    path = tmp_path / "r.json"
    write_report(claimed, registry, path)
    with pytest.raises(ProofError, match="not the one"):
        verify_report(path, registry.keys.published.trusted())


def test_the_audio_is_compared_when_given(registry: Registry, result: AuditResult, tmp_path: Path) -> None:
    audio = tmp_path / "song.wav"
    audio.write_bytes(b"not what was audited")
    path = tmp_path / "r.json"
    write_report(result, registry, path)
    with pytest.raises(ProofError, match="is not the file"):
        verify_report(path, registry.keys.published.trusted(), audio=[audio])


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"\x00\xff", b'{"payload":"AAAA","payloadType":"x","signatures":[]}']
)
def test_what_is_no_report_is_told_apart(content: bytes, tmp_path: Path, registry: Registry) -> None:
    path = tmp_path / "r.json"
    path.write_bytes(content)
    with pytest.raises(UnreadableReport):
        verify_report(path, registry.keys.published.trusted())


def test_a_folder_of_everything(registry: Registry, result: AuditResult, tmp_path: Path) -> None:
    folder = tmp_path / "reports"
    written = write_all(result, registry, folder)
    assert sorted(p.name for p in folder.iterdir()) == [
        "keys.json",
        "song.wav.html",
        "song.wav.pdf",
        "song.wav.png",
        "song.wav.report.dsse.json",
    ]
    keys = TrustedKeys.from_json((folder / "keys.json").read_bytes())
    assert verify_report(Path(str(written.report)), keys).records == {"file": RECORD}
    page = (folder / "song.wav.html").read_text()
    assert "A &lt;Song&gt;" in page
    assert "<Song>" not in page
    assert (folder / "song.wav.png").read_bytes().startswith(b"\x89PNG")
    assert b"<pdfaid:part>3<" in (folder / "song.wav.pdf").read_bytes()
    assert written.warnings == result.warnings


def test_where_no_pdf_can_be_made_all_else_is_written_and_said(
    registry: Registry, result: AuditResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pdf, "_START", "import os; os.abort()")
    written = write_all(result, registry, tmp_path / "reports")
    names = {path.suffix for path in (tmp_path / "reports").iterdir()}
    assert names == {".json", ".html", ".png"}
    assert "no PDF was made" in written.warnings[-1]
    assert "song.wav.html says the same" in written.warnings[-1]


def test_a_report_names_the_issuer_s_address_only_where_there_is_one(
    registry: Registry, result: AuditResult
) -> None:
    assert "issuer" not in build_report(result, registry)
    named = build_report(result, registry, public_url="https://registry.example/")["issuer"]
    assert named == {
        "address": "https://registry.example",
        "verify_at": "https://registry.example/verify",
    }


def test_a_hostile_name_stays_text(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    register(registry)
    found = audited(registry, monkeypatch, name="$x^<script>alert(1)<\n.wav")
    written = write_all(found, registry, tmp_path / "reports")
    page = Path(str(written.report)).with_name(Path(found.file).name + ".html").read_text()
    assert "<script>" not in page
    assert read_report(Path(str(written.report)))[0]["file"]["name"] == Path(found.file).name


def test_a_report_names_the_models_that_listened_and_none_that_plays(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    register(registry)
    written = write_all(audited(registry, monkeypatch), registry, tmp_path / "reports")
    cards = [model["card"] for model in read_report(Path(str(written.report)))[0]["models"]]
    assert "provenance/watermark/watermark.toml" in cards
    assert not [card for card in cards if card.startswith("provenance/generate")]


def test_what_is_changed_in_one_statement_changes_no_other() -> None:
    for card in (*model_cards("provenance.watermark", "detector"), fingerprint_card()):
        card.pop("metrics", None)
    assert any(card.get("metrics") for card in model_cards("provenance.watermark", "detector"))
    assert fingerprint_card()["metrics"]
