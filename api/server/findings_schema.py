"""The shape of an audit's findings in the OpenAPI document, made of the classes that write them.

It is told and not enforced: findings that an earlier release stored are answered as they were written.
"""

import re
from typing import Any

from pydantic import TypeAdapter

from api.audit.claims import Ownership
from api.audit.decision import Decision
from api.audit.findings import CredentialsFound, MatchFound, Media, Outcome, WatermarkFound
from api.audit.heard import MusicFound, VoiceFound
from api.audit.near import OriginalityFound

NAME = "Findings"
PARTS: dict[str, Any] = {
    "file": str,
    "sha256": str,
    "duration_s": float,
    "elapsed_s": float,
    "media": Media,
    "watermark": WatermarkFound,
    "credentials": CredentialsFound,
    "fingerprint": tuple[MatchFound, ...],
    "ai": MusicFound,
    "voice": VoiceFound,
    "originality": OriginalityFound | None,
    "ownership": Ownership,
    "decision": Decision,
    "checks": dict[str, Outcome],
    "report": str | None,
    "warnings": tuple[str, ...],
}
"""The keys of `AuditResult.to_dict`, and what each holds."""


def component_schemas() -> dict[str, Any]:
    """JSON Schemas of the findings, `NAME`, and of every class in them, by name, as components of OpenAPI."""
    made, defined = TypeAdapter.json_schemas(
        [(name, "serialization", TypeAdapter(kind)) for name, kind in PARTS.items()],
        ref_template="#/components/schemas/{model}",
    )
    parts = {name: made[name, "serialization"] for name in PARTS}
    schemas: dict[str, Any] = defined.get("$defs", {})
    for schema in schemas.values():
        _share_out(schema)
    whole = {"type": "object", "title": NAME, "properties": parts, "required": [*PARTS]}
    return {**schemas, NAME: whole}


def _share_out(schema: dict[str, Any]) -> None:
    """Say of each field what the docstring of its class says of it, and of the class its first sentence."""
    text, _, told = schema.get("description", "").partition("Attributes:\n")
    if text:
        schema["description"] = " ".join(text.partition("\n\n")[0].split())
    for name, about in re.findall(r"^ *(\w+): (.+(?:\n {6,}\S.*)*)", told, re.MULTILINE):
        if name in schema.get("properties", {}):
            schema["properties"][name].setdefault("description", " ".join(about.split()).removesuffix("."))
