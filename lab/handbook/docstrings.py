"""What Google-style docstrings say: the opening words, and what each attribute means."""

import inspect
import re

_ENTRY = re.compile(r"^ {4}([a-z_0-9, ]+): (.*)$")


def opening(kind: type) -> str:
    """The docstring of a class up to its first section; empty where the class has none of its own."""
    text = inspect.cleandoc(kind.__doc__ or "")
    return re.split(r"^(?:Attributes|Args|Raises):$", text, maxsplit=1, flags=re.M)[0].strip()


def attributes(kind: type) -> dict[str, str]:
    """What the section `Attributes` of a class's docstring says, by name; "a, b: ..." tells of both."""
    text = inspect.cleandoc(kind.__doc__ or "")
    _, _, section = text.partition("Attributes:\n")
    told: dict[str, str] = {}
    names: list[str] = []
    for line in section.splitlines():
        if line and not line.startswith(" "):
            break
        if entry := _ENTRY.match(line):
            names = entry[1].split(", ")
            told |= dict.fromkeys(names, entry[2])
        else:
            told |= {name: f"{told[name]} {line.strip()}" for name in names}
    return {name: meaning.strip() for name, meaning in told.items()}
