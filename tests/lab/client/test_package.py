"""The client in the repository is what the server's document gives, and its writer refuses to guess."""

import copy
from pathlib import Path
from typing import Any

import pytest

import api.client
from api.server.app import create_app
from api.settings import Settings
from lab.client.methods import UnknownOperation
from lab.client.package import differing, files, write
from lab.client.types import UnknownSchema, annotation
from lab.client.words import snake


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return create_app(Settings(home=tmp_path_factory.mktemp("home"))).openapi()


def test_the_client_is_what_the_document_gives(document: dict[str, Any]) -> None:
    assert differing(document) == [], "run: python -m lab.client"


def test_every_operation_is_a_method_under_its_id(document: dict[str, Any]) -> None:
    told = [one["operationId"] for path in document["paths"].values() for one in path.values()]
    assert len(told) > 120
    for name in told:
        method = getattr(api.client.Client, snake(name))
        assert method.__doc__ and "return" in method.__annotations__, name


def test_what_changed_is_named_and_what_went_is_removed(document: dict[str, Any], tmp_path: Path) -> None:
    write(document, tmp_path)
    assert differing(document, tmp_path) == []
    fewer = copy.deepcopy(document)
    fewer["paths"] = {path: told for path, told in fewer["paths"].items() if "/uploads" not in path}
    fewer["components"]["schemas"]["Problem"]["properties"]["more"] = {"type": "integer"}
    everywhere = {"operations/__init__.py", "operations/uploads.py", "shapes/__init__.py", "shapes/shared.py"}
    assert set(differing(fewer, tmp_path)) == {*everywhere, "shapes/uploads.py"}
    write(fewer, tmp_path)
    assert differing(fewer, tmp_path) == [] and not (tmp_path / "operations" / "uploads.py").exists()


@pytest.mark.parametrize(
    ("schema", "told", "sent"),
    [
        ({"type": "string", "format": "date-time"}, "str", "datetime | str"),
        ({"anyOf": [{"type": "null"}, {"type": "integer"}]}, "int | None", "int | None"),
        (
            {"type": "array", "items": {"enum": ["a", "b"]}},
            "list[Literal['a', 'b']]",
            "Sequence[Literal['a', 'b']]",
        ),
        (
            {"type": "object", "additionalProperties": {"type": "number"}},
            "dict[str, float]",
            "Mapping[str, float]",
        ),
        ({"$ref": "#/components/schemas/Problem"}, "Problem", "Problem"),
        ({}, "Any", "object"),
    ],
)
def test_schemas_are_annotations(schema: dict[str, Any], told: str, sent: str) -> None:
    assert (annotation(schema), annotation(schema, sent=True)) == (told, sent)


@pytest.mark.parametrize(
    "schema",
    [{"type": "tuple"}, {"allOf": [{}]}, {"type": "object", "properties": {"a": {"type": "string"}}}],
    ids=str,
)
def test_what_is_not_known_is_not_guessed(schema: dict[str, Any]) -> None:
    with pytest.raises(UnknownSchema):
        annotation(schema)


def test_two_arguments_of_one_name_are_refused(document: dict[str, Any]) -> None:
    broken = copy.deepcopy(document)
    taken = broken["paths"]["/v1/keys"]["post"]["parameters"]
    taken.append({"name": "scopes", "in": "query", "schema": {"type": "string"}})
    with pytest.raises(UnknownOperation, match="createKey"):
        files(broken)
