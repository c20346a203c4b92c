"""Signed audit reports: everything that a reader needs to check and repeat a decision, in one file.

A report is a DSSE envelope over canonical JSON (payload type
`application/vnd.trackmark.report+json`). It carries the findings, which technique each rests on,
the hashes of the models and of the policy, the log's checkpoint, and, where a record was matched,
that record with its own signature and log proof. It verifies offline (`verify_report`).
"""

import hashlib
import importlib.metadata
import importlib.util
import json
import secrets
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from api.audit.json_form import Json, as_json
from api.audit.policy import Policy
from api.audit.policy_text import load_policy
from api.audit.result import AuditResult
from api.errors import TypesettingError
from api.language.catalogue import Language
from api.report import words
from core import clock
from core.errors import ProofError, SignatureError, TrackmarkError
from core.files import write_whole
from provenance.records import envelope as dsse
from provenance.records import report as report_format
from provenance.records import verify as offline
from provenance.records.trust import TrustedKeys

if TYPE_CHECKING:
    from api.registry.registry import Registry

SCHEMA = "trackmark/audit-report/v1"
SUFFIX = ".report.dsse.json"


class UnreadableReport(TrackmarkError):
    """The file is not a report at all."""

    code = "unreadable-report"


@dataclass(frozen=True)
class CheckedReport:
    """A report that verified, and what that rests on.

    Attributes:
        report: the signed statement.
        keyid: key that signed it.
        record_id: the record inside that was verified too, or None.
        checkpoint_size: entries in the log when the report was made, or None.
        audio_checked: the report was compared with an audio file.
    """

    report: Mapping[str, Any]
    keyid: str
    record_id: str | None
    checkpoint_size: int | None
    audio_checked: bool

    def to_dict(self) -> Json:
        """Return the JSON form."""
        return {
            "verified": True,
            "keyid": self.keyid,
            "report_id": self.report["report_id"],
            "created_at": self.report["created_at"],
            "audited_file": self.report["file"],
            "decision": self.report["findings"]["decision"],
            "record_id": self.record_id,
            "checkpoint_size": self.checkpoint_size,
            "audio_checked": self.audio_checked,
        }

    def lines(self) -> list[str]:
        """The same for people."""
        file, decision = self.report["file"], self.report["findings"]["decision"]
        lines = [
            f"signed by key {self.keyid[:16]} at {self.report['created_at']}, unchanged since",
            f"about {file['name']!r}, sha256 {file['sha256']}"
            + (" (this is that file)" if self.audio_checked else ""),
        ]
        if self.record_id is not None:
            lines.append(f"record {self.record_id}: signature and log proof verify")
        if self.checkpoint_size is not None:
            lines.append(f"checkpoint of a log with {self.checkpoint_size} entries: signature verifies")
        lines.append(f"decision: {decision['action']} by {decision['policy']}")
        return lines + [f"  · {rule['text']}" for rule in decision["rules"]]


def build_report(
    result: AuditResult, registry: "Registry", *, policy: Policy | None = None, public_url: str | None = None
) -> Json:
    """The statement that a report signs, as JSON."""
    policy = policy or load_policy()
    findings = result.to_dict()
    for known_elsewhere in ("file", "sha256", "report"):
        del findings[known_elsewhere]
    return {
        "schema": SCHEMA,
        "report_id": secrets.token_hex(16),
        "created_at": clock.now_text(),
        "software": {"name": "trackmark", "version": version()},
        "file": {"name": Path(result.file).name, "sha256": result.sha256, **as_json(result.findings.media)},
        "findings": findings,
        "basis": words.BASIS,
        "models": list(model_cards()),
        "limits": limits(),
        "policy": {
            "name": policy.name,
            "version": policy.version,
            "sha256": policy.sha256,
            "thresholds": policy.thresholds(),
        },
        "log": {"checkpoint": registry.log.checkpoint()},
        "record": _evidence(result, registry),
        **({} if public_url is None else {"issuer": issuer(public_url)}),
    }


def write_report(
    result: AuditResult,
    registry: "Registry",
    path: Path,
    *,
    policy: Policy | None = None,
    public_url: str | None = None,
) -> AuditResult:
    """Sign a report and write it, whole or not at all.

    Args:
        result: the audit.
        registry: signs the report and supplies checkpoint and record.
        path: where to write; by convention it ends in `.report.dsse.json`.
        policy: the policy of the audit; None is the default one.
        public_url: where the issuer's server is reached by everybody, or None.

    Returns:
        The audit, with `report` set to the path.
    """
    signed = report_format.sign_report(
        build_report(result, registry, policy=policy, public_url=public_url), [registry.keys.signer("report")]
    )
    write_whole(path, signed.to_json())
    return replace(result, report=str(path))


def page_of(folder: Path, file: Path) -> Path:
    """Where `write_all` writes the page about a file."""
    return folder / f"{file.name}.html"


def write_all(
    result: AuditResult,
    registry: "Registry",
    folder: Path,
    *,
    policy: Policy | None = None,
    public_url: str | None = None,
    language: Language = "en",
) -> AuditResult:
    """Write the signed report, the keys to verify it with, a picture, and a page and a PDF to read.

    Page and PDF speak `language`; the signed report does not depend on it. Files are named after the audited
    file; `keys.json` is shared by all reports of the folder. Where the PDF
    cannot be made, everything else is there, and a warning of the returned audit says so.
    """
    from api.report.picture import picture
    from api.report.rendered import OWN_KEYS, render_report

    folder.mkdir(parents=True, exist_ok=True)
    stem = folder / Path(result.file).name
    signed = stem.with_name(stem.name + SUFFIX)
    written = write_report(result, registry, signed, policy=policy, public_url=public_url)
    keys = registry.keys.published.trusted()
    write_whole(folder / "keys.json", keys.to_json())
    image = stem.with_name(stem.name + ".png")
    if result.clip is not None:
        picture(result.clip, result, image)
    page = page_of(folder, stem)
    write_whole(page, render_report("html", signed, keys, OWN_KEYS, picture=image, language=language))
    try:
        pdf = render_report("pdf", signed, keys, OWN_KEYS, picture=image, language=language)
    except TypesettingError as error:
        return replace(written, warnings=(*written.warnings, f"{error}; {page.name} says the same"))
    write_whole(stem.with_name(stem.name + ".pdf"), pdf)
    return written


