"""Fonts for a picture: for each character the first one on this machine that has it."""

from collections.abc import Iterable
from functools import lru_cache

from api.report.legible import legible, spelled

USUAL = "DejaVu Sans"
PLACEHOLDERS = "Last Resort"
"""A font of boxes that claims every character."""


def lettered(text: str) -> tuple[str, list[str]]:
    """A text that can be drawn, and the families to draw it with, the usual one first.

    Characters that no font of this machine has are spelled out as `[U+1F600]`. A `$` would begin mathematics.
    """
    shown = legible(text)
    families = {c: _family(c) for c in dict.fromkeys(shown) if c.isprintable()}
    drawn = "".join(spelled(c) if families.get(c, USUAL) is None else c for c in shown)
    needed = dict.fromkeys([USUAL, *(family for family in families.values() if family is not None)])
    return drawn.replace("$", r"\$"), list(needed)


@lru_cache(maxsize=4096)
def _family(character: str) -> str | None:
    """The first family, the usual one before all others, that has a character."""
    return next((family for family, known in _characters() if ord(character) in known), None)


def _characters() -> Iterable[tuple[str, frozenset[int]]]:
    from matplotlib.font_manager import fontManager

    entries = sorted(fontManager.ttflist, key=lambda font: (font.name != USUAL, font.name))
    regular = (
        font
        for font in entries
        if font.style == "normal"
        and font.weight in (400, "normal", "regular")
        and PLACEHOLDERS not in font.name
    )
    return ((font.name, _charmap(str(font.fname))) for font in regular)


@lru_cache(maxsize=64)
def _charmap(path: str) -> frozenset[int]:
    from matplotlib.ft2font import FT2Font

    try:
        return frozenset(FT2Font(path).get_charmap())
    except (OSError, RuntimeError):
        return frozenset()  # a broken font file shows nothing
