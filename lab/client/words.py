"""Names and sentences of the document as Python's."""

import keyword
import re
import textwrap
from collections.abc import Mapping

WIDTH = 108


def snake(name: str) -> str:
    """A name in snake case that Python takes.

    >>> snake("createAudit"), snake("Idempotency-Key"), snake("from")
    ('create_audit', 'idempotency_key', 'from_')
    """
    made = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).replace("-", "_").lower()
    return f"{made}_" if keyword.iskeyword(made) else made


def camel(name: str) -> str:
    """A name for a class.

    >>> camel("audit-events")
    'AuditEvents'
    """
    return "".join(part.capitalize() for part in re.split(r"[-_]", name))


def docstring(summary: str, text: str, sections: Mapping[str, Mapping[str, str]], indent: str) -> list[str]:
    """A docstring's lines: a summary, a text, and sections of named things, each with its sentence."""
    lines = textwrap.wrap(_ended(summary), WIDTH - len(indent) - 3, break_long_words=False)
    for paragraph in filter(None, re.split(r"\n\s*\n", text)):
        lines += ["", *textwrap.wrap(_ended(" ".join(paragraph.split())), WIDTH - len(indent))]
    for title, told in sections.items():
        if told:
            lines += ["", f"{title}:"]
        for name, sentence in told.items():
            words = f"{name}: {' '.join(sentence.split())}"
            inner = textwrap.wrap(
                words, WIDTH - len(indent), initial_indent="    ", subsequent_indent="        "
            )
            lines += inner
    shown = "\n".join(lines).replace("\\", "\\\\").replace('"""', "'''").split("\n")
    if len(shown) == 1:
        return [f'{indent}"""{shown[0]}"""']
    return [f'{indent}"""{shown[0]}', *(f"{indent}{one}".rstrip() for one in shown[1:]), f'{indent}"""']


def _ended(sentence: str) -> str:
    return (
        sentence if sentence.endswith((".", "!", "?", ":", "`")) and sentence[-1] != "`" else f"{sentence}."
    )
