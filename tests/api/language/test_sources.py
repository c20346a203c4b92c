"""The code says its sentences where the extraction finds them, and nowhere else."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import api

ROOT = Path(api.__file__).parent
GETTEXT = frozenset({"_", "later", "ngettext", "pgettext"})
SAYING = sorted(
    path
    for folder in ("report/words", "report/document")
    for path in (ROOT / folder).rglob("*.py")
    if path.name != "__init__.py"
)
"""Modules that make sentences and do nothing else."""
ENGLISH = {
    "certificate.py": 3,  # commands, and the code of a term
    "proving.py": 1,  # what the command line answers is quoted letter for letter
    "reasons.py": 1,  # what became of a check, as `api.audit` joins it with why
}
"""How many sentences of a module stay English. These numbers may only shrink."""


def calls(tree: ast.AST) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in GETTEXT:
            yield node


@pytest.mark.parametrize("path", sorted(ROOT.rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_message_hides_in_an_f_string(path: Path) -> None:
    """The extraction does not look into them, nor can a translator move their parts."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    strings = [node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)]
    hidden = [
        ast.unparse(call)
        for string in strings
        for call in calls(string)
        if any(isinstance(one, ast.Constant) for one in call.args)
    ]
    made = [ast.unparse(c) for c in calls(tree) for one in c.args if isinstance(one, ast.JoinedStr)]
    assert hidden + made == []


def sentences(path: Path) -> list[str]:
    """Texts of two words and more outside gettext that are no documentation."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    said = {id(part) for call in calls(tree) for part in ast.walk(call)}
    documents = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if id(node) not in said and id(node) not in documents and _two_words(node.value)
    ]


def _two_words(text: str) -> bool:
    return len([word for word in text.split() if word.strip(".,:;()").isalpha() and len(word) > 1]) > 1


@pytest.mark.parametrize("path", SAYING, ids=lambda path: path.name)
def test_every_sentence_about_a_finding_is_a_message(path: Path) -> None:
    assert len(sentences(path)) == ENGLISH.get(path.name, 0), sentences(path)
