"""An example of every body in the OpenAPI document, put together from those of its fields."""

from collections.abc import Mapping
from typing import Any

_AUDIT, _ENTRY, _RECORD = "0b8f6a52-6d1c-4a0e-9a39-6f0f7f6f8c11", "3f9a1c2b5d6e7f80", "5f1c0a9e33b2d417"
_DIGEST = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_NULL = {"type": "null"}
_OF_FORMAT: Mapping[str | None, Any] = {
    "date-time": "2026-11-22T10:00:00Z",
    "date": "2026-11-22",
    "binary": "...",
}
_OF_TYPE: Mapping[str | None, Any] = {"boolean": False}
_OF_NAME: Mapping[str | None, Any] = {
    "audit_id": _AUDIT,
    "checkpoint": "trackmark.example/log\n12\nVWwMSTBWz6tzkbsyKv3Rq0Qh7kV1o2Jc0O0m4rHn3dY=\n\n...",
    "evidence_sha256": _DIGEST,
    "file": "song.mp3",
    "id": _ENTRY,
    "key_id": _ENTRY,
    "leaf_index": 7,
    "name": "review desk",
    "object_id": _ENTRY,
    "owner": "A Label",
    "policy_id": _ENTRY,
    "progress": 1.0,
    "proof": "c2sp.org/tlog-proof@v1\n...",
    "record_id": _RECORD,
    "report_id": _AUDIT,
    "request_id": "3c1f0a9e33b2d4175f1c0a9e33b2d417",
    "salt": _DIGEST,
    "sha256": _DIGEST,
    "size_bytes": 7_340_032,
    "tenant": "label-a",
    "title": "Night Drive",
    "version": 3,
}
"""Of fields that mean the same wherever they stand. Others have theirs where they are declared."""


class NoExample(Exception):
    """A field has no example, and none is known of its name: give it one where it is declared."""


def example(
    schema: Mapping[str, Any], components: Mapping[str, Any], *, sent: bool = False, name: str = ""
) -> Any:
    """A value that a schema allows.

    Args:
        schema: of the body, or of something in it.
        components: the schemas that `$ref` names.
        sent: of a request: what need not be sent is left out where it has no example of its own.
        name: of the field.

    Raises:
        NoExample: some field has none, and must be there.
    """
    if "$ref" in schema:
        return example(components[schema["$ref"].rpartition("/")[2]], components, sent=sent, name=name)
    if own := schema.get("examples") or ([schema["example"]] if "example" in schema else []):
        return own[0]
    if "anyOf" in schema:
        return _first(schema["anyOf"], components, sent=sent, name=name)
    if "const" in schema or "enum" in schema:
        return schema["const"] if "const" in schema else schema["enum"][0]
    if schema.get("default") is not None:
        return schema["default"]
    if "properties" in schema:
        return _filled(schema, components, sent=sent)
    if schema.get("type") == "object":
        return {}
    if schema.get("type") == "array":
        return [example(schema["items"], components, sent=sent, name=name)]
    tried = (_OF_FORMAT, schema.get("format")), (_OF_NAME, name), (_OF_TYPE, schema.get("type"))
    for known, asked in tried:
        if asked in known:
            return known[asked]
    raise NoExample(name)


def _first(options: list[Any], components: Mapping[str, Any], *, sent: bool, name: str) -> Any:
    """Of several kinds the first; null, where nothing is known of that and null is one."""
    try:
        return example(options[0], components, sent=sent, name=name)
    except NoExample:
        if _NULL not in options:
            raise
    return None


def _filled(schema: Mapping[str, Any], components: Mapping[str, Any], *, sent: bool) -> dict[str, Any]:
    needed = schema.get("required", ())
    return {
        key: example(one, components, sent=sent, name=key)
        for key, one in schema["properties"].items()
        if not sent or key in needed or one.get("examples") or "example" in one
    }


def completed(value: Any, schema: Mapping[str, Any], components: Mapping[str, Any]) -> Any:
    """An example with what must be there and is not.

    FastAPI leaves out of its document whatever is None, and a class has the examples of the one that it
    extends.
    """
    if "$ref" in schema:
        return completed(value, components[schema["$ref"].rpartition("/")[2]], components)
    for option in schema.get("anyOf", ()):
        if value is not None and option != _NULL:
            return completed(value, option, components)
    if isinstance(value, list):
        return [completed(one, schema.get("items", {}), components) for one in value]
    if not isinstance(value, dict):
        return value
    fields = schema.get("properties", {})
    held = {key: completed(one, fields.get(key, {}), components) for key, one in value.items()}
    for key in schema.get("required", ()):
        if key not in held:
            nullable = _NULL in fields[key].get("anyOf", ())
            held[key] = None if nullable else example(fields[key], components, name=key)
    return held
