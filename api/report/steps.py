"""The findings of an audit, or of a folder of proofs, retold as the steps of a verification."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from api.audit.findings import NotRun
from api.audit.json_form import Json, as_json
from api.audit.result import AuditResult, Findings
from api.report.explanation import FOLDER_MEANINGS, MEANINGS
from api.report.numbers import p_value_text, time_text
from api.report.words import UNSIGNED, claim
from provenance.records.folder import verify_folder
from provenance.records.trust import TrustedKeys
from provenance.records.words import UNSEEN, conclude


def steps(result: AuditResult) -> Json:
    """Retell an audit of the provenance checks step by step.

    Returns:
        `{"file", "sha256", "verified", "status", "record_id", "record", "text", "explanation", "claims",
        "steps", "warnings"}`. `explanation` says in plain words what the verdict means; each step is
        `{"step", "outcome", "text"}` with outcome `ok`, `failed`, `absent` or `not_checked`.
        `verified` is True where watermark, signed record, log proof and sound agree and no
        credentials contradict them; where the log has signed nothing yet, its proof is missing.
    """
    findings, owned = result.findings, result.findings.ownership
    record = owned.record or {}
    told = [_watermark(findings), *_record(record), _credentials(findings), _fingerprint(findings)]
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
        "explanation": MEANINGS[owned.status],
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
        return _step("watermark", "not_checked", _why(found))
    if not found.present:
        return _step("watermark", "absent", f"no mark of ours (p-value {p_value_text(found.p_value)})")
    changed = "" if found.speed == 1.0 else f", played at {found.speed:.3f} of its speed"
    return _step("watermark", "ok", f"mark {found.message} (p-value {p_value_text(found.p_value)}{changed})")


def _record(record: Mapping[str, Any]) -> list[Json]:
    if not record:
        return [
            _step(name, "absent", "no record of this registry is named by the audio")
            for name in ("record", "signature", "log proof", "time stamp")
        ]
    if not record.get("verified"):
        problem = str(record.get("problem"))
        on_file = _step("record", "ok", f"record {record['record_id']} is on file")
        return [on_file, _step("signature and log proof", "failed", problem)]
    return [
        _step("record", "ok", claim(record)),
        _step("signature", "ok", f"signed by key {record['keyids'][0][:16]}, issued {record['issued_at']}"),
        _log_proof(record),
        _time_stamp(record),
    ]


def _log_proof(record: Mapping[str, Any]) -> Json:
    """Where the log holds the record; without a checkpoint by the log's key nothing proves that."""
    place = f"entry {record['leaf_index']} of the log"
    if record.get("log_signed", True):
        return _step("log proof", "ok", f"{place}, under a signed checkpoint")
    return _step("log proof", "not_checked", f"{place} as it is stored here; {UNSIGNED}")


def _time_stamp(record: Mapping[str, Any]) -> Json:
    """Who else saw the registration, and when: without anybody, only the log's own clock tells its age.

    A token by a stranger says nothing and spoils nothing; one that was altered fails the log proof.
    """
    if record.get("time_stamps"):
        told = [
            f"{stamp['authority']} saw the registration in the log no later than {stamp['stamped_at']}; "
            f"its certificate leads to {stamp['root']}, a root that is trusted here"
            for stamp in record["time_stamps"]
        ]
        return _step("time stamp", "ok", "; ".join(told))
    if record.get("untrusted_time_stamps"):
        reasons = "; ".join(record["untrusted_time_stamps"])
        return _step("time stamp", "not_checked", f"not trusted: {reasons}")
    return _step("time stamp", "absent", "none; when it was registered is the log's own word, or a witness's")


def _credentials(findings: Findings) -> Json:
    found, owned = findings.credentials, findings.ownership
    if isinstance(found, NotRun):
        return _step("credentials", "not_checked", _why(found))
    if not found.present:
        return _step("credentials", "absent", "no C2PA credentials (re-encoding strips them)")
    parts = (
        ("signature valid", "signature NOT valid", found.signature_valid),
        ("content bound", "content CHANGED after signing", found.content_bound),
        ("signer trusted", "signer not known here", found.trusted),
    )
    text = ", ".join(yes if holds else no for yes, no, holds in parts) + f"; signed by {found.signer}"
    if found.stamped_at:
        whom = "trusted here" if found.stamp_trusted else "NOT trusted here"
        text += f"; stamped {found.stamped_at[:19]}Z by a time-stamp authority that is {whom}"
    named = found.record_id
    if named and owned.record_id and named != owned.record_id:
        return _step("credentials", "failed", f"{text}; they name another record, {named}")
    return _step("credentials", "ok" if found.valid else "failed", text)


def _fingerprint(findings: Findings) -> Json:
    found, owned = findings.fingerprint, findings.ownership
    if isinstance(found, NotRun):
        return _step("fingerprint", "not_checked", _why(found))
    if not found:
        return _step("fingerprint", "absent", "not the audio of any registered track")
    best = next((m for m in found if m.record_id == owned.record_id), found[0])
    agrees = owned.record_id in (None, best.record_id)
    text = f"audio of record {best.record_id} from {time_text(best.offset_s)} on, score {best.score:.2f}"
    return _step("fingerprint", "ok" if agrees else "failed", text)


def _why(said: NotRun[Any]) -> str:
    return "not asked for" if said.outcome == "skipped" else said.told
