"""What a report or a certificate shows to people: one value, from which every rendering is made.

HTML and PDF say the same with the same numbers because neither makes a sentence of its own. All texts are
legible (`api.report.legible`) and as long as a page can bear; the signed file has them whole.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, is_dataclass, replace
from typing import Any, Literal, TypeVar, cast

from api.audit.json_form import Json
from api.language import ngettext, spoken
from api.language.catalogue import Language
from api.report.legible import apart, legible

Tone = Literal["good", "warn", "bad", "neutral"]
Value = TypeVar("Value")


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    text: str
    tone: Tone = "neutral"
    kind: Literal["text"] = "text"


@dataclass(frozen=True)
class Points:
    """A list of sentences."""

    items: tuple[str, ...]
    kind: Literal["points"] = "points"


@dataclass(frozen=True)
class Facts:
    """Names and what they stand for; `code` sets the values in the type of a terminal."""

    rows: tuple[tuple[str, str], ...]
    code: bool = False
    kind: Literal["facts"] = "facts"


@dataclass(frozen=True)
class Table:
    """Rows under a head; `widths` are the columns' shares of the line."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    widths: tuple[int, ...]
    kind: Literal["table"] = "table"


@dataclass(frozen=True)
class Terminal:
    """What is typed into a terminal, or what it answers."""

    lines: tuple[str, ...]
    kind: Literal["terminal"] = "terminal"


Block = Text | Points | Facts | Table | Terminal


@dataclass(frozen=True)
class Section:
    """A heading and what stands under it."""

    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Answer:
    """A question of page one, its answer in a few words, what that means, and how sure it is."""

    question: str
    answer: str
    text: str
    tone: Tone = "neutral"
    sure: str = ""


@dataclass(frozen=True)
class Picture:
    """Where the picture goes: its caption, and what it shows for those who do not see it."""

    title: str
    alt: str
    caption: str


@dataclass(frozen=True)
class Document:
    """Everything that a report or a certificate shows.

    Attributes:
        title: what kind of document it is.
        subject: what it is about.
        number: its id, which stands on every page.
        created_at: when the statement was signed, UTC; the only time in the document.
        notice: a warning that stands above everything; empty for none.
        identity: the title block.
        verdict: the outcome, in a few words.
        summary: the headings of page one with their blocks, read before all else.
        answers: the questions and their answers.
        answers_under: the heading of the summary under which they stand.
        picture: where the picture goes, if there is one.
        sections: everything else, in order.
        address: where anybody can verify, as the statement names it; None where it names none.
        closing: the last sentence.
        language: in which all of it is said.
    """

    title: str
    subject: str
    number: str
    created_at: str
    notice: str
    identity: tuple[tuple[str, str], ...]
    verdict: Answer
    summary: tuple[Section, ...]
    answers: tuple[Answer, ...]
    answers_under: str
    picture: Picture | None
    sections: tuple[Section, ...]
    address: str | None
    closing: str
    language: Language = field(default_factory=spoken)

    def to_dict(self) -> Json:
        """The JSON form that the typesetter reads."""
        return asdict(self)


def made_legible(value: Value) -> Value:
    """The same value with every text in it legible, and none of them moving what stands beside it."""
    changed: Any = value
    if isinstance(value, str):
        changed = apart(legible(value))
    elif isinstance(value, tuple):
        changed = tuple(made_legible(one) for one in value)
    elif is_dataclass(value) and not isinstance(value, type):
        changed = replace(value, **{f.name: made_legible(getattr(value, f.name)) for f in fields(value)})
    return cast("Value", changed)


def left_out(count: int) -> tuple[Text, ...]:
    """What is said under a table that leaves out so many stretches; nothing where it leaves out none."""
    if count <= 0:
        return ()
    more = ngettext(
        "%(num)s more stretch stands in the signed file.",
        "%(num)s more stretches stand in the signed file.",
        count,
    )
    return (Text(more),)


@dataclass(frozen=True)
class Seal:
    """Who signed the statement, and whether that was checked.

    Attributes:
        keyid: of the key that signed; a mere hint where it was not checked.
        checked: whose keys the signature was checked with, in words; empty where it was not.
        file_name: what the signed file is called.
    """

    keyid: str
    checked: str
    file_name: str


Found = Mapping[str, Any]
