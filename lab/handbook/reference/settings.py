"""The reference of the settings, made of their class and its docstring."""

import re
import typing
from typing import Any

from pydantic.fields import FieldInfo

from api.settings import Settings
from lab.handbook.docstrings import attributes
from lab.handbook.markdown import code, plain, table

HEAD = """# Settings

Each is a variable of the environment, read once as a process starts. A name that begins with `TRACKMARK_`,
and a value that does not fit, are told before anything is done. Lists are written as JSON.
"""
_LIMITS = {"gt": "more than", "ge": "at least", "lt": "less than", "le": "at most", "pattern": "as"}


def page() -> str:
    """Every setting: its name, type, default and meaning."""
    meant = attributes(Settings)
    rows = [
        (
            code(variable(name)),
            code(kind(field.annotation)),
            _default(field),
            plain(_meaning(field, meant[name])),
        )
        for name, field in Settings.model_fields.items()
    ]
    return "\n".join([HEAD, *table(("variable", "type", "default", "meaning"), rows)])


def variable(name: str) -> str:
    """What a setting is called in the environment."""
    return f"{Settings.model_config['env_prefix']}{name}".upper()


def kind(annotation: Any) -> str:
    """A type as a reader of these pages knows it."""
    if isinstance(annotation, type) and not typing.get_args(annotation):
        return {"Path": "path", "SecretStr": "secret", "bool": "true or false"}.get(
            annotation.__name__, annotation.__name__
        )
    arms = typing.get_args(annotation)
    if typing.get_origin(annotation) is typing.Literal:
        return " or ".join(map(str, arms))
    if typing.get_origin(annotation) is tuple:
        return f"list of {kind(arms[0])}"
    return " or ".join(kind(arm) for arm in arms if arm is not type(None))


def _default(field: FieldInfo) -> str:
    default = field.get_default()
    if field.default_factory is not None or default in (None, "", ()):
        return "not set"
    return code(str(default).lower() if isinstance(default, bool) else str(default))


def _meaning(field: FieldInfo, text: str) -> str:
    limits = [
        f"{words} `{getattr(one, name)}`"
        for one in field.metadata
        for name, words in _LIMITS.items()
        if getattr(one, name, None) is not None
    ]
    text = re.sub(r"\bNone\b", "unset", text)
    return f"{text} ({', '.join(limits)})" if limits else text
