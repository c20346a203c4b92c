"""Signed statements for tests: the recorded audits, put into a report as `build_report` does."""

import copy
import json
from pathlib import Path
from typing import Any

from api.report import words
from api.report.audited import limits
from api.report.document.blocks import Seal
from api.report.report import CheckedAudit
from api.report.statement import issuer, model_cards

AUDITS = json.loads((Path(__file__).parents[1] / "audit" / "audits.json").read_text())
SEAL = Seal("ab" * 32, "those of the registry that made it", "song.wav.report.dsse.json")
NOTE = "log.example/2026\n7\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n— log.example/2026 AAAA\n"


def statement(name: str, *, public: bool = False) -> dict[str, Any]:
    """The statement of a recorded audit; `public` names the issuer's address."""
    findings = copy.deepcopy(AUDITS[name])
    file, sha256 = findings.pop("file"), findings.pop("sha256")
    del findings["report"]
    findings["decision"]["policy"] = "trackmark-default 1"
    return {
        "schema": CheckedAudit.schema,
        "report_id": "0123456789abcdef0123456789abcdef",
        "created_at": "2026-11-28T11:33:16Z",
        "software": {"name": "trackmark", "version": "0.1.0"},
        "file": {"name": file, "sha256": sha256, **findings["media"]},
        "findings": findings,
        "basis": words.BASIS,
        "models": model_cards("provenance.watermark", "detector"),
        "limits": limits(),
        "policy": {
            "name": "trackmark-default",
            "version": "1",
            "sha256": "cd" * 32,
            "thresholds": {"voice-clone-without-consent": {"clone_score at_least": 0.8}},
        },
        "log": {"checkpoint": NOTE},
        "record": None,
        **({"issuer": issuer("https://registry.example/")} if public else {}),
    }


def texts(value: Any) -> list[str]:
    """Every text of a document, in order."""
    if isinstance(value, str):
        return [value]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
    return [text for one in inner for text in texts(one)]
