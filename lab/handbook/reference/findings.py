"""The reference of an audit's JSON: its keys, and every class of findings with its fields."""

import json
import typing
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from api.audit.findings import CredentialsFound, MatchFound, MessageFound, WatermarkFound
from api.audit.heard import ArtistHeard, Exhibit, Family, MusicFound, Proposition, VoiceFound, VoiceStretch
from api.server.findings_schema import NAME, PARTS, component_schemas
from detector.music import finding
from detector.music.finding import MusicFinding
from detector.voice.finding import ArtistScore, VoiceFinding, VoiceSegment
from lab.handbook.docstrings import attributes, opening
from lab.handbook.markdown import code, paragraphs, plain, table
from provenance.credentials.findings import Credentials
from provenance.fingerprint import Match
from provenance.watermark import Detection, Mark

HEAD = f"""# Findings

What `trackmark audit --json` prints for each file, the HTTP API answers as `findings`, and a report signs.
Keys may gain siblings; none is renamed or dropped. A number that could not be measured is `null`, never 0.
The same as a JSON Schema: [findings.schema.json](findings.schema.json) (`{NAME}`).
"""
_MADE_OF: Mapping[type, type] = {
    WatermarkFound: Detection,
    MessageFound: Mark,
    CredentialsFound: Credentials,
    MatchFound: Match,
    MusicFound: MusicFinding,
    Family: finding.Family,
    Exhibit: finding.Evidence,
    Proposition: finding.Proposition,
    VoiceFound: VoiceFinding,
    VoiceStretch: VoiceSegment,
    ArtistHeard: ArtistScore,
}
"""The class of a package that a finding tells of, whose docstring says what the fields mean."""
_RENAMED = {"likelihood_ratio": "llr", "generator": "families", "family": "name"}
"""What a field is called there."""


def page() -> str:
    """The keys of an audit, and every class below them."""
    lines = [HEAD, *table(("key", "holds"), ((code(key), named(kind)) for key, kind in PARTS.items()))]
    for kind in classes():
        lines += _class(kind)
    return "\n".join(lines)


def schema() -> str:
    """The JSON Schema of the findings."""
    made = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$ref": f"#/components/schemas/{NAME}"}
    return json.dumps({**made, "components": {"schemas": component_schemas()}}, indent=2)


def classes() -> list[type]:
    """Every class of findings, those that hold before those that are held."""
    found: dict[type, None] = {}
    ahead: list[Any] = [*PARTS.values()]
    while ahead:
        kind = ahead.pop(0)
        if isinstance(kind, type) and is_dataclass(kind):
            if kind not in found:
                found[kind] = None
                ahead += typing.get_type_hints(kind).values()
        else:
            ahead += typing.get_args(kind)
    return list(found)


def told(kind: type) -> dict[str, Any]:
    """The fields of a class that are part of the JSON, with their types."""
    hints = typing.get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind) if field.metadata.get("json", True)}


def meanings(kind: type) -> dict[str, str]:
    """What each field means: by the class itself, or by the one that it was made of."""
    source = attributes(_MADE_OF[kind]) if kind in _MADE_OF else {}
    told_there = {
        name: source[_RENAMED.get(name, name)] for name in told(kind) if _RENAMED.get(name, name) in source
    }
    return told_there | attributes(kind)


def _class(kind: type) -> list[str]:
    meant = meanings(kind)
    rows = [(code(name), named(of), plain(meant[name])) for name, of in told(kind).items()]
    return [
        f"## {kind.__name__}",
        "",
        *paragraphs(opening(kind)),
        *table(("field", "type", "meaning"), rows),
    ]


def named(kind: Any) -> str:
    """A type in words, with a link to its class."""
    arms = typing.get_args(kind)
    origin = typing.get_origin(kind)
    if isinstance(kind, type) and is_dataclass(kind):
        return f"[{kind.__name__}](#{kind.__name__.lower()})"
    if origin is typing.Literal:
        return ", ".join(code(json.dumps(one)) for one in arms)
    if origin is tuple:
        return f"list of {named(arms[0])}"
    if origin in (dict, Mapping):
        return f"object of {named(arms[1])}"
    if arms:
        return " or ".join(named(arm) for arm in arms)
    return {
        "str": "text",
        "int": "integer",
        "float": "number",
        "bool": "true or false",
        "NoneType": "null",
    }.get(getattr(kind, "__name__", ""), "anything")
