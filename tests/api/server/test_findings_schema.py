"""What OpenAPI says of findings is what audits hold: every key, and nothing that is never told."""

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from api.server.findings_schema import NAME, PARTS, component_schemas

AUDITS: dict[str, Any] = json.loads((Path(__file__).parents[1] / "audit" / "audits.json").read_text())
SCHEMAS = component_schemas()


def whole() -> Any:
    """The findings' schema with all that it refers to."""
    return {**SCHEMAS[NAME], "components": {"schemas": SCHEMAS}}


@pytest.mark.parametrize("name", AUDITS)
def test_every_audit_has_that_shape(name: str) -> None:
    jsonschema_rs.validator_for(whole()).validate(AUDITS[name])


def test_another_shape_is_refused() -> None:
    check = jsonschema_rs.validator_for(whole())
    good = AUDITS["everything"]
    for wrong in ({"ai": {**good["ai"], "verdict": "human"}}, {"decision": None}, {"warnings": "none"}):
        assert not check.is_valid({**good, **wrong}), wrong


def test_every_key_is_described_and_no_other() -> None:
    assert set(AUDITS["everything"]) == set(PARTS)
    for name, kind in (("watermark", "WatermarkFound"), ("ai", "MusicFound"), ("voice", "VoiceFound")):
        assert set(AUDITS["everything"][name]) == set(SCHEMAS[kind]["properties"]), name
    for name, kind in (("ownership", "Ownership"), ("decision", "Decision"), ("media", "Media")):
        assert set(AUDITS["everything"][name]) == set(SCHEMAS[kind]["properties"]), name