def read_report(path: Path) -> Json:
    """The statement inside a report, NOT verified: for display only.

    Raises:
        UnreadableReport: the file is not a report.
    """
    return _read(_bytes_of(path), str(path))


def verify_report(path: Path, keys: TrustedKeys, *, audio: Path | None = None) -> CheckedReport:
    """Verify a report without network or server.

    Args:
        path: the report.
        keys: keys that the reader trusts, by purpose.
        audio: a file that the report must be about, byte for byte.

    Raises:
        UnreadableReport: the file is not a report.
        SignatureError: no trusted key signed it, or a signature inside does not verify.
        ProofError: the record inside is not in the log, or `audio` is another file.
    """
    checked = verify_signed(_bytes_of(path), keys, str(path))
    return replace(checked, audio_checked=_compared(checked.report, audio))


def verify_signed(data: bytes, keys: TrustedKeys, name: str) -> CheckedReport:
    """Verify the bytes of a report; `name` is what messages call it, errors are those of `verify_report`."""
    _read(data, name)
    verified = offline.verify_report(data, keys)
    report = verified.report
    if report.get("schema") != SCHEMA:
        raise SignatureError(f"the report is of schema {report.get('schema')!r}; this version reads {SCHEMA}")
    record_id = None
    evidence = report.get("record")
    if evidence is not None:
        inner = offline.verify_record(
            json.dumps(evidence["envelope"]).encode(),
            keys,
            evidence["tlog_proof"],
            bytes.fromhex(evidence["salt"]),
        )
        record_id = inner.record.record_id
        if record_id != report["findings"]["ownership"]["record_id"]:
            raise ProofError("the record inside the report is not the one that its findings name")
    return CheckedReport(
        report=report,
        keyid=verified.keyids[0],
        record_id=record_id,
        checkpoint_size=_checkpoint_size(report["log"]["checkpoint"], keys),
        audio_checked=False,
    )


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UnreadableReport(f"{path} is not a report: {error}") from error


def _read(data: bytes, name: str) -> Json:
    try:
        return report_format.from_payload(dsse.Envelope.from_json(data).payload)
    except SignatureError as error:
        raise UnreadableReport(f"{name} is not a report: {error}") from error


def issuer(public_url: str) -> Json:
    """Where everybody reaches the issuer's keys, and where everybody can verify."""
    address = public_url.rstrip("/")
    return {"address": address, "verify_at": f"{address}/verify"}


def limits() -> Json:
    """From where on the detectors say that something is there: field and comparison, and the number."""
    from detector.music.verdict import FALSE_ALARMS, LEAST_LLR
    from provenance.watermark.finding import PRESENT_P_VALUE

    return {
        "watermark.p_value at_most": PRESENT_P_VALUE,
        "ai.p_value at_most": FALSE_ALARMS,
        "ai.likelihood_ratio at_least": LEAST_LLR,
    }


@lru_cache(maxsize=1)
def model_cards() -> tuple[Json, ...]:
    """Name, version, weights hash and measured error rates of every model that ships with the packages."""
    cards = []
    for package in ("provenance", "detector"):
        spec = importlib.util.find_spec(package)
        if spec is None or spec.submodule_search_locations is None:
            continue
        for root in spec.submodule_search_locations:
            for path in sorted(Path(root).rglob("*.toml")):
                card = tomllib.loads(path.read_text(encoding="utf-8"))
                if "sha256" in card:
                    cards.append({"card": f"{package}/{path.relative_to(root)}", **_identity(card)})
    return tuple(cards)


def version() -> str:
    """Version of the installed package."""
    try:
        return importlib.metadata.version("trackmark")
    except importlib.metadata.PackageNotFoundError:
        return "uninstalled"


def _identity(card: Mapping[str, Any]) -> Json:
    names = ("name", "version", "sha256", "commit", "thresholds", "metrics")
    return {name: card[name] for name in names if name in card}


def _evidence(result: AuditResult, registry: "Registry") -> Json | None:
    """The matched record with everything that proves it; None where none was matched or it is invalid."""
    owned = result.findings.ownership
    record_id = owned.record_id
    if record_id is None or not (owned.record or {}).get("verified"):
        return None
    stored = registry.records.get(record_id)
    if stored is None:
        return None
    return {
        "envelope": json.loads(stored.envelope.to_json()),
        "tlog_proof": registry.records.proof(record_id),
        "salt": stored.salt.hex(),
    }


def _checkpoint_size(note: str | None, keys: TrustedKeys) -> int | None:
    if not note:
        return None
    from provenance.records.checkpoint import verify_checkpoint

    return verify_checkpoint(note, keys.log).checkpoint.size


def _compared(report: Mapping[str, Any], audio: Path | None) -> bool:
    if audio is None:
        return False
    with audio.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != report["file"]["sha256"]:
        raise ProofError(f"{audio} is not the file of the report: its sha256 is {digest}")
    return True
