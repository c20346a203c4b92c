"""The findings of an audit, or of a folder of proofs, retold as the steps of a verification."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from api.audit.claims import Ownership
from api.audit.findings import NotRun
from api.audit.json_form import Json, as_json
from api.audit.result import AuditResult, Findings
from api.report import words
from api.report.words.meanings import FOLDER_MEANINGS, MEANINGS, MORE
from provenance.records.folder import verify_folder
from provenance.records.trust import TrustedKeys
from provenance.records.words import UNSEEN, conclude


def steps(result: AuditResult) -> Json:
    """Retell an audit of the provenance checks step by step.

    Returns:
        `{"file", "sha256", "verified", "status", "record_id", "record", "text", "explanation", "claims",
        "steps", "warnings"}`. `explanation` says in plain words what the verdict means; each step is
        `{"step", "outcome", "text"}` with outcome `ok`, `failed`, `absent` or `not_checked`.
        `verified` is True where watermark, signed record, log proof and sound agree, no
        credentials contradict them, and nothing else in the file belongs to others or cannot be relied on;
        where the log has signed nothing yet, its proof is missing.
    """
    findings, owned = result.findings, result.findings.ownership
    record = owned.record or {}
    told = [_watermark(findings), *_record(record), _credentials(findings), _fingerprint(findings)]
    beside = _beside(owned)
    told += beside
    contradicted = any(step["outcome"] == "failed" for step in told)
    unsigned = record.get("log_signed") is False
    return {
        "file": result.file,
        "sha256": result.sha256,
        "verified": owned.status == "match" and not contradicted and not unsigned,
        "status": owned.status,
        "record_id": owned.record_id,
        "record": dict(record) or None,
        "text": owned.text,
        "explanation": MORE if beside and owned.status == "match" else MEANINGS[owned.status],
        "claims": as_json(owned.claims),
        "steps": told,
        "elapsed_s": result.to_dict()["elapsed_s"],
        "warnings": list(result.warnings),
    }


def folder_steps(folder: Path, keys: TrustedKeys, trust: str, *, witnesses: int = 0) -> Json:
    """Verify a folder of proofs offline and tell it in the same form.

    Args:
        folder: laid out as in `provenance.records.folder`.
        keys: what the caller trusts.
        trust: where those come from, in words.
        witnesses: how many trusted witnesses each checkpoint needs.

    Returns:
        As `steps`, with `status` `verified`, `contested` (disputed or revoked) or `not_verified`.

    Raises:
        FolderError: unreadable, or nothing to verify.
    """
    checks = verify_folder(folder, keys, witnesses=witnesses)
    outcomes = {True: "ok", False: "failed", None: "not_checked"}
    verified, verdict = conclude(checks)
    word, _, text = verdict.partition(": ")
    status = word.lower().replace(" ", "_")
    return {
        "file": str(folder),
        "verified": verified,
        "status": status,
        "text": text,
        "explanation": FOLDER_MEANINGS[status],
        "steps": [
            _step(check.file, "failed" if not check.stands else outcomes[check.passed], check.text)
            for check in checks
        ],
        "keys": trust,
        "warnings": [f"the keys are {trust}", UNSEEN],
    }


def _step(name: str, outcome: str, text: str) -> Json:
    return {"step": name, "outcome": outcome, "text": text}


def _watermark(findings: Findings) -> Json:
    found = findings.watermark
    if isinstance(found, NotRun):
        return _step("watermark", "not_checked", found.why)
    outcome = "ok" if found.present else "absent"
    return _step("watermark", outcome, words.watermark_line(as_json(found), "done"))


def _record(record: Mapping[str, Any]) -> list[Json]:
    if not record:
        names = ("record", "signature", "log proof", "time stamp")
        return [_step(name, "absent", words.log.NO_RECORD) for name in names]
    if not record.get("verified"):
        on_file = _step("record", "ok", words.log.on_file(record))
        return [on_file, _step("signature and log proof", "failed", str(record.get("problem")))]
    stamped = "not_checked" if record.get("untrusted_time_stamps") else "absent"
    return [
        _step("record", "ok", words.claim(record)),
        _step("signature", "ok", words.log.signature(record)),
        _step(
            "log proof", "ok" if record.get("log_signed", True) else "not_checked", words.log.place(record)
        ),
        _step("time stamp", "ok" if record.get("time_stamps") else stamped, words.log.time_stamps(record)),
    ]


def _beside(owned: Ownership) -> list[Json]:
    """What the file holds beside the track that the statement is about, where that is not in order.

    A file is taken as a whole, and its first track vouches for no other.
    """
    found = {"ownership": as_json(owned)}
    tracks = dict.fromkeys([*words.beside.of_others(found), *words.beside.unreliable(found)])
    marks = [text for known in (True, False) for text in words.beside.unconfirmed(found, known=known)]
    return [
        *(_step("another track", "failed", text) for text in tracks),
        *(_step("another mark", "failed", text) for text in marks),
    ]


def _credentials(findings: Findings) -> Json:
    found, owned = findings.credentials, findings.ownership
    if isinstance(found, NotRun):
        return _step("credentials", "not_checked", found.why)
    text = words.credentials_line(as_json(found), "done")
    if not found.present:
        return _step("credentials", "absent", text)
    if found.record_id and owned.record_id and found.record_id != owned.record_id:
        return _step("credentials", "failed", f"{text}; {words.other_record(found.record_id)}")
    return _step("credentials", "ok" if found.valid else "failed", text)


def _fingerprint(findings: Findings) -> Json:
    found, owned = findings.fingerprint, findings.ownership
    if isinstance(found, NotRun):
        return _step("fingerprint", "not_checked", found.why)
    if not found:
        return _step("fingerprint", "absent", words.fingerprint_line((), "done"))
    best = next((m for m in found if m.record_id == owned.record_id), found[0])
    agrees = owned.record_id in (None, best.record_id)
    return _step("fingerprint", "ok" if agrees else "failed", words.placed(as_json(best)))
