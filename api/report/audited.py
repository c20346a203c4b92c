"""The signed report of an audit: everything that a reader needs to check and repeat a decision, in one file.

It carries the findings, which technique each rests on, the hashes of the models and of the policy, the log's
checkpoint, and, where a record was matched, that record with its own signature and log proof.
"""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from api.audit.json_form import Json, as_json
from api.audit.policy import Policy
from api.audit.policy_text import load_policy
from api.audit.result import AuditResult
from api.language.catalogue import Language
from api.report import words
from api.report.report import SUFFIX, CheckedAudit
from api.report.statement import begin, model_cards, numbered, proof, write_signed
from provenance.records.report import PAYLOAD_TYPE

if TYPE_CHECKING:
    from api.registry.registry import Registry


def build_report(
    result: AuditResult, registry: "Registry", *, policy: Policy | None = None, public_url: str | None = None
) -> Json:
    """The statement that a report signs, as JSON."""
    policy = policy or load_policy()
    findings = result.to_dict()
    for known_elsewhere in ("file", "sha256", "report"):
        del findings[known_elsewhere]
    told = {
        "file": {"name": Path(result.file).name, "sha256": result.sha256, **as_json(result.findings.media)},
        "findings": findings,
        "basis": words.BASIS,
        "models": model_cards("provenance.watermark", "detector"),
        "limits": limits(),
        "policy": {
            "name": policy.name,
            "version": policy.version,
            "sha256": policy.sha256,
            "thresholds": policy.thresholds(),
        },
        "record": proof(findings["ownership"], registry),
    }
    return numbered(CheckedAudit.schema, told, registry, public_url)


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
    begin(registry)
    statement = build_report(result, registry, policy=policy, public_url=public_url)
    write_signed(statement, PAYLOAD_TYPE, registry, path)
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
    from api.report.rendered import write_readable

    folder.mkdir(parents=True, exist_ok=True)
    stem = folder / Path(result.file).name
    signed = stem.with_name(stem.name + SUFFIX)
    written = write_report(result, registry, signed, policy=policy, public_url=public_url)
    image = stem.with_name(stem.name + ".png")
    if result.clip is not None:
        picture(result.clip, result, image)
    keys = registry.keys.published.trusted()
    failed = write_readable(signed, keys, stem.name, picture=image, language=language)
    return replace(written, warnings=(*written.warnings, *failed))


def limits() -> Json:
    """From where on the detectors say that something is there: field and comparison, and the number."""
    from detector.music.verdict import FALSE_ALARMS, LEAST_LLR
    from provenance.watermark.finding import PRESENT_P_VALUE

    return {
        "watermark.p_value at_most": PRESENT_P_VALUE,
        "ai.p_value at_most": FALSE_ALARMS,
        "ai.likelihood_ratio at_least": LEAST_LLR,
    }
