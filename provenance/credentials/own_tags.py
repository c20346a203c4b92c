"""What a file's own tags say of AI and of a record: plain text that anybody can write, change or take out.

Heard are the names that we write ourselves (`provenance.credentials.tags`), every other name that begins
with `AI_`, the label of GB 45438-2025 under its key `AIGC`, IPTC's `DigitalSourceType`, and the comment that
Suno puts into its files ("made with suno; created=...; id=..."). That is enough to contradict somebody who
declares no AI; it proves nothing, and nothing said here makes a file more acceptable.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

MOST_STATEMENTS = 24
MOST_PAIRS = 64
"""Tags of one file that are heard; of more, those that say AI come first."""
MOST_TEXT = 10_000
SHOWN_TEXT = 200

COMMENT = "COMMENT"
_COMMENTS = (COMMENT, "DESCRIPTION", "ICMT")
_OURS = ("TRACKMARK_RECORD", "TRACKMARK_RECORD_SHA256", "DISCLOSURE_TIME")
_AI = re.compile(r"AI_[A-Z0-9_]{1,40}")
_AIGC = "AIGC"
_LABEL = ("Label", "ContentProducer", "ProduceID", "ContentPropagator", "PropagateID")
_SOURCE = "DIGITALSOURCETYPE"
_BY_AI = {"trainedalgorithmicmedia", "compositewithtrainedalgorithmicmedia", "compositesynthetic"}
_SUNO = re.compile(r"made with suno\b", re.IGNORECASE)
_NO = {"none", "no", "false", "0"}
_SILENT = {"", "undeclared", "unknown"}

Pair = tuple[str, str]


@dataclass(frozen=True)
class Statement:
    """One tag: its common name, and its text, cut to what can be shown."""

    name: str
    text: str


@dataclass(frozen=True)
class OwnTags:
    """What a file's own tags say; without arguments: nothing.

    Attributes:
        says_ai: some tag says that AI made or altered the recording; False: they speak of it and none
            does; None: they do not speak of it.
        record_id: the ownership record that they name: a pointer that anybody can write.
        statements: each tag that was heard, those that say AI first.
        left_out: how many more there were.
        unreadable: why not all of them could be read, if so.
    """

    says_ai: bool | None = None
    record_id: str | None = None
    statements: tuple[Statement, ...] = ()
    left_out: int = 0
    unreadable: str | None = None

    def joined(self, other: "OwnTags") -> "OwnTags":
        """What two readers of the same file heard: whatever either did."""
        ours = {(one.name, one.text) for one in self.statements}
        more = [one for one in other.statements if (one.name, one.text) not in ours]
        every = sorted((*self.statements, *more), key=lambda one: not _says_ai(one.name, one.text))
        heard = {self.says_ai, other.says_ai}
        return OwnTags(
            says_ai=True if True in heard else False if False in heard else None,
            record_id=self.record_id or other.record_id,
            statements=tuple(every[:MOST_STATEMENTS]),
            left_out=max(self.left_out, other.left_out) + max(0, len(every) - MOST_STATEMENTS),
            unreadable=self.unreadable or other.unreadable,
        )


def heard(tags: Iterable[Pair]) -> list[Pair]:
    """Those of a file's tags that speak of AI or of a record, under their common names, AI first."""
    found = [pair for name, text in tags for pair in _named(name, text[:MOST_TEXT])]
    return sorted(dict.fromkeys(found), key=lambda pair: not _says_ai(*pair))


def said(tags: Iterable[Pair], *, left_out: int = 0, unreadable: str | None = None) -> OwnTags:
    """What tags say, by name and text as they stand in a file.

    Args:
        tags: any; those that do not speak of AI or of a record are passed over.
        left_out: how many were dropped before.
        unreadable: why not all could be read.
    """
    pairs = heard(tags)
    answers = {_says_ai(name, text) for name, text in pairs}
    statements = tuple(Statement(name, _shown(name, text)) for name, text in pairs)
    ids = (text for name, text in pairs if name == "TRACKMARK_RECORD")
    return OwnTags(
        says_ai=True if True in answers else False if False in answers else None,
        record_id=next((text for text in ids if re.fullmatch(r"[0-9a-f]{16}", text)), None),
        statements=tuple(dict.fromkeys(statements))[:MOST_STATEMENTS],
        left_out=left_out + max(0, len(dict.fromkeys(statements)) - MOST_STATEMENTS),
        unreadable=None if unreadable is None else _printable(unreadable),
    )


def from_answer(answer: Any) -> OwnTags:
    """What the process that read the file answered; it met hostile bytes and is not believed in any type.

    Raises:
        ValueError, TypeError, KeyError: not as `provenance.credentials.reader_child` answers.
    """
    unreadable, left_out = answer["unreadable"], answer["left_out"]
    if not isinstance(left_out, int) or not 0 <= left_out < 1 << 31:
        raise ValueError("a number of tags that cannot be")
    pairs = [(str(name), str(text)) for name, text in answer["pairs"][:MOST_PAIRS]]
    return said(pairs, left_out=left_out, unreadable=None if unreadable is None else str(unreadable))


def unread(reason: str) -> OwnTags:
    """Of a file whose tags could not be read."""
    return replace(OwnTags(), unreadable=_printable(reason))


def _named(name: str, text: str) -> list[Pair]:
    """A tag under its common name; of our comment in a WAV file, which is JSON, each of its members."""
    common = re.sub(r"[ -]", "_", name.strip().rpartition(":")[2].upper())
    if common in _COMMENTS:
        inner = _members(text)
        if inner is not None:
            return [pair for key, value in inner.items() for pair in _flat(key, value)]
        return [(COMMENT, text)] if _SUNO.match(text.strip()) else []
    return _flat(common, text)


def _flat(name: str, text: object) -> list[Pair]:
    known = name in (*_OURS, _AIGC) or _AI.fullmatch(name) is not None
    if known and isinstance(text, str):
        return [(name, text)]
    source = name.replace("_", "") == _SOURCE
    return [(_SOURCE, text)] if source and isinstance(text, str) else []


def _says_ai(name: str, text: str) -> bool | None:
    word = text.strip().casefold()
    if name == COMMENT:
        return True
    if name == _SOURCE:
        return True if word.rpartition("/")[2] in _BY_AI else None
    if name in _OURS or word in _SILENT:
        return None
    return word not in _NO


def _shown(name: str, text: str) -> str:
    """A text as it can be shown: one line of printable characters; of the Chinese label what it holds."""
    label = _members(text) if name == _AIGC else None
    if label is not None:
        wrapped = label.get(_AIGC)
        inner = wrapped if isinstance(wrapped, Mapping) else label
        text = "; ".join(f"{key} {inner[key]}" for key in _LABEL if inner.get(key) not in (None, ""))
    return _printable(text)


def _members(text: str) -> Mapping[str, Any] | None:
    """The members of a JSON object, or None where the text is none."""
    if not text.lstrip().startswith("{"):
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return {str(key): item for key, item in value.items()} if isinstance(value, dict) else None


def _printable(text: str) -> str:
    """Without control, format and bidirectional characters, and not longer than a line."""
    return "".join(c for c in " ".join(text[: 4 * SHOWN_TEXT].split()) if c.isprintable())[:SHOWN_TEXT]
