"""The shapes of the HTTP API's bodies, and schemas in words."""

from typing import Any

from lab.handbook.markdown import code, paragraphs, plain, table

HEAD = """# Shapes

Every object that the HTTP API takes or answers with, by name.
"""
_TYPES: dict[str, str] = {"string": "text", "boolean": "true or false", "array": "list", "null": "null"}


def page(schemas: dict[str, Any]) -> str:
    """Every schema of the document."""
    lines = [HEAD]
    for name, schema in sorted(schemas.items()):
        lines += [f"## {name}", "", *paragraphs(schema.get("description", "").partition("Attributes:")[0])]
        lines += fields(schema) if "properties" in schema else [f"{kind(schema)}", ""]
    return "\n".join(lines)


def fields(schema: dict[str, Any], needed_is: str = "always there") -> list[str]:
    """The properties of an object as a table; those that it needs have a yes in a column of that title."""
    needed = schema.get("required", ())
    rows = (
        (code(name), kind(one), "yes" if name in needed else "", plain(one.get("description", "")))
        for name, one in schema["properties"].items()
    )
    return table(("field", "type", needed_is, "meaning"), rows)


def kind(schema: dict[str, Any]) -> str:
    """A schema in words, with links to the shapes that it names."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](shapes.md#{name.lower()})"
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return " or ".join(dict.fromkeys(kind(arm) for arm in schema[key]))
    if "allOf" in schema:
        return kind(schema["allOf"][0])
    if "enum" in schema:
        return ", ".join(code(str(one)) for one in schema["enum"])
    if "const" in schema:
        return code(str(schema["const"]))
    if schema.get("type") == "array":
        return f"list of {kind(schema.get('items', {}))}"
    if isinstance(schema.get("additionalProperties"), dict):
        return f"object of {kind(schema['additionalProperties'])}"
    if schema.get("format") == "binary":
        return "file"
    names = schema.get("type", "anything")
    text = " or ".join(_TYPES.get(one, one) for one in ([names] if isinstance(names, str) else names))
    return f"{text} ({schema['format']})" if "format" in schema else text
