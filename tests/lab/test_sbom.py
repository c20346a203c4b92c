"""The bills of materials: valid by the standard's own schema, complete, and of what is installed."""

import importlib.metadata
import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import cyclonedx.schema
import jsonschema_rs
import pytest
from packaging.utils import canonicalize_name

from core import install
from lab import sbom

SCHEMAS = Path(str(cyclonedx.schema.__file__)).parent / "_res"
SPDX, JSF = ("spdx.SNAPSHOT.schema.json", "jsf-0.82.SNAPSHOT.schema.json")


def schema(name: str) -> Any:
    return json.loads((SCHEMAS / name).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def bills(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], dict[str, Any]]:
    folder = tmp_path_factory.mktemp("bills")
    (folder / "trackmark.whl").write_bytes(b"a wheel")
    sbom.main([str(folder), "--wheel", str(folder / "trackmark.whl")])
    installed, wheel = (
        json.loads((folder / name).read_text()) for name in ("installed.cdx.json", "wheel.cdx.json")
    )
    return installed, wheel


def test_they_are_valid(bills: tuple[dict[str, Any], dict[str, Any]]) -> None:
    whole = schema("bom-1.6.SNAPSHOT.schema.json")
    registry = jsonschema_rs.Registry(
        [(f"http://cyclonedx.org/schema/{name}", schema(name)) for name in (SPDX, JSF)]
    )
    validator = jsonschema_rs.validator_for(whole, registry=registry)
    for bill in bills:
        validator.validate(bill)
    with pytest.raises(jsonschema_rs.ValidationError):
        validator.validate({**bills[0], "components": [{"name": "no type"}]})


def test_the_tested_set_is_in_it_as_it_is_installed(bills: tuple[dict[str, Any], dict[str, Any]]) -> None:
    found = {one["bom-ref"]: one["version"] for one in bills[0]["components"]}
    assert found == {canonicalize_name(name): importlib.metadata.version(name) for name in install.pins()}
    assert bills[0]["metadata"]["component"]["name"] == "trackmark"
    licensed = [one for one in bills[0]["components"] if one.get("licenses")]
    assert len(licensed) > len(found) / 2


def test_a_wheel_has_its_digest_and_brings_no_tests_along(
    bills: tuple[dict[str, Any], dict[str, Any]],
) -> None:
    wheel = bills[1]
    (digest,) = wheel["metadata"]["component"]["hashes"]
    assert digest == {"alg": "SHA-256", "content": sha256(b"a wheel").hexdigest()}
    names = {one["bom-ref"] for one in wheel["components"]}
    assert {"torch", "sqlalchemy", "starlette"} <= names and not {"pytest", "moto", "ruff"} & names
    needs = {one["ref"]: one.get("dependsOn", []) for one in wheel["dependencies"]}
    assert "fastapi" in needs["trackmark"] and "starlette" in needs["fastapi"]
