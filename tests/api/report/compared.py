"""Signed comparisons for tests: recorded audits as the two files, put into a report as the product does."""

import copy
from types import SimpleNamespace
from typing import Any

from api.compare.comparison import Role
from api.report.compared import build_comparison
from tests.api.report.statements import AUDITS, NOTE

TOLD = ("file", "sha256", "duration_s", "media", "watermark", "credentials", "fingerprint", "ownership")
OUTLINES: dict[Role, dict[str, Any]] = {
    "original": {"duration_s": 80.0, "low": [-0.5, -0.1, -0.9], "high": [0.5, 0.1, 0.9]},
    "suspect": {"duration_s": 40.0, "low": [0.0], "high": [0.0]},
}
"""The waveforms of both files."""
FOUND: dict[str, dict[str, Any]] = {
    "one stretch": {"stretches": 1},
    "many changes": {"stretches": 9, "suspect": "everything"},
    "hundreds": {"stretches": 300, "original": "two tracks"},
    "nothing": {"suspect": "cut", "original": "disputed"},
    "same file": {"stretches": 1, "suspect": "everything", "same_bytes": True},
    "silence": {
        "outcome": "inconclusive",
        "reason": "the suspect: the audio is silent",
        "suspect": "silence",
    },
    "broken": {"outcome": "inconclusive", "reason": "no fingerprint could be made", "suspect": "broken"},
}
"""Comparisons by name: how many stretches, and which recorded audits the files are."""
CHANGES = (
    {"speed": 1.06, "pitch_semitones": 1.009},
    {"speed": 1.0, "pitch_semitones": 0.0},
    {"speed": 0.93, "pitch_semitones": 0.0},
    {"speed": 1.0, "pitch_semitones": -1.0},
    {"speed": 1.15, "pitch_semitones": 4.42},
    {"speed": 1.26, "pitch_semitones": 4.0},
    {"speed": 0.9, "pitch_semitones": 3.0},
    {"speed": 1.0, "pitch_semitones": 0.0, "end_s": 9.5},
    {"speed": 1.1, "pitch_semitones": 0.0, "end_s": 7.0, "p_value": None},
)


def stretch(number: int = 0, **changes: Any) -> dict[str, Any]:
    """A stretch of half a minute, changed in one of several ways."""
    found = {
        "start_s": 3.0,
        "end_s": 34.0,
        "original_start_s": 42.0,
        "original_end_s": 74.86,
        "p_value": 1e-14,
    }
    return {**found, **CHANGES[number % len(CHANGES)], **changes}


def found(name: str) -> dict[str, Any]:
    """A comparison as `Comparison.to_dict` tells it."""
    made = {"stretches": 0, "original": "nothing", "suspect": "nothing", "same_bytes": False, **FOUND[name]}
    return {
        **{role: side(made[role], f"{role}.wav") for role in ("original", "suspect")},
        "same_bytes": made["same_bytes"],
        "alignment": {
            "outcome": made.get("outcome", "done"),
            "reason": made.get("reason"),
            "score": 0.94 if made["stretches"] else 0.0,
            "stretches": [stretch(number) for number in range(made["stretches"])],
        },
        "elapsed_s": 6.2,
    }


def side(name: str, file: str) -> dict[str, Any]:
    """What is told of one of the files: of a recorded audit, what speaks of its provenance."""
    audit = copy.deepcopy(AUDITS[name])
    own = ("watermark", "credentials", "fingerprint")
    return {
        **{part: audit[part] for part in TOLD},
        "file": f"/somewhere/{file}",
        "checks": {check: audit["checks"][check] for check in own},
        "warnings": [text for text in audit["warnings"] if not text.startswith(("music", "voice"))],
    }


def comparison(name: str, *, public: bool = False) -> dict[str, Any]:
    """The statement of a comparison; `public` names the issuer's address."""
    registry: Any = SimpleNamespace(
        log=SimpleNamespace(checkpoint=lambda: NOTE), records=SimpleNamespace(get=lambda _id: None)
    )
    url = "https://registry.example/" if public else None
    statement = build_comparison(found(name), registry, public_url=url)
    return {**statement, "created_at": "2026-11-28T11:33:16Z", "report_id": "0123456789abcdef" * 2}
