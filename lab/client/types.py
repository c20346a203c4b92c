"""JSON Schema as Python's annotations."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]
_PLAIN = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}
_MOMENTS = {"date-time": "datetime | str", "date": "date | str"}


class UnknownSchema(Exception):
    """A schema of a kind that this writer has not met; teach it."""


def name_of(reference: str) -> str:
    """The name of a component."""
    return reference.rpartition("/")[2]


def annotation(schema: Schema, *, sent: bool = False) -> str:
    """The annotation of a value.

    Args:
        schema: its schema, from a document of OpenAPI 3.1.
        sent: it is an argument and not part of an answer: any sequence will do, and a moment may be one.

    Raises:
        UnknownSchema: none is known for it.
    """
    if "$ref" in schema:
        return name_of(schema["$ref"])
    for several in ("anyOf", "oneOf"):
        if several in schema and "type" not in schema:
            return _union(annotation(one, sent=sent) for one in schema[several])
    if "const" in schema:
        return f"Literal[{schema['const']!r}]"
    if "enum" in schema:
        return f"Literal[{', '.join(map(repr, schema['enum']))}]"
    kind = schema.get("type")
    if kind == "array":
        return f"{'Sequence' if sent else 'list'}[{annotation(schema['items'], sent=sent)}]"
    if kind == "object":
        return _mapping(schema, sent=sent)
    if kind == "string" and schema.get("format") == "binary":
        return "Upload"
    if sent and kind == "string" and schema.get("format") in _MOMENTS:
        return _MOMENTS[schema["format"]]
    if kind in _PLAIN:
        return _PLAIN[kind]
    if kind is None and not schema.keys() - {"title", "description", "examples"}:
        return "object" if sent else "Any"
    raise UnknownSchema(str(schema))


def _mapping(schema: Schema, *, sent: bool) -> str:
    """An object without a name, whose keys are not declared."""
    if schema.get("properties"):
        raise UnknownSchema(f"an object with properties needs a name of its own: {schema}")
    values = schema.get("additionalProperties", True)
    told = ("object" if sent else "Any") if isinstance(values, bool) else annotation(values, sent=sent)
    return f"{'Mapping' if sent else 'dict'}[str, {told}]"


def _union(options: Iterator[str]) -> str:
    """Several annotations as one, None last."""
    return " | ".join(sorted(dict.fromkeys(options), key=lambda one: one == "None"))


def references(schema: Any) -> Iterator[str]:
    """Names of the components that a schema names, itself or in what it holds."""
    if isinstance(schema, Mapping):
        if "$ref" in schema:
            yield name_of(schema["$ref"])
        for key, value in schema.items():
            if key not in ("example", "examples", "default"):
                yield from references(value)
    elif isinstance(schema, list):
        for one in schema:
            yield from references(one)


def reached(names: Iterable[str], components: Schema, closed: Collection[str] = ()) -> set[str]:
    """Names of components and of all that they hold, but for what those hold that are closed."""
    wanted, seen = set(names), set[str]()
    while left := wanted - seen:
        name = left.pop()
        seen.add(name)
        if name not in closed:
            wanted |= set(references(components[name]))
    return seen
