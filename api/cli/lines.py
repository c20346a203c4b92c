"""Words on the lines of a terminal, broken between words only: ids, hashes and paths can be copied whole."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, ConsoleRenderable, RenderHook, RenderResult
from rich.text import Text

from api.report.legible import invisible, spelled

_WORD = re.compile(r"\s*\S+")
HANGING = 2
"""By how many columns the lines after the first are set in."""
LEAST = 24
"""Columns that a text is given at least, on however narrow a screen."""


def wrapped(text: Text, width: int, hang: int) -> list[Text]:
    """A line as lines of at most `width` columns, where its words allow it: no word is cut.

    Args:
        text: one line; what it begins with in spaces, the lines after it begin with, too.
        width: columns of each line.
        hang: columns by which the lines after the first are set in further.
    """
    plain = text.plain
    before = len(plain) - len(plain.lstrip(" "))
    inside = before + hang
    cuts, used = [0], 0
    for word in _WORD.finditer(plain):
        needed = cell_len(word[0])
        if word.start() > 0 and used + needed > width:
            cuts.append(word.start())
            used = inside + cell_len(word[0].lstrip())
        else:
            used += needed
    lines = [text[start:end] for start, end in zip(cuts, [*cuts[1:], len(plain)], strict=True)]
    for number, line in enumerate(lines):
        line.rstrip()
        if number:
            lines[number] = Text(" " * inside) + line[len(line.plain) - len(line.plain.lstrip()) :]
    return lines


def beside(line: str, width: int) -> int:
    """Columns by which the lines after the first are set in.

    A line that says something of a name, with a gap of two spaces or more between them, goes on below what it
    says, where every word has room there; any other by `HANGING`.

    Args:
        line: what is to be broken.
        width: columns of the screen.
    """
    named = re.match(r" *\S+(?: \S+)* {2,}(?=\S)", line)
    if named is None:
        return HANGING
    aside = cell_len(named[0])
    room = width - aside
    fits = all(cell_len(word) <= room for word in line[named.end() :].split())
    return aside - (len(line) - len(line.lstrip(" "))) if room >= LEAST and fits else HANGING


@dataclass(frozen=True)
class Prose:
    """A text, broken between words and safe to show."""

    text: Text
    hang: int | None = None
    """Columns by which the lines after the first are set in; those of `beside` unless given."""

    def __rich_console__(self, _console: Console, options: ConsoleOptions) -> RenderResult:
        """Its lines, at the width of the screen."""
        text, width = safe(self.text), options.max_width
        hang = beside(text.plain, width) if self.hang is None else self.hang
        yield _whole(wrapped(text, width, hang), self.text.end)


@dataclass
class Facts:
    """Names with what is said of each, set in beside them."""

    rows: list[tuple[Text, Text]] = field(default_factory=list)

    def add(self, name: str, text: str | Text, style: str = "") -> None:
        """Add a fact; an empty name goes on with the one above.

        Args:
            name: short, with markup of rich.
            text: what is said; a stranger's text is safe here.
            style: that of a text that has none.
        """
        said = text if isinstance(text, Text) else Text(text, style=style)
        self.rows.append((Text.from_markup(name, style="dim"), said))

    def __rich_console__(self, _console: Console, options: ConsoleOptions) -> RenderResult:
        """Two columns, the second as wide as the screen leaves it."""
        aside = max((name.cell_len for name, _text in self.rows), default=0) + 2
        for name, text in self.rows:
            name = name.copy()
            name.align("left", aside)
            lines = wrapped(safe(text), max(LEAST, options.max_width - aside), 0)
            yield _whole([head + line for head, line in zip(_heads(name, aside), lines, strict=False)], "\n")


class Careful(RenderHook):
    """Has a console show no stranger's control codes and, on a screen, break lines between words.

    Every text that is printed is one line: an end of a line in it comes from a stranger.

    Args:
        breaks: whether lines are broken; who reads a file or a pipe wants a message on a line.
    """

    def __init__(self, *, breaks: bool) -> None:
        self._breaks = breaks

    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        """Every text as prose or as a safe line; the rest as it is."""
        return [self._shown(one) if isinstance(one, Text) else one for one in renderables]

    def _shown(self, text: Text) -> ConsoleRenderable:
        return Prose(text) if self._breaks else safe(text)


def safe(text: Text) -> Text:
    """A text in which whatever would move the cursor, hide or turn round is spelled out."""
    plain = text.plain
    hidden = [place for place, character in enumerate(plain) if character == "\n" or invisible(character)]
    if not hidden:
        return text
    shown = Text(style=text.style, end=text.end)
    start = 0
    for place in hidden:
        shown.append_text(text[start:place]).append(spelled(plain[place]))
        start = place + 1
    return shown.append_text(text[start:])


def _heads(name: Text, aside: int) -> Iterator[Text]:
    yield name
    while True:
        yield Text(" " * aside)


def _whole(lines: list[Text], end: str) -> Text:
    text = Text("\n", end=end, no_wrap=True, overflow="ignore").join(lines)
    text.no_wrap, text.overflow, text.end = True, "ignore", end
    return text
