"""What English is left in a German text, and every sentence that the code can put into a finding."""

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import api
from api.audit.audit import PARTLY
from api.audit.engines import CLOSED

ROOT = Path(api.__file__).parents[1]
WORDS = re.compile(
    r"\b(the|of|and|is|are|not|with|by|for|from|that|which|cannot|could|only|too|no|its|has|have|does|or|be|on|"
    r"at|it|this|to|than|there|one|more|above|below|found|failed|check|checked|measured)\b"
)
"""Words that hardly an English sentence is without, and that no German one has."""
CODES = re.compile(r"\b\w+(?:[-./_]\w+)+\b")
"""Names of rules, files and fields, which are the same in every language."""

SAID_IN = {
    "api/audit/audit.py": ("PARTLY", "partly"),
    "api/audit/checks.py": (
        "unusable",
        "fingerprint",
        "music",
        "NO_OTHER",
        "NOTHING_HEARD",
        "NOTHING_SHARED",
    ),
    "api/audit/engines.py": ("CLOSED", "hear"),
    "api/audit/heard.py": ("UNMEASURED",),
    "api/audit/lanes.py": ("ask",),
    "api/compare/compare.py": ("_aligned",),
    "core/containers.py": ("_riff", "_w64", "_ogg"),
    "core/decoding.py": ("decode_messages", "_left_out"),
    "core/elements.py": ("TOO_FEW", "MORE_BYTES", "SECOND_FILE"),
    "core/flac.py": ("broken",),
    "detector/music/adapters/opinion.py": ("APART",),
    "detector/music/detector.py": ("measure",),
    "detector/music/guards.py": ("objection",),
    "detector/music/verdict.py": ("SEPARATOR", "CLEAR", "UNDECIDED"),
    "detector/originality/measurable.py": ("why_not", "_melody", "_rhythm", "_timbre", "_structure"),
    "detector/voice/detector.py": ("score", "_score"),
    "detector/voice/voiceprint.py": ("from_bytes", "read_all"),
}
"""Functions and constants that say why something was not measured, not decided or not read."""
REMARKED_IN = {"api/audit/ownership.py": ("also_known_as",), "api/audit/policy.py": ("stale",)}
_VALUES = {
    "CLOSED": CLOSED,
    "'; '.join(source.reasons)": "damaged parts were left out",
    "PARTLY": PARTLY,
    "error": "a voice print of the wrong size: enrol the artist again",
    "kind": "RuntimeError: ",
    "role": "original",
    "said.reason": "the audio is silent",
    "seconds": "less than 0.001",
    "tracks": "2 more audio tracks",
    "share": "90 % of the sound's movement follows it",
}
"""What stands for a value that is no number."""


def english(text: str, *quoted: str) -> set[str]:
    """The English words of a text, but for what it quotes."""
    for one in quoted:
        text = text.replace(one, " ")
    return set(WORDS.findall(CODES.sub(" ", text)))


def sentences(places: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Every sentence that stands in these functions and constants, with values in its places."""
    return list(dict.fromkeys(text for path, names in places.items() for text in _said(ROOT / path, names)))


def _said(path: Path, names: tuple[str, ...]) -> Iterator[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = [(name, node) for node in ast.walk(tree) for name in [_name(node)] if name in names]
    assert {name for name, _ in found} == set(names), path
    for _, place in found:
        inner = {id(part) for node in ast.walk(place) for part in _within(node)}
        returned = {id(node.value) for node in ast.walk(place) if isinstance(node, ast.Return)}
        for node in ast.walk(place):
            if id(node) in inner:
                continue
            if isinstance(node, ast.JoinedStr):
                yield "".join(map(_part, node.values))
            elif isinstance(node, ast.Constant):
                text = node.value if isinstance(node.value, str) else ""
                if " " in text.strip() or (text and id(node) in returned):
                    yield text


def _name(node: ast.AST) -> str | None:
    """What a function or a constant is called."""
    if isinstance(node, ast.FunctionDef):
        return node.name
    return ast.unparse(node.targets[0]) if isinstance(node, ast.Assign) else None


def _within(node: ast.AST) -> Iterator[ast.AST]:
    """What a node holds that is no sentence of its own, or that nobody reads in a report."""
    if isinstance(node, ast.JoinedStr):
        yield from node.values
    elif isinstance(node, ast.FormattedValue) and node.format_spec is not None:
        yield node.format_spec
    elif isinstance(node, ast.Expr):
        yield node.value  # documentation
    elif isinstance(node, ast.arg | ast.AnnAssign) and node.annotation is not None:
        yield from ast.walk(node.annotation)
    elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in (
        "share",
        "kind",
        "tracks",
        "seconds",
    ):
        yield from ast.walk(node.value)  # a part of a sentence that is made below
    elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("telemetry.span", "log.warning"):
        yield from node.args


def _part(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    assert isinstance(node, ast.FormattedValue)
    named = _VALUES.get(ast.unparse(node.value))
    return named if named is not None else "'Ada'" if node.conversion == ord("r") else "3.5"
