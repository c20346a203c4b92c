"""What a rule of a policy can ask for: the fields of the findings, by the classes that hold them.

A condition on a field that no finding has, or on a value that it never takes, would hold for no file, and
whatever it was written to stop would pass.
"""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from api.audit.claims import Ownership
from api.audit.findings import CredentialsFound, MatchFound, Media, WatermarkFound
from api.audit.heard import MusicFound, VoiceFound
from api.audit.near import OriginalityFound

FINDINGS: Mapping[str, Any] = {
    "media": Media,
    "watermark": WatermarkFound,
    "credentials": CredentialsFound,
    "fingerprint": tuple[MatchFound, ...],
    "ai": MusicFound,
    "voice": VoiceFound,
    "originality": OriginalityFound,
    "ownership": Ownership,
    "duration_s": float,
    "ai_declared": bool,
}
"""What a decision is given, by name; see `api.audit.policy.Policy.decide`."""


def why_never(field: str, operator: str, value: Any, each: str | None = None) -> str | None:
    """Why a condition can hold for no file; None where it can.

    Args:
        field: dotted path, in the findings or in an element of the list `each`.
        operator: of the condition.
        value: that it compares with.
        each: dotted path of a list.
    """
    kind: Any = FINDINGS
    if each is not None:
        kind = _listed(_at(FINDINGS, each))
        if kind is None:
            return f"no finding has a list {each}"
    kind = _at(kind, field)
    if kind is None:
        return f"no finding has a field {field}" + (f" in {each}" if each else "")
    wanted = value if operator == "one_of" else [value] if operator in ("is", "is_not") else []
    values = get_args(kind) if get_origin(kind) is Literal else (True, False) if kind is bool else None
    never = [one for one in wanted if values is not None and one not in values]
    if not never:
        return None
    return f"{field} is never {never[0]!r}; it is one of {', '.join(map(str, values or ()))}"


def _at(kind: Any, path: str) -> Any:
    """What lies at a path; None where nothing can, `Any` inside of what has no fixed form."""
    for part in path.split("."):
        if kind is Any or get_origin(kind) is Mapping:
            return Any
        known = _parts(kind) if is_dataclass(kind) else kind
        kind = known.get(part) if isinstance(known, Mapping) else None
        if kind is None:
            return None
        kind = _present(kind)
    return kind


def _listed(kind: Any) -> Any:
    """What the elements of a list are; None where it is no list."""
    if kind is Any:
        return Any
    return _present(get_args(kind)[0]) if get_origin(kind) is tuple else None


def _present(kind: Any) -> Any:
    """A type without its None."""
    if get_origin(kind) in (Union, UnionType):
        (kind,) = (one for one in get_args(kind) if one is not type(None))
    return kind


def _parts(kind: Any) -> Mapping[str, Any]:
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind)}
