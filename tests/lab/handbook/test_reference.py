"""The reference has every command, operation, setting, error code, field and rule of this release."""

from pathlib import Path
from typing import Any

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from api.audit.policy_text import load_policy
from api.cli import main
from api.server.answers import ANSWERS
from api.server.app import create_app
from api.server.findings_schema import NAME, PARTS, component_schemas
from api.settings import Settings
from lab.handbook.reference import errors, findings
from lab.handbook.reference import pages as made_of_code
from tests.lab.handbook.reading import Page


def called(command: Any, name: str) -> list[str]:
    inner = command.commands if isinstance(command, TyperGroup) else {}
    return [name, *(one for word, below in inner.items() for one in called(below, f"{name} {word}"))]


def test_every_command_and_option_is_there(pages: dict[str, Page]) -> None:
    page = pages["reference/commands.html"]
    names = called(get_command(main), "trackmark")
    assert len(names) > 60
    assert {name.replace(" ", "-") for name in names} <= page.places
    assert "--reports" in "".join(page.text)


def test_every_setting_is_there(pages: dict[str, Page]) -> None:
    text = "".join(pages["reference/settings.html"].text)
    for name in Settings.model_fields:
        assert f"TRACKMARK_{name.upper()}" in text


def test_every_error_code_is_there_with_its_meaning(pages: dict[str, Page]) -> None:
    page = pages["reference/errors.html"]
    meant = errors.meanings()
    assert meant.keys() == ANSWERS.keys()
    assert all(meant.values())
    assert page.places >= {str(answer.status) for answer in ANSWERS.values()}
    assert all(code in page.text for code in ANSWERS)


def test_every_operation_is_there(pages: dict[str, Page], tmp_path: Path) -> None:
    document = create_app(Settings(home=tmp_path)).openapi()
    told = {
        (method.upper(), path): one
        for path, ways in document["paths"].items()
        for method, one in ways.items()
    }
    assert len(told) > 140
    index = pages["reference/api/index.html"]
    for (method, path), operation in told.items():
        page = pages[f"reference/api/{operation['tags'][0]}.html"]
        assert operation["operationId"].lower() in page.places
        assert f"{method} {path}" in page.text and f"{method} {path}" in index.text
        assert all(one["name"] in page.text for one in operation.get("parameters", ()))
    assert {name.lower() for name in document["components"]["schemas"]} <= pages[
        "reference/api/shapes.html"
    ].places


def test_an_operation_tells_the_scope_that_its_route_asks_for() -> None:
    made = made_of_code()
    assert "`POST /v1/audits`: `audits:write`" in made["reference/api/audits.md"]
    assert "`POST /v1/uploads`: `audits:write` or `tracks:write`" in made["reference/api/uploads.md"]
    assert "`GET /v1/log/checkpoint`: no key" in made["reference/api/log.md"]
    assert "`GET /v1/whoami`: any good key" in made["reference/api/keys.md"]


def test_every_field_of_the_findings_is_there(pages: dict[str, Page]) -> None:
    page = pages["reference/findings.html"]
    schemas = component_schemas()
    assert all(key in page.text for key in PARTS)
    for name, schema in schemas.items():
        if name != NAME:
            assert name.lower() in page.places
            assert all(field in page.text for field in schema["properties"]), name


@pytest.mark.parametrize("kind", findings.classes(), ids=lambda kind: kind.__name__)
def test_every_field_of_the_findings_has_a_meaning(kind: type) -> None:
    assert all(findings.meanings(kind).get(name) for name in findings.told(kind))


@pytest.mark.parametrize("rule", load_policy().rules, ids=lambda rule: rule.id)
def test_every_rule_is_there(rule: Any, pages: dict[str, Page]) -> None:
    page = pages["reference/rules.html"]
    assert rule.id in page.places
    assert all(one.field in page.text for one in rule.when)
