"""The document's components as classes: what answers and bodies hold."""

import keyword
from collections.abc import Mapping

from lab.client.types import Schema, annotation
from lab.client.words import docstring


def shape(name: str, schema: Schema) -> str:
    """The source of a component: a TypedDict, or an alias of the values that there are."""
    if "properties" not in schema:
        told = " ".join(schema.get("description", "").split())
        return (
            f'{name} = {annotation(schema)}\n"""{told}"""\n' if told else f"{name} = {annotation(schema)}\n"
        )
    types = {key: _held(key, schema) for key in schema["properties"]}
    about = {key: one["description"] for key, one in schema["properties"].items() if "description" in one}
    summary, _, text = schema.get("description", f"`{name}` of the document.").partition("\n\n")
    if all(key.isidentifier() and not keyword.iskeyword(key) for key in types):
        lines = docstring(" ".join(summary.split()), text, {"Attributes": about}, "    ")
        lines += ["", *(f"    {key}: {one}" for key, one in types.items())]
        return f"class {name}(TypedDict):\n" + "\n".join(lines) + "\n"
    return _functional(name, types, " ".join(summary.split()))


def _functional(name: str, types: Mapping[str, str], summary: str) -> str:
    """The same where a key is a word of Python's."""
    held = "".join(f"    {key!r}: {one},\n" for key, one in types.items())
    return f'{name} = TypedDict("{name}", {{\n{held}}})\n{name}.__doc__ = """{summary}"""\n'


def _held(key: str, schema: Schema) -> str:
    told = annotation(schema["properties"][key])
    return told if key in schema.get("required", ()) else f"NotRequired[{told}]"
